//! A dry run: every step that can be reached, in order, under the real grant and with real reads. Nothing is changed.

use lockstep_gate::{Came, DryRun, Tried};
use lockstep_journal::state::StepStatus;
use lockstep_journal::{RunState, RunStatus};
use lockstep_model::plan::{OnFailure, Plan};
use lockstep_model::{Failure, RunId, StepId};

use crate::error::EngineError;
use crate::house::House;
use crate::run::{Start, Waits, begin};

/// How a dry run went.
#[derive(Debug, Clone)]
pub struct DryRunReport {
    /// Under which its records are in the house's store.
    pub run: RunId,
    /// Every step, in the order declared.
    pub steps: Vec<StepTried>,
    /// Every call that would have changed something, or waited for that, in order.
    pub tried: Vec<Tried>,
    /// Whether somebody ended it before its end.
    pub interrupted: bool,
}

/// How far a step was gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTried {
    /// Which.
    pub step: StepId,
    /// How it ended.
    pub end: StepEnd,
}

/// How a step of a dry run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// The procedure came to its end.
    Through,
    /// It came to a call that nobody can try: the last one of the step in `tried`.
    Stopped,
    /// It failed, as a run's would now.
    Failed(Failure),
    /// It failed after something had only been tried, and may have for that.
    FailedAfterTrial(Failure),
    /// A step that it needs was not gone through, or the dry run was ended before.
    NotReached,
}

/// Goes through the steps of a procedure in `house`, whose store is thrown away afterwards: nothing of it concerns anybody else.
///
/// # Guarantees
/// Reads are real, secrets are those of a run, and the grant decides as ever. What would change something outside is given to a driver's `try_out` only. A step
/// is tried once, and ends at what nobody can try; those that need it are not reached, the others are.
/// # Errors
/// As `start`.
pub fn dry_run(house: &House, start: Start) -> Result<DryRunReport, EngineError> {
    let dry_run = DryRun::default();
    let start = Start { waits: Waits { detach: true, ..start.waits }, ..start };
    let report = begin(house, start, Some(&dry_run))?;
    let tried = dry_run.tried();
    let steps = report.state.plan.steps.iter().map(|step| StepTried { step: step.id.clone(), end: end(&report.state, &step.id, &tried) }).collect();
    Ok(DryRunReport { run: report.run, steps, tried, interrupted: !matches!(report.state.status, RunStatus::Finished(_)) })
}

/// The plan as a dry run goes through it: once, and on with what does not need what has failed.
pub(crate) fn tentative(mut plan: Plan) -> Plan {
    for step in &mut plan.steps {
        step.on_failure = OnFailure::Continue;
        step.retry.attempts = 1;
    }
    plan
}

fn end(state: &RunState, id: &StepId, tried: &[Tried]) -> StepEnd {
    let Some(step) = state.steps.get(id) else { return StepEnd::NotReached };
    let of_step = |tried: &&Tried| tried.id.step == *id;
    match step.status {
        StepStatus::Succeeded => StepEnd::Through,
        StepStatus::Failed if tried.iter().rfind(of_step).is_some_and(|tried| matches!(tried.came, Came::Untried(_))) => StepEnd::Stopped,
        StepStatus::Failed => {
            let failure = step.failure.clone().unwrap_or_else(|| Failure::TimedOut("failed".to_owned()));
            // Steps are gone through one after the other: what was tried up to this one came before its end.
            let begun = |other: &StepId| state.started.iter().position(|started| started == other);
            let before = tried.iter().any(|tried| tried.came == Came::Taken && begun(&tried.id.step) <= begun(id));
            if before { StepEnd::FailedAfterTrial(failure) } else { StepEnd::Failed(failure) }
        }
        StepStatus::Pending
        | StepStatus::Running
        | StepStatus::Retrying(_)
        | StepStatus::Skipped
        | StepStatus::Undoing
        | StepStatus::Undone
        | StepStatus::UndoFailed => StepEnd::NotReached,
    }
}
