//! Why a run could not be started or gone on with. What goes wrong inside a run is in its journal instead.

use lockstep_grant::Denial;
use lockstep_journal::{IllegalRecord, JournalError, LeaseKept};
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
    /// The run goes with another component.
    #[error("run {run} goes with component {expected}, this one is {found}")]
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
    /// Another run has the environment.
    #[error("environment `{}` belongs to {}", .0.environment, owner(.0))]
    EnvironmentTaken(Box<LeaseKept>),
    /// Another process drives the run.
    #[error("the run is driven by {}", .0.holder)]
    RunTaken(Box<LeaseKept>),
    /// An act that may not be, as the run stands. Nothing was recorded.
    #[error("it is not possible now: {0}")]
    Refused(String),
    /// There is nothing to release.
    #[error("environment `{0}` belongs to no run")]
    NotTaken(String),
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn owner(kept: &LeaseKept) -> String {
    kept.run.map_or_else(|| "nobody".to_owned(), |run| format!("run {run}"))
}

impl EngineError {
    /// What stands against a record is an operator's mistake where the record is an operator's act.
    pub(crate) fn of_act(error: JournalError) -> Self {
        match error {
            JournalError::Illegal(IllegalRecord::Transition { why, .. }) => Self::Refused(why),
            error @ (JournalError::Illegal(_)
            | JournalError::Store(_)
            | JournalError::Invalid(_)
            | JournalError::NoSuchRun(_)
            | JournalError::BytesMissing { .. }) => Self::Journal(error),
        }
    }
}
