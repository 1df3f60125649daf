//! Forward: steps as their needs allow, retries, and what a failure does.

use std::collections::BTreeSet;
use std::time::Duration;

use lockstep_journal::Durability;
use lockstep_journal::event::{Attempt, Event, Phase, StepFailed, StepSkipped, StepSucceeded, UndoBegan};
use lockstep_journal::state::StepStatus;
use lockstep_journal::{JournalError, RunState};
use lockstep_model::plan::{OnFailure, Retry, Step};
use lockstep_model::{Failure, RunOutcome, StepId, Timestamp};

use super::acts::Turn;
use super::attempt::End;
use super::{Drive, RunReport};
use crate::error::EngineError;

/// Up to a quarter of the wait is added, so that runs that failed together do not come back together.
const JITTER_PART: u64 = 4;

/// What to do next.
enum Next {
    /// Start this step, or go on with its attempt.
    Run(Box<Step>, u32, bool),
    /// Wait for the instant, then look again.
    Wait(StepId, Timestamp),
    /// It has failed for good and nothing was decided yet.
    Decide(Box<Step>),
    /// It cannot be run any more.
    Skip(StepId, String),
    /// Every step is done.
    Finish,
}

impl Drive<'_> {
    /// Drives forward.
    pub(super) fn forward(&self) -> Result<RunReport, EngineError> {
        // Whether somebody at another terminal wants what has failed to be tried once more.
        let mut again = false;
        loop {
            let now = self.house.clock.now();
            let turn = match self.read(|state| next(state, again, now)) {
                Next::Run(step, _, true) if self.is_called() => self.hear(&format!("before step `{}`", step.id))?,
                Next::Run(step, attempt, fresh) => {
                    again = false;
                    if fresh {
                        self.write(Event::StepStarted(Attempt { step: step.id.clone(), attempt }))?;
                    }
                    self.run_step(&step, attempt)?
                }
                Next::Wait(step, until) => self.wait(until, &format!("before the next attempt of step `{step}`"))?,
                Next::Skip(step, reason) => {
                    self.write(Event::StepSkipped(StepSkipped { step, reason }))?;
                    Turn::On
                }
                Next::Decide(step) => self.decide(&step)?,
                Next::Finish => return self.finish(RunOutcome::Succeeded),
            };
            match turn {
                Turn::On => {}
                Turn::Again => again = true,
                Turn::Back => return self.backward(),
                Turn::Stopped(report) => return Ok(*report),
            }
        }
    }

    fn run_step(&self, step: &Step, attempt: u32) -> Result<Turn, EngineError> {
        match self.attempt(step, Phase::Step, attempt)? {
            End::Done(output) => {
                let succeeded = Event::StepSucceeded(StepSucceeded { step: step.id.clone(), attempt, output });
                self.scribe().conclude(succeeded, Durability::Written)?;
                Ok(Turn::On)
            }
            End::Turned(turn) => Ok(turn),
            End::Waits(until) => self.wait(until, &format!("in step `{}`", step.id)),
            End::Failed { failure, rest } => {
                let retry_at = self.retry_at(&step.retry, attempt, &failure, rest);
                self.failed(step, attempt, failure, retry_at)?;
                Ok(Turn::On)
            }
        }
    }

    fn failed(&self, step: &Step, attempt: u32, failure: Failure, retry_at: Option<Timestamp>) -> Result<(), JournalError> {
        let failed = Event::StepFailed(StepFailed { step: step.id.clone(), attempt, failure, retry_at });
        self.scribe().conclude(failed, Durability::Written)
    }

    /// When it is tried again, if it is: not before the far side wants to be asked, as far as the policy's longest wait goes.
    pub(super) fn retry_at(&self, retry: &Retry, attempt: u32, failure: &Failure, rest: Option<Duration>) -> Option<Timestamp> {
        may_be_retried(retry, attempt, failure).then(|| {
            let longest = Duration::from_millis(retry.longest_milliseconds.into());
            let wait = retry.backoff(attempt).max(rest.unwrap_or_default().min(longest));
            let mut random = [0; 8];
            self.house.entropy.fill(&mut random);
            let most = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / JITTER_PART;
            let jitter = u64::from_le_bytes(random) % (most + 1);
            self.house.clock.now().after(wait + Duration::from_millis(jitter))
        })
    }

    /// What the final failure of a step does.
    fn decide(&self, step: &Step) -> Result<Turn, EngineError> {
        let failure = self.read(|state| state.steps.get(&step.id).and_then(|step| step.failure.clone()));
        let why = failure.as_ref().map_or_else(|| "failed".to_owned(), ToString::to_string);
        let reason = format!("step `{}` failed: {why}", step.id);
        let pause = match step.on_failure {
            OnFailure::Decide => self.attended,
            OnFailure::Pause => true,
            OnFailure::Undo => false,
            OnFailure::Continue => return Ok(Turn::On),
        };
        if pause {
            return self.stop(Event::RunPaused, reason).map(|report| Turn::Stopped(Box::new(report)));
        }
        let cause = match failure {
            Some(Failure::Denied(_)) => RunOutcome::Denied,
            Some(Failure::TimedOut(_) | Failure::InDoubt(_) | Failure::Failed(_)) | None => RunOutcome::Failed,
        };
        self.write(Event::UndoBegan(UndoBegan { reason, cause, to: None }))?;
        Ok(Turn::Back)
    }
}

/// Whether the policy has another attempt for this failure.
pub(super) fn may_be_retried(retry: &Retry, attempt: u32, failure: &Failure) -> bool {
    let wanted = if retry.codes.is_empty() { failure.is_retryable() } else { retry.codes.iter().any(|code| code == failure.code()) };
    wanted && attempt < retry.attempts
}

/// Looks at the state and picks: what is under way first, then what is ready, in the order declared.
fn next(state: &RunState, again: bool, now: Timestamp) -> Next {
    let mut failed = false;
    for (step, status) in state.begun() {
        // Also before an earlier step whose next attempt has become due while the host was away.
        if status.status == StepStatus::Running {
            return Next::Run(Box::new(step.clone()), status.attempts, false);
        }
        failed |= status.status == StepStatus::Failed;
    }
    let lost = if failed { lost(state) } else { BTreeSet::new() };
    let mut wait: Option<(&Step, Timestamp)> = None;
    for (step, status) in state.to_do() {
        match &status.status {
            StepStatus::Failed if step.on_failure != OnFailure::Continue => {
                return if again { Next::Run(Box::new(step.clone()), status.attempts + 1, true) } else { Next::Decide(Box::new(step.clone())) };
            }
            StepStatus::Pending if lost.contains(&step.id) => return Next::Skip(step.id.clone(), "a step that it needs has failed".to_owned()),
            StepStatus::Pending if state.unmet_need(step).is_none() => return Next::Run(Box::new(step.clone()), status.attempts + 1, true),
            StepStatus::Retrying(at) if *at <= now || again => return Next::Run(Box::new(step.clone()), status.attempts + 1, true),
            StepStatus::Retrying(at) => wait = wait.filter(|(_, earliest)| earliest <= at).or(Some((step, *at))),
            StepStatus::Pending
            | StepStatus::Running
            | StepStatus::Failed
            | StepStatus::Succeeded
            | StepStatus::Skipped
            | StepStatus::Undoing
            | StepStatus::Undone
            | StepStatus::UndoFailed => {}
        }
    }
    wait.map_or(Next::Finish, |(step, at)| Next::Wait(step.id.clone(), at))
}

/// The pending steps that need, directly or not, one that has failed and lets the run continue.
fn lost(state: &RunState) -> BTreeSet<StepId> {
    let mut lost: BTreeSet<StepId> = state.steps.iter().filter(|(_, step)| step.status == StepStatus::Failed).map(|(id, _)| id.clone()).collect();
    let mut before = 0;
    while before < lost.len() {
        before = lost.len();
        for step in &state.plan.steps {
            if step.needs.iter().any(|need| lost.contains(need)) {
                lost.insert(step.id.clone());
            }
        }
    }
    lost
}
