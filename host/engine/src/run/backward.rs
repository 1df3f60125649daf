//! Backward: undo, last in first out, until the beginning, the step asked for, or the point of no return.

use lockstep_journal::Durability;
use lockstep_journal::RunState;
use lockstep_journal::event::{Attempt, Event, Phase, UndoFailed};
use lockstep_journal::state::{StepState, StepStatus};
use lockstep_model::RunOutcome;
use lockstep_model::plan::{Retry, Step, Undo};

use super::attempt::End;
use super::{Drive, RunReport};
use crate::error::EngineError;

/// Tries of one undo before the run is stuck: what failed to be undone may only have been busy.
const UNDO_TRIES: u32 = 3;

/// What to do next.
enum Back {
    /// Undo this step: the number of the attempt, and whether it has still to be started.
    Undo(Box<Step>, u32, bool),
    /// The step was irreversible.
    Wall(Box<Step>),
    /// All is undone that can be.
    Finish,
}

impl Drive<'_> {
    pub(super) fn backward(&self) -> Result<RunReport, EngineError> {
        let tries_before = self.read(|state| state.steps.values().map(|step| step.undo_attempts).max().unwrap_or(0));
        loop {
            match self.read(back) {
                Back::Undo(step, attempt, fresh) => {
                    if fresh {
                        self.write(Event::UndoStarted(Attempt { step: step.id.clone(), attempt }))?;
                    }
                    if let Some(report) = self.undo_step(&step, attempt, tries_before)? {
                        return Ok(report);
                    }
                }
                Back::Wall(step) => {
                    return self.stop(Event::RunStuck, format!("step `{}` cannot be undone: what was done up to it stays", step.id));
                }
                Back::Finish => {
                    let outcome = self.read(outcome);
                    return self.finish(outcome);
                }
            }
        }
    }

    /// None: go on.
    fn undo_step(&self, step: &Step, attempt: u32, tries_before: u32) -> Result<Option<RunReport>, EngineError> {
        let failure = match self.attempt(step, Phase::Undo, attempt)? {
            End::Done(_) => {
                let done = Event::UndoSucceeded(Attempt { step: step.id.clone(), attempt });
                self.scribe().conclude(done, Durability::Written)?;
                return Ok(None);
            }
            End::Stopped(report) => return Ok(Some(*report)),
            End::Failed(failure) => failure,
        };
        self.write(Event::UndoFailed(UndoFailed { step: step.id.clone(), attempt, failure: failure.clone() }))?;
        // A person who resumes a stuck undo gives it as many tries again.
        let retry = Retry { attempts: tries_before + UNDO_TRIES, ..step.retry.clone() };
        match self.retry_at(&retry, attempt, &failure) {
            Some(at) if self.wait(at) => Ok(None),
            Some(_) => self.stop(Event::RunPaused, format!("stopped by the operator during the undo of step `{}`", step.id)).map(Some),
            None => self.stop(Event::RunStuck, format!("the undo of step `{}` failed: {failure}", step.id)).map(Some),
        }
    }
}

/// Picks the next step to undo.
fn back(state: &RunState) -> Back {
    for id in state.started.iter().rev() {
        if state.undo_to.as_ref() == Some(id) {
            return Back::Finish;
        }
        let (Some(status), Some(step)) = (state.steps.get(id), state.plan.steps.iter().find(|step| step.id == *id)) else { continue };
        if !has_something_to_undo(status) {
            continue;
        }
        match step.undo {
            Undo::UndoStep if status.status == StepStatus::Undoing => return Back::Undo(Box::new(step.clone()), status.undo_attempts, false),
            Undo::UndoStep => return Back::Undo(Box::new(step.clone()), status.undo_attempts + 1, true),
            Undo::NothingToUndo => {}
            Undo::Irreversible => return Back::Wall(Box::new(step.clone())),
        }
    }
    Back::Finish
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
