//! Backward: undo, last in first out, until the beginning, the step asked for, or the point of no return.
//!
//! A step comes in with its first effect, not with its first attempt: one that failed before it did anything and was tried again later has found what others
//! did meanwhile, and must leave it as it was found.

use lockstep_journal::Durability;
use lockstep_journal::RunState;
use lockstep_journal::event::{Attempt, Event, Phase, UndoFailed};
use lockstep_journal::state::{StepState, StepStatus};
use lockstep_model::plan::{Retry, Step, Undo};
use lockstep_model::{Failure, RunOutcome, StepId};

use super::acts::Turn;
use super::attempt::End;
use super::forward::may_be_retried;
use super::{Drive, RunReport};
use crate::error::EngineError;

/// Tries of one undo before the run is stuck: what failed to be undone may only have been busy.
const UNDO_TRIES: u32 = 3;

/// What to do next.
enum Back {
    /// Undo this step: the number of the attempt, and whether it has still to be started.
    Undo(Box<Step>, u32, bool),
    /// Its undo has failed for good: a person has to mend why.
    GiveUp(Box<Step>, Failure),
    /// The step was irreversible.
    Wall(Box<Step>),
    /// All is undone that can be.
    Finish,
}

impl Drive<'_> {
    pub(super) fn backward(&self) -> Result<RunReport, EngineError> {
        loop {
            let turn = match self.read(back) {
                Back::Undo(step, _, true) if self.is_called() => self.hear(&format!("before the undo of step `{}`", step.id))?,
                Back::Undo(step, attempt, fresh) => {
                    if fresh {
                        self.write(Event::UndoStarted(Attempt { step: step.id.clone(), attempt }))?;
                    }
                    self.undo_step(&step, attempt)?
                }
                Back::GiveUp(step, failure) => {
                    return self.stop(Event::RunStuck, format!("the undo of step `{}` failed: {failure}", step.id));
                }
                Back::Wall(step) => {
                    return self.stop(Event::RunStuck, format!("step `{}` cannot be undone: what was done up to it stays", step.id));
                }
                Back::Finish => {
                    let outcome = self.read(outcome);
                    return self.finish(outcome);
                }
            };
            match turn {
                // An undo that has failed is tried again by going on; another goal has been recorded by going back.
                Turn::On | Turn::Again | Turn::Back => {}
                Turn::Stopped(report) => return Ok(*report),
            }
        }
    }

    fn undo_step(&self, step: &Step, attempt: u32) -> Result<Turn, EngineError> {
        let (failure, rest) = match self.attempt(step, Phase::Undo, attempt)? {
            End::Done(_) => {
                let done = Event::UndoSucceeded(Attempt { step: step.id.clone(), attempt });
                self.scribe().conclude(done, Durability::Written)?;
                return Ok(Turn::On);
            }
            End::Turned(turn) => return Ok(turn),
            End::Waits(until) => return self.wait(until, &format!("in the undo of step `{}`", step.id)),
            End::Failed { failure, rest } => (failure, rest),
        };
        self.write(Event::UndoFailed(UndoFailed { step: step.id.clone(), attempt, failure: failure.clone() }))?;
        let retry = self.read(|state| state.steps.get(&step.id).map(|status| tries(step, status))).unwrap_or_default();
        match self.retry_at(&retry, attempt, &failure, rest) {
            Some(at) => self.wait(at, &format!("before the next try to undo step `{}`", step.id)),
            None => Ok(Turn::On),
        }
    }
}

/// Picks the next step to undo.
fn back(state: &RunState) -> Back {
    for id in state.touched.iter().rev().filter(|id| !stays(state, id)) {
        let (Some(status), Some(step)) = (state.steps.get(id), state.plan.steps.iter().find(|step| step.id == *id)) else { continue };
        if !has_something_to_undo(status) {
            continue;
        }
        match (step.undo, given_up(step, status)) {
            (Undo::UndoStep, Some(failure)) => return Back::GiveUp(Box::new(step.clone()), failure),
            (Undo::UndoStep, None) if status.status == StepStatus::Undoing => return Back::Undo(Box::new(step.clone()), status.undo_attempts, false),
            (Undo::UndoStep, None) => return Back::Undo(Box::new(step.clone()), status.undo_attempts + 1, true),
            (Undo::NothingToUndo, _) => {}
            (Undo::Irreversible, _) => return Back::Wall(Box::new(step.clone())),
        }
    }
    Back::Finish
}

/// Whether the step is the one that undo was told to go back to, or was started before it.
fn stays(state: &RunState, id: &StepId) -> bool {
    let place = |wanted: &StepId| state.started.iter().position(|id| id == wanted);
    state.undo_to.as_ref().is_some_and(|to| place(id) <= place(to))
}

/// How often the undo of a step is tried. A person who resumes a stuck run gives it as many tries again, a crash does not.
fn tries(step: &Step, status: &StepState) -> Retry {
    Retry { attempts: status.undo_attempts_before + UNDO_TRIES, ..step.retry.clone() }
}

/// Why the undo of a step is not tried any more, when it is not.
fn given_up(step: &Step, status: &StepState) -> Option<Failure> {
    let tried = status.status == StepStatus::UndoFailed && status.undo_attempts > status.undo_attempts_before;
    status.failure.clone().filter(|failure| tried && !may_be_retried(&tries(step, status), status.undo_attempts, failure))
}

/// A step that has performed no effect left nothing behind.
fn has_something_to_undo(step: &StepState) -> bool {
    match step.status {
        StepStatus::Succeeded | StepStatus::Failed | StepStatus::Retrying(_) | StepStatus::Running | StepStatus::UndoFailed => step.effects > 0,
        StepStatus::Undoing => true,
        StepStatus::Pending | StepStatus::Skipped | StepStatus::Undone => false,
    }
}

/// `undone` when something was; otherwise what the run counts as without that: `failed`, `denied`, or still `succeeded`.
fn outcome(state: &RunState) -> RunOutcome {
    let undone = state.steps.values().any(|step| step.status == StepStatus::Undone);
    if undone { RunOutcome::Undone } else { state.cause.unwrap_or(RunOutcome::Failed) }
}
