//! The part of the fold that is about calls.

use lockstep_model::{Digest, EffectClass, Failure, Timestamp};

use super::{RunState, RunStatus, StepState, StepStatus};
use crate::event::{Asked, CallAnswered, CallDenied, CallId, CallNoted, CallProbed, CallResolved, CallStarted, Outcome, Phase, ProbeAnswer, Stored};

/// A call as the journal has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// Which call.
    pub id: CallId,
    /// `http.send`.
    pub function: String,
    /// One line for a person.
    pub summary: String,
    /// Of the request's canonical form.
    pub digest: Digest,
    /// What a crash means.
    pub class: EffectClass,
    /// The idempotency key of an effect.
    pub key: Option<String>,
    /// When the intent was written, or the read was done.
    pub time: Timestamp,
    /// None: in doubt or about to happen.
    pub outcome: Option<RecordedOutcome>,
    /// An operator, or its probe, said that it did not happen: it is to be done.
    pub to_be_done: bool,
    /// What its driver noted on the way.
    pub note: Option<Stored>,
    /// What its probe said last, as a sentence goes on: `its probe … does not tell: status 503`.
    pub probed: Option<String>,
}

/// What the guest was told.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordedOutcome {
    /// This.
    Returned(Stored),
    /// That it failed, or was denied.
    Failed(Failure),
}

impl From<&Outcome> for RecordedOutcome {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Returned(stored) => Self::Returned(stored.clone()),
            Outcome::Failed(failure) => Self::Failed(failure.clone()),
        }
    }
}

impl RecordedCall {
    fn asked(id: &CallId, asked: &Asked, class: EffectClass, time: Timestamp, outcome: Option<RecordedOutcome>) -> Self {
        Self {
            id: id.clone(),
            function: format!("{}.{}", asked.interface, asked.function),
            summary: asked.summary.clone(),
            digest: asked.digest,
            class,
            key: None,
            time,
            outcome,
            to_be_done: false,
            note: None,
            probed: None,
        }
    }
}

impl CallDenied {
    /// What the guest is told.
    pub fn failure(&self) -> Failure {
        Failure::Denied(format!("{} (rule: {})", self.message, self.rule))
    }
}

impl RunState {
    /// The call without an outcome that the run is stuck on: that of the attempt under way, and not one that a step was left behind with.
    pub fn in_doubt(&self) -> Option<&RecordedCall> {
        let RunStatus::Stuck(before) = &self.status else { return None };
        let under_way = if **before == RunStatus::Undoing { StepStatus::Undoing } else { StepStatus::Running };
        let attempt = self.steps.values().find(|step| step.status == under_way && step.open_call().is_some())?;
        attempt.open_call().filter(|call| !call.to_be_done)
    }

    pub(super) fn call_started(&mut self, call: &CallStarted, time: Timestamp) -> Result<(), String> {
        if !call.class.is_effect() {
            return Err("a read has no intent".to_owned());
        }
        let allowed_again = |open: &&mut RecordedCall| open.id == call.id && open.outcome.is_none() && open.to_be_done;
        if let Some(open) = self.caller(&call.id)?.calls.last_mut().filter(allowed_again) {
            if open.digest != call.asked.digest {
                return Err("it is another request than the one that was to be done".to_owned());
            }
            // What was noted of a try that came to nothing says nothing about the next.
            (open.to_be_done, open.time, open.note) = (false, time, None);
            return Ok(());
        }
        let step = self.next_call(&call.id)?;
        let mut recorded = RecordedCall::asked(&call.id, &call.asked, call.class, time, None);
        recorded.key = Some(call.key.clone());
        step.calls.push(recorded);
        if call.id.phase == Phase::Step {
            step.effects += 1;
            if step.effects == 1 {
                self.touched.push(call.id.step.clone());
            }
        }
        Ok(())
    }

    pub(super) fn call_noted(&mut self, noted: &CallNoted) -> Result<(), String> {
        self.open_call_mut(&noted.id)?.note = Some(noted.note.clone());
        Ok(())
    }

    pub(super) fn call_finished(&mut self, id: &CallId, outcome: RecordedOutcome) -> Result<(), String> {
        self.open_call_mut(id)?.outcome = Some(outcome);
        Ok(())
    }

    pub(super) fn call_answered(&mut self, call: &CallAnswered, time: Timestamp) -> Result<(), String> {
        let outcome = RecordedOutcome::from(&call.outcome);
        let step = self.next_call(&call.id)?;
        step.calls.push(RecordedCall::asked(&call.id, &call.asked, EffectClass::Read, time, Some(outcome)));
        Ok(())
    }

    pub(super) fn call_denied(&mut self, call: &CallDenied, time: Timestamp) -> Result<(), String> {
        let outcome = RecordedOutcome::Failed(call.failure());
        let step = self.next_call(&call.id)?;
        step.calls.push(RecordedCall::asked(&call.id, &call.asked, EffectClass::Read, time, Some(outcome)));
        Ok(())
    }

    pub(super) fn call_resolved(&mut self, resolved: &CallResolved) -> Result<(), String> {
        if !matches!(self.status, RunStatus::Stuck(_)) {
            return Err(format!("the run is {}, not stuck", self.status));
        }
        let step = self.step_mut(&resolved.id.step)?;
        let call = step.calls.last_mut().filter(|call| call.id == resolved.id && call.outcome.is_none());
        let call = call.ok_or_else(|| format!("call {} is not in doubt", resolved.id))?;
        match &resolved.outcome {
            Some(outcome) => call.outcome = Some(RecordedOutcome::from(outcome)),
            None => call.to_be_done = true,
        }
        Ok(())
    }

    pub(super) fn call_probed(&mut self, probed: &CallProbed) -> Result<(), String> {
        let call = self.open_call_mut(&probed.id)?;
        match &probed.answer {
            ProbeAnswer::Happened(outcome) => call.outcome = Some(RecordedOutcome::from(outcome)),
            ProbeAnswer::DidNot => call.to_be_done = true,
            ProbeAnswer::Unknown => call.probed = Some(format!("its probe `{}` does not tell: {}", probed.probe, probed.detail)),
        }
        Ok(())
    }

    /// The step that may make the call `id` now.
    fn next_call(&mut self, id: &CallId) -> Result<&mut StepState, String> {
        let step = self.caller(id)?;
        if let Some(open) = step.open_call() {
            return Err(format!("call {} has no outcome", open.id));
        }
        let expected = step.calls.last().map_or(1, |call| call.id.call + 1);
        if id.call != expected {
            return Err(format!("call {} stands where call {expected} should", id.call));
        }
        Ok(step)
    }

    fn open_call_mut(&mut self, id: &CallId) -> Result<&mut super::RecordedCall, String> {
        let step = self.caller(id)?;
        step.calls.last_mut().filter(|call| call.id == *id && call.outcome.is_none()).ok_or_else(|| format!("call {id} is not open"))
    }

    fn caller(&mut self, id: &CallId) -> Result<&mut StepState, String> {
        let (status, attempt) = match id.phase {
            Phase::Step => {
                self.expect(&[&RunStatus::Running])?;
                (StepStatus::Running, self.step_mut(&id.step)?.attempts)
            }
            Phase::Undo => {
                self.expect(&[&RunStatus::Undoing])?;
                (StepStatus::Undoing, self.step_mut(&id.step)?.undo_attempts)
            }
        };
        let step = self.step_mut(&id.step)?;
        if step.status != status || attempt != id.attempt {
            return Err(format!("attempt {} of step `{}` is not under way", id.attempt, id.step));
        }
        Ok(step)
    }
}
