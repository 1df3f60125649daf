//! The part of the fold that is about steps and their undo.

use std::collections::BTreeMap;

use lockstep_model::{Failure, RunOutcome, StepId, Timestamp};

use super::{RecordedCall, RunState, RunStatus};
use crate::event::{Attempt, StepFailed, StepSkipped, StepSucceeded, UndoBegan};

/// Where a step stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StepStatus {
    /// Not started.
    #[default]
    Pending,
    /// An attempt is under way.
    Running,
    /// An attempt has failed; with the instant of the next one.
    Retrying(Timestamp),
    /// Done.
    Succeeded,
    /// No attempt is left.
    Failed,
    /// Left out.
    Skipped,
    /// Its undo is under way.
    Undoing,
    /// As if it had not been.
    Undone,
    /// Its undo has failed.
    UndoFailed,
}

/// Everything the records say about a step.
#[derive(Debug, Clone, Default)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// Attempts started.
    pub attempts: u32,
    /// Attempts of its undo started.
    pub undo_attempts: u32,
    /// The calls of the latest attempt, of the step or of its undo.
    pub calls: Vec<RecordedCall>,
    /// Effects of any attempt: what an undo is there for.
    pub effects: u32,
    /// Its output, JSON text.
    pub output: Option<String>,
    /// What it kept for later attempts and its undo.
    pub remembered: BTreeMap<String, String>,
    /// What it had kept when the latest attempt or undo began.
    pub remembered_before: BTreeMap<String, String>,
    /// Why the latest attempt or undo failed.
    pub failure: Option<Failure>,
    /// When the first attempt started.
    pub started_at: Option<Timestamp>,
    /// When the latest attempt or undo ended.
    pub ended_at: Option<Timestamp>,
}

impl StepState {
    /// The call without an outcome.
    pub fn open_call(&self) -> Option<&RecordedCall> {
        self.calls.last().filter(|call| call.outcome.is_none())
    }

    fn expect_no_open_call(&self, id: &StepId) -> Result<(), String> {
        match self.open_call() {
            Some(call) => Err(format!("call {} of step `{id}` has no outcome", call.id.call)),
            None => Ok(()),
        }
    }
}

impl RunState {
    pub(super) fn step_started(&mut self, attempt: &Attempt, time: Timestamp) -> Result<(), String> {
        self.expect(&[&RunStatus::Running])?;
        let needs = self.plan.steps.iter().find(|step| step.id == attempt.step).map(|step| step.needs.clone()).unwrap_or_default();
        for need in &needs {
            match self.steps.get(need).map(|step| &step.status) {
                Some(StepStatus::Succeeded | StepStatus::Skipped) => {}
                Some(
                    StepStatus::Pending
                    | StepStatus::Running
                    | StepStatus::Retrying(_)
                    | StepStatus::Failed
                    | StepStatus::Undoing
                    | StepStatus::Undone
                    | StepStatus::UndoFailed,
                )
                | None => return Err(format!("step `{}` needs `{need}`, which is not done", attempt.step)),
            }
        }
        let step = self.step_mut(&attempt.step)?;
        match step.status {
            StepStatus::Pending | StepStatus::Retrying(_) | StepStatus::Failed => {}
            StepStatus::Running | StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Undoing | StepStatus::Undone | StepStatus::UndoFailed => {
                return Err(format!("step `{}` is not pending or failed", attempt.step));
            }
        }
        if attempt.attempt != step.attempts + 1 {
            return Err(format!("attempt {} follows attempt {}", attempt.attempt, step.attempts));
        }
        step.status = StepStatus::Running;
        step.attempts = attempt.attempt;
        step.calls.clear();
        step.remembered_before.clone_from(&step.remembered);
        step.failure = None;
        step.started_at.get_or_insert(time);
        if !self.started.contains(&attempt.step) {
            self.started.push(attempt.step.clone());
        }
        Ok(())
    }

    pub(super) fn step_succeeded(&mut self, end: &StepSucceeded, time: Timestamp) -> Result<(), String> {
        let step = self.running(&end.step, end.attempt)?;
        step.expect_no_open_call(&end.step)?;
        step.status = StepStatus::Succeeded;
        step.output.clone_from(&end.output);
        step.ended_at = Some(time);
        step.calls.clear();
        Ok(())
    }

    pub(super) fn step_failed(&mut self, end: &StepFailed, time: Timestamp) -> Result<(), String> {
        let step = self.running(&end.step, end.attempt)?;
        step.expect_no_open_call(&end.step)?;
        step.status = end.retry_at.map_or(StepStatus::Failed, StepStatus::Retrying);
        step.failure = Some(end.failure.clone());
        step.ended_at = Some(time);
        Ok(())
    }

    pub(super) fn step_skipped(&mut self, skipped: &StepSkipped) -> Result<(), String> {
        self.expect(&[&RunStatus::Running])?;
        let step = self.step_mut(&skipped.step)?;
        match step.status {
            StepStatus::Pending | StepStatus::Failed | StepStatus::Retrying(_) => step.status = StepStatus::Skipped,
            StepStatus::Running | StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Undoing | StepStatus::Undone | StepStatus::UndoFailed => {
                return Err(format!("step `{}` is not pending or failed", skipped.step));
            }
        }
        Ok(())
    }

    fn running(&mut self, id: &StepId, attempt: u32) -> Result<&mut StepState, String> {
        self.expect(&[&RunStatus::Running])?;
        let step = self.step_mut(id)?;
        if step.status != StepStatus::Running || step.attempts != attempt {
            return Err(format!("attempt {attempt} of step `{id}` is not running"));
        }
        Ok(step)
    }

    pub(super) fn undo_began(&mut self, began: &UndoBegan) -> Result<(), String> {
        if let Some(to) = &began.to
            && !self.started.contains(to)
        {
            return Err(format!("step `{to}` was not started"));
        }
        match &self.status {
            RunStatus::Running | RunStatus::Undoing | RunStatus::Paused(_) | RunStatus::Stuck(_) | RunStatus::Finished(RunOutcome::Succeeded) => {}
            RunStatus::Planning | RunStatus::Diverged(_) | RunStatus::Finished(_) => return Err(format!("the run is {}", self.status)),
        }
        self.status = RunStatus::Undoing;
        self.reason = Some(began.reason.clone());
        self.cause.get_or_insert(began.cause);
        self.undo_to.clone_from(&began.to);
        Ok(())
    }

    pub(super) fn undo_started(&mut self, attempt: &Attempt, time: Timestamp) -> Result<(), String> {
        self.expect(&[&RunStatus::Undoing])?;
        let step = self.step_mut(&attempt.step)?;
        match step.status {
            StepStatus::Succeeded | StepStatus::Failed | StepStatus::Retrying(_) | StepStatus::Running | StepStatus::UndoFailed => {}
            StepStatus::Pending | StepStatus::Skipped | StepStatus::Undoing | StepStatus::Undone => {
                return Err(format!("step `{}` has nothing to undo", attempt.step));
            }
        }
        if attempt.attempt != step.undo_attempts + 1 {
            return Err(format!("undo attempt {} follows {}", attempt.attempt, step.undo_attempts));
        }
        step.status = StepStatus::Undoing;
        step.undo_attempts = attempt.attempt;
        step.calls.clear();
        step.remembered_before.clone_from(&step.remembered);
        step.failure = None;
        step.started_at.get_or_insert(time);
        Ok(())
    }

    pub(super) fn undo_ended(&mut self, attempt: &Attempt, failure: Option<&Failure>, time: Timestamp) -> Result<(), String> {
        self.expect(&[&RunStatus::Undoing])?;
        let step = self.step_mut(&attempt.step)?;
        if step.status != StepStatus::Undoing || step.undo_attempts != attempt.attempt {
            return Err(format!("attempt {} of the undo of step `{}` is not under way", attempt.attempt, attempt.step));
        }
        step.expect_no_open_call(&attempt.step)?;
        step.status = if failure.is_some() { StepStatus::UndoFailed } else { StepStatus::Undone };
        step.failure = failure.cloned();
        step.ended_at = Some(time);
        Ok(())
    }
}
