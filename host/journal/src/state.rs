//! The state of a run: one total fold over its records, for the writer, recovery, `show` and the verifier alike.
//!
//! An event that is illegal in the state it meets can be neither written nor loaded.

mod artifacts;
mod calls;
mod steps;

pub use artifacts::Backup;
pub use calls::{RecordedCall, RecordedOutcome};
pub use steps::{StepState, StepStatus};

use std::collections::BTreeMap;

use indexmap::IndexMap;
use lockstep_model::plan::Plan;
use lockstep_model::request::SealedArtifact;
use lockstep_model::{Digest, RunId, RunOutcome, StepId, Timestamp};

use crate::event::{Event, RunCreated, RunResumed};
use crate::record::{Record, SealedRecord};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// Created, steps not known yet.
    Planning,
    /// Steps go forward.
    Running,
    /// Steps go backwards.
    Undoing,
    /// An operator decides; with what it was before.
    Paused(Box<RunStatus>),
    /// Nothing is to be done before the instant; with what it was before.
    Waiting(Timestamp, Box<RunStatus>),
    /// It needs an operator; with what it was before.
    Stuck(Box<RunStatus>),
    /// Component and journal disagree; with what it was before.
    Diverged(Box<RunStatus>),
    /// It has ended.
    Finished(RunOutcome),
}

/// Everything the records of a run say.
#[derive(Debug, Clone)]
pub struct RunState {
    /// Whose state.
    pub run: RunId,
    /// What it is made of.
    pub created: RunCreated,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the last record was written that says what the run did: retention's does not.
    pub changed_at: Timestamp,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it is paused, waiting, stuck, diverged or going backwards: the last reason given.
    pub reason: Option<String>,
    /// The component that applies now.
    pub component: Digest,
    /// The grant that applies now.
    pub grant: Digest,
    /// Where its file was.
    pub grant_file: String,
    /// Every parameter with the value that applies now.
    pub parameters: BTreeMap<String, String>,
    /// The declared steps, empty while planning.
    pub plan: Plan,
    /// The plan's digest.
    pub plan_digest: Option<Digest>,
    /// Each declared step, in the order declared.
    pub steps: IndexMap<StepId, StepState>,
    /// So many of them, from the first one on, are done or left out: the way forward does not look at them again.
    passed: usize,
    /// So many of them reach up to the last one that was started: only they can be under way or have failed.
    reached: usize,
    /// The steps in the order in which they were first started.
    pub started: Vec<StepId>,
    /// The steps that have made an effect, in the order of their first ones: undo goes through them backwards.
    pub touched: Vec<StepId>,
    /// The artifacts by id.
    pub artifacts: BTreeMap<String, SealedArtifact>,
    /// Which of them are backups of databases.
    pub backups: BTreeMap<String, Backup>,
    /// The captured secrets by id, with the blob each is sealed in.
    pub captured: BTreeMap<String, Digest>,
    /// What the run will count as when nothing had to be undone.
    pub cause: Option<RunOutcome>,
    /// How far undo goes back: this step and those before it stay.
    pub undo_to: Option<StepId>,
    /// When retention last gave up the bytes that the records name.
    pub released: Option<Timestamp>,
    /// The next record's sequence number.
    pub next_seq: u64,
    /// The last record's hash.
    pub last_hash: Digest,
}

/// Why a record may not stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalRecord {
    /// A run begins with `RunCreated` and nothing else.
    #[error("the first record of a run must be RunCreated, found {0}")]
    First(&'static str),
    /// The chain is broken.
    #[error("record {found} stands where record {expected} should")]
    Sequence {
        /// The number that should stand there.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// The chain is broken.
    #[error("record {seq} names {found} as the one before it, which is {expected}")]
    Chain {
        /// Which record.
        seq: u64,
        /// The hash of the one before it.
        expected: Digest,
        /// The hash it names.
        found: Digest,
    },
    /// The transition is not one.
    #[error("{kind} is not possible here: {why}")]
    Transition {
        /// The event's kind.
        kind: &'static str,
        /// What stands against it.
        why: String,
    },
}

impl RunState {
    /// The state after the first record.
    ///
    /// # Errors
    /// When it is not `RunCreated` with sequence number 0.
    pub fn begin(first: &SealedRecord) -> Result<Self, IllegalRecord> {
        let Record { run, seq, time, event, prev, .. } = &first.record;
        let Event::RunCreated(created) = event else { return Err(IllegalRecord::First(event.kind())) };
        if *seq != 0 {
            return Err(IllegalRecord::Sequence { expected: 0, found: *seq });
        }
        if *prev != Digest::ZERO {
            return Err(IllegalRecord::Chain { seq: 0, expected: Digest::ZERO, found: *prev });
        }
        Ok(Self {
            run: *run,
            created: (**created).clone(),
            created_at: *time,
            changed_at: *time,
            status: RunStatus::Planning,
            reason: None,
            component: created.component,
            grant: created.grant,
            grant_file: created.grant_file.clone(),
            parameters: created.parameters.clone(),
            plan: Plan::default(),
            plan_digest: None,
            steps: IndexMap::new(),
            passed: 0,
            reached: 0,
            started: Vec::new(),
            touched: Vec::new(),
            artifacts: BTreeMap::new(),
            backups: BTreeMap::new(),
            captured: BTreeMap::new(),
            cause: None,
            undo_to: None,
            released: None,
            next_seq: 1,
            last_hash: first.hash,
        })
    }

    /// The state after all of `records`; none when there are none.
    ///
    /// # Errors
    /// When one of them may not stand where it stands.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a SealedRecord>) -> Result<Option<Self>, IllegalRecord> {
        let mut records = records.into_iter();
        let Some(first) = records.next() else { return Ok(None) };
        let mut state = Self::begin(first)?;
        for record in records {
            state.apply(record)?;
        }
        Ok(Some(state))
    }

    /// The state after one more record. Unchanged when there is an error.
    ///
    /// # Errors
    /// When the record may not stand here.
    pub fn apply(&mut self, sealed: &SealedRecord) -> Result<(), IllegalRecord> {
        let record = &sealed.record;
        if record.seq != self.next_seq {
            return Err(IllegalRecord::Sequence { expected: self.next_seq, found: record.seq });
        }
        if record.prev != self.last_hash {
            return Err(IllegalRecord::Chain { seq: record.seq, expected: self.last_hash, found: record.prev });
        }
        self.step(&record.event, record.time).map_err(|why| IllegalRecord::Transition { kind: record.event.kind(), why })?;
        self.next_seq += 1;
        self.last_hash = sealed.hash;
        if !matches!(record.event, Event::BytesReleased(_)) {
            self.changed_at = record.time;
        }
        Ok(())
    }

    /// One transition. The error says what stands against it.
    fn step(&mut self, event: &Event, time: Timestamp) -> Result<(), String> {
        match event {
            Event::RunCreated(_) => Err("the run exists already".to_owned()),
            Event::PlanDeclared(declared) => {
                self.expect(&[&RunStatus::Planning])?;
                self.plan_declared(declared);
                self.status = RunStatus::Running;
                Ok(())
            }
            Event::ParametersChanged(changed) => self.parameters_changed(changed),
            Event::StepStarted(attempt) => self.step_started(attempt, time),
            Event::StepSucceeded(end) => self.step_succeeded(end, time),
            Event::StepFailed(end) => self.step_failed(end, time),
            Event::StepSkipped(skipped) => self.step_skipped(skipped),
            Event::StepMarkedDone(done) => self.step_marked_done(done, time),
            Event::CallStarted(call) => self.call_started(call, time),
            Event::CallNoted(call) => self.call_noted(call),
            Event::CallFinished(call) => self.call_finished(&call.id, RecordedOutcome::from(&call.outcome)),
            Event::CallAnswered(call) => self.call_answered(call, time),
            Event::CallDenied(call) => self.call_denied(call, time),
            Event::CallResolved(call) => self.call_resolved(call),
            Event::CallProbed(call) => self.call_probed(call),
            Event::ValueRemembered(value) => {
                let step = self.step_mut(&value.step)?;
                step.remembered.insert(value.key.clone(), value.value.clone());
                Ok(())
            }
            Event::ArtifactSealed(sealed) => self.artifact_sealed(sealed),
            Event::BackupMade(made) => self.backup_made(made),
            Event::BackupVerified(verified) => self.backup_verified(verified),
            Event::SecretCaptured(captured) => {
                self.step_mut(&captured.step)?;
                self.captured.insert(captured.secret.clone(), captured.sealed);
                Ok(())
            }
            Event::SecretUsed(_) => self.expect(&[&RunStatus::Running, &RunStatus::Undoing]),
            Event::RunWaiting(waiting) => {
                self.expect(&[&RunStatus::Running, &RunStatus::Undoing])?;
                let until = waiting.until;
                self.stand(|before| RunStatus::Waiting(until, before), &waiting.reason)
            }
            Event::RunWoken(_) => self.woken(),
            Event::RunPaused(reason) => self.paused(&reason.reason),
            Event::LeaseReleased(released) => match self.outcome() {
                None | Some(RunOutcome::Waiting) => self.paused(&released.reason),
                Some(_) => Ok(()),
            },
            Event::RunStuck(reason) => {
                self.expect(&[&RunStatus::Running, &RunStatus::Undoing])?;
                self.stand(RunStatus::Stuck, &reason.reason)
            }
            Event::DivergenceFound(found) => {
                self.expect(&[&RunStatus::Running, &RunStatus::Undoing])?;
                self.stand(RunStatus::Diverged, &found.to_string())
            }
            Event::RunResumed(resumed) => self.resumed(resumed, time),
            Event::RunMigrated(migrated) => {
                if let RunStatus::Finished(outcome) = &self.status {
                    return Err(format!("the run has ended: {outcome}"));
                }
                self.component = migrated.component;
                Ok(())
            }
            Event::UndoBegan(began) => self.undo_began(began),
            Event::UndoStarted(attempt) => self.undo_started(attempt, time),
            Event::UndoSucceeded(attempt) => self.undo_ended(attempt, None, time),
            Event::UndoFailed(failed) => {
                let attempt = crate::event::Attempt { step: failed.step.clone(), attempt: failed.attempt };
                self.undo_ended(&attempt, Some(&failed.failure), time)
            }
            Event::RunFinished(finished) => {
                self.expect(&[&RunStatus::Planning, &RunStatus::Running, &RunStatus::Undoing])?;
                if !finished.outcome.is_final() {
                    return Err(format!("{} is not an end", finished.outcome));
                }
                self.status = RunStatus::Finished(finished.outcome);
                self.captured.clear();
                Ok(())
            }
            Event::BytesReleased(_) => {
                let RunStatus::Finished(_) = self.status else { return Err(format!("the run is {}", self.status)) };
                self.released = Some(time);
                Ok(())
            }
        }
    }

    fn stand(&mut self, status: impl FnOnce(Box<RunStatus>) -> RunStatus, reason: &str) -> Result<(), String> {
        self.status = status(Box::new(self.status.clone()));
        self.reason = Some(reason.to_owned());
        Ok(())
    }

    /// A wait is over when a run is paused: whoever resumes it finds out anew what there is to wait for.
    fn paused(&mut self, reason: &str) -> Result<(), String> {
        if let RunStatus::Waiting(_, before) = &self.status {
            self.status = (**before).clone();
        }
        self.expect(&[&RunStatus::Planning, &RunStatus::Running, &RunStatus::Undoing])?;
        self.stand(RunStatus::Paused, reason)
    }

    fn woken(&mut self) -> Result<(), String> {
        let RunStatus::Waiting(_, before) = &self.status else { return Err(format!("the run is {}", self.status)) };
        self.status = (**before).clone();
        self.reason = None;
        Ok(())
    }

    /// A person who goes on with a stuck run gives undo as many tries again.
    fn renew_tries(&mut self) {
        if matches!(self.status, RunStatus::Stuck(_)) {
            self.steps.values_mut().for_each(|step| step.undo_attempts_before = step.undo_attempts);
        }
    }

    fn resumed(&mut self, resumed: &RunResumed, time: Timestamp) -> Result<(), String> {
        self.renew_tries();
        match &self.status {
            RunStatus::Paused(before) | RunStatus::Stuck(before) | RunStatus::Diverged(before) | RunStatus::Waiting(_, before) => {
                self.status = (**before).clone();
                self.try_again(time);
            }
            RunStatus::Planning | RunStatus::Running | RunStatus::Undoing => {}
            RunStatus::Finished(outcome) => return Err(format!("the run has ended: {outcome}")),
        }
        self.grant = resumed.grant;
        self.grant_file.clone_from(&resumed.grant_file);
        self.reason = None;
        Ok(())
    }

    fn expect(&self, allowed: &[&RunStatus]) -> Result<(), String> {
        if allowed.contains(&&self.status) { Ok(()) } else { Err(format!("the run is {}", self.status)) }
    }

    fn step_mut(&mut self, id: &StepId) -> Result<&mut StepState, String> {
        self.steps.get_mut(id).ok_or_else(|| format!("the plan has no step `{id}`"))
    }

    /// How the run stands for someone who looks from outside. None while a process could go on with it.
    pub fn outcome(&self) -> Option<RunOutcome> {
        match &self.status {
            RunStatus::Planning | RunStatus::Running | RunStatus::Undoing => None,
            RunStatus::Waiting(..) => Some(RunOutcome::Waiting),
            RunStatus::Paused(_) => Some(RunOutcome::Paused),
            RunStatus::Stuck(_) => Some(RunOutcome::Stuck),
            RunStatus::Diverged(_) => Some(RunOutcome::Diverged),
            RunStatus::Finished(outcome) => Some(*outcome),
        }
    }
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Planning => f.write_str("planning"),
            Self::Running => f.write_str("running"),
            Self::Undoing => f.write_str("undoing"),
            Self::Waiting(..) => f.write_str("waiting"),
            Self::Paused(_) => f.write_str("paused"),
            Self::Stuck(_) => f.write_str("stuck"),
            Self::Diverged(_) => f.write_str("diverged"),
            Self::Finished(outcome) => write!(f, "{outcome}"),
        }
    }
}
