//! Why a run could not be started or gone on with. What goes wrong inside a run is in its journal instead.

use lockstep_grant::Denial;
use lockstep_journal::JournalError;
use lockstep_model::{Digest, Failure, RunId, RunOutcome};

/// Nothing was performed when one of these is returned, but for what the journal says.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The component imports what the grant does not give.
    #[error("{} of the procedure's imports are not granted", .0.len())]
    ImportsDenied(Vec<Denial>),
    /// `describe` or `plan` failed, or declared what may not be.
    #[error("the procedure's declaration is invalid: {0}")]
    Declaration(Failure),
    /// The declared steps do not fit together: every problem.
    #[error("the plan does not hold: {}", .0.join("; "))]
    Plan(Vec<String>),
    /// Parameters are missing, unknown or not among the choices: every problem.
    #[error("the parameters do not fit: {}", .0.join("; "))]
    Parameters(Vec<String>),
    /// The plan is not the one that was approved.
    #[error("the plan's digest is {found}, the run is bound to {expected}")]
    PlanChanged {
        /// The one to be bound to.
        expected: Digest,
        /// The one declared.
        found: Digest,
    },
    /// The run was started with another component.
    #[error("run {run} was started with component {expected}, this one is {found}")]
    ComponentChanged {
        /// Which run.
        run: RunId,
        /// The run's.
        expected: Digest,
        /// This one's.
        found: Digest,
    },
    /// There is nothing to go on with.
    #[error("run {run} has ended: {outcome}")]
    Ended {
        /// Which run.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
