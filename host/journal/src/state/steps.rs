//! The part of the fold that is about steps and their undo.

use std::collections::BTreeMap;

use lockstep_model::{Failure, RunOutcome, StepId, Timestamp};

use super::{RecordedCall, RunState, RunStatus};
use crate::event::{Attempt, ParametersChanged, Phase, PlanDeclared, StepFailed, StepMarkedDone, StepSkipped, StepSucceeded, UndoBegan};
use lockstep_model::plan::{OnFailure, Step};

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

impl StepStatus {
    /// Every word that says where a step stands, in published JSON and in scenarios.
    pub const WORDS: [&str; 9] = ["pending", "running", "retrying", "succeeded", "failed", "skipped", "undoing", "undone", "undo-failed"];

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Retrying(_) => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::UndoFailed => "undo-failed",
        }
    }
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
    /// Those of them that were made before a person last resumed the run when it was stuck: they do not count as tries any more.
    pub undo_attempts_before: u32,
    /// The calls of the attempt under way, of the step or of its undo: one that has ended is not gone on with.
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
    /// The first of the step's needs that is not done yet; none: it may start.
    pub fn unmet_need<'a>(&self, step: &'a Step) -> Option<&'a StepId> {
        step.needs.iter().find(|need| match self.steps.get(*need).map(|step| &step.status) {
            Some(StepStatus::Succeeded | StepStatus::Skipped) => false,
            Some(
                StepStatus::Pending
                | StepStatus::Running
                | StepStatus::Retrying(_)
                | StepStatus::Failed
                | StepStatus::Undoing
                | StepStatus::Undone
                | StepStatus::UndoFailed,
            )
            | None => true,
        })
    }

    /// The step as declared.
    pub fn declared(&self, id: &StepId) -> Option<&Step> {
        self.plan.steps.get(self.steps.get_index_of(id)?)
    }

    /// The steps as declared, and where each stands, from the first one on that is neither done nor left out.
    pub fn to_do(&self) -> impl Iterator<Item = (&Step, &StepState)> {
        self.plan.steps.iter().skip(self.passed).zip(self.steps.values().skip(self.passed))
    }

    /// As `to_do`, up to the last one that was started: one that is under way or has failed is among them.
    pub fn begun(&self) -> impl Iterator<Item = (&Step, &StepState)> {
        self.to_do().take(self.reached.saturating_sub(self.passed))
    }

    fn pass(&mut self) {
        let is_over = |step: &StepState| matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped);
        self.passed += self.steps.values().skip(self.passed).take_while(|step| is_over(step)).count();
    }

    pub(super) fn plan_declared(&mut self, declared: &PlanDeclared) {
        let mut known = std::mem::take(&mut self.steps);
        let state = |step: &Step| (step.id.clone(), known.swap_remove(&step.id).unwrap_or_default());
        self.steps = declared.plan.steps.iter().map(state).collect();
        self.plan = declared.plan.clone();
        self.plan_digest = Some(declared.digest);
        self.passed = 0;
        self.reached = self.steps.values().rposition(|step| step.status != StepStatus::Pending).map_or(0, |last| last + 1);
    }

    pub(super) fn parameters_changed(&mut self, changed: &ParametersChanged) -> Result<(), String> {
        if !matches!(self.status, RunStatus::Paused(_)) {
            return Err(format!("the run is {}, not paused", self.status));
        }
        for (id, step) in &self.steps {
            match step.status {
                StepStatus::Running | StepStatus::Undoing => return Err(format!("an attempt of step `{id}` is under way")),
                StepStatus::Pending
                | StepStatus::Retrying(_)
                | StepStatus::Succeeded
                | StepStatus::Failed
                | StepStatus::Skipped
                | StepStatus::Undone
                | StepStatus::UndoFailed => {}
            }
            let declared_again = changed.declared.plan.steps.iter().find(|step| step.id == *id);
            if step.status != StepStatus::Pending && declared_again != self.declared(id) {
                return Err(format!("step `{id}` was started, and is another one in the new plan"));
            }
        }
        self.parameters.extend(changed.changed.clone());
        self.plan_declared(&changed.declared);
        Ok(())
    }

    pub(super) fn step_started(&mut self, attempt: &Attempt, time: Timestamp) -> Result<(), String> {
        self.expect(&[&RunStatus::Running])?;
        if let Some(need) = self.declared(&attempt.step).and_then(|step| self.unmet_need(step)) {
            return Err(format!("step `{}` needs `{need}`, which is not done", attempt.step));
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
        if step.started_at.is_none() {
            step.started_at = Some(time);
            self.started.push(attempt.step.clone());
        }
        self.reached = self.reached.max(self.steps.get_index_of(&attempt.step).map_or(0, |index| index + 1));
        Ok(())
    }

    pub(super) fn step_succeeded(&mut self, end: &StepSucceeded, time: Timestamp) -> Result<(), String> {
        let step = self.running(&end.step, end.attempt)?;
        step.expect_no_open_call(&end.step)?;
        step.status = StepStatus::Succeeded;
        step.output.clone_from(&end.output);
        step.ended_at = Some(time);
        step.calls.clear();
        self.pass();
        Ok(())
    }

    pub(super) fn step_failed(&mut self, end: &StepFailed, time: Timestamp) -> Result<(), String> {
        let step = self.running(&end.step, end.attempt)?;
        step.expect_no_open_call(&end.step)?;
        step.status = end.retry_at.map_or(StepStatus::Failed, StepStatus::Retrying);
        step.failure = Some(end.failure.clone());
        step.ended_at = Some(time);
        step.calls.clear();
        Ok(())
    }

    /// A person goes on with a run that stood still: what has failed on its way forward is due at once, but for what may fail. An attempt that is under way
    /// goes on first, and what waits meanwhile waits on.
    pub(super) fn try_again(&mut self, now: Timestamp) {
        if self.status != RunStatus::Running || self.steps.values().any(|step| step.status == StepStatus::Running) {
            return;
        }
        for step in &self.plan.steps {
            if let Some(state) = self.steps.get_mut(&step.id)
                && (state.status == StepStatus::Failed && step.on_failure != OnFailure::Continue || matches!(state.status, StepStatus::Retrying(_)))
            {
                state.status = StepStatus::Retrying(now);
            }
        }
    }

    /// While steps go forward, or stand still on the way.
    fn expect_forward(&self) -> Result<(), String> {
        match &self.status {
            RunStatus::Running => Ok(()),
            RunStatus::Paused(before) | RunStatus::Stuck(before) | RunStatus::Waiting(_, before) if **before == RunStatus::Running => Ok(()),
            RunStatus::Planning
            | RunStatus::Undoing
            | RunStatus::Waiting(..)
            | RunStatus::Paused(_)
            | RunStatus::Stuck(_)
            | RunStatus::Diverged(_)
            | RunStatus::Finished(_) => Err(format!("the run is {}", self.status)),
        }
    }

    pub(super) fn step_marked_done(&mut self, done: &StepMarkedDone, time: Timestamp) -> Result<(), String> {
        if let RunStatus::Finished(_) | RunStatus::Diverged(_) | RunStatus::Planning = self.status {
            return Err(format!("the run is {}", self.status));
        }
        if done.phase == Phase::Step {
            self.expect_forward()?;
        }
        let step = self.step_mut(&done.step)?;
        let (left, by_hand) = match done.phase {
            Phase::Step => (matches!(step.status, StepStatus::Pending | StepStatus::Failed | StepStatus::Retrying(_)), StepStatus::Succeeded),
            Phase::Undo => (step.status == StepStatus::UndoFailed, StepStatus::Undone),
        };
        if !left {
            return Err(format!("nothing of step `{}` is left to be done by hand", done.step));
        }
        step.status = by_hand;
        step.output.clone_from(&done.output);
        (step.failure, step.ended_at) = (None, Some(time));
        Ok(())
    }

    pub(super) fn step_skipped(&mut self, skipped: &StepSkipped) -> Result<(), String> {
        self.expect_forward()?;
        let step = self.step_mut(&skipped.step)?;
        match step.status {
            StepStatus::Pending | StepStatus::Failed | StepStatus::Retrying(_) => step.status = StepStatus::Skipped,
            StepStatus::Running | StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Undoing | StepStatus::Undone | StepStatus::UndoFailed => {
                return Err(format!("step `{}` is not pending or failed", skipped.step));
            }
        }
        self.pass();
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
            RunStatus::Running
            | RunStatus::Undoing
            | RunStatus::Waiting(..)
            | RunStatus::Paused(_)
            | RunStatus::Stuck(_)
            | RunStatus::Finished(RunOutcome::Succeeded) => {}
            RunStatus::Planning | RunStatus::Diverged(_) | RunStatus::Finished(_) => return Err(format!("the run is {}", self.status)),
        }
        self.renew_tries();
        self.passed = 0;
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
        step.calls.clear();
        Ok(())
    }
}
