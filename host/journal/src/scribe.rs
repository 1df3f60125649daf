//! Writes the records of one run: every event passes the fold first, so that an illegal record cannot be written.

use std::sync::Arc;

use lockstep_model::{Clock, Digest, RunId, Timestamp};

use crate::act::ActAnswer;
use crate::event::{Event, RunCreated};
use crate::lease::{Lease, LeaseEnd, LeaseUse};
use crate::record::{InvalidRecord, Record, SealedRecord};
use crate::state::{IllegalRecord, RunState, RunStatus};
use crate::store::{Batch, Durability, Store, StoreError, Wake};

/// So many records wait for the next write at most.
const MOST_WAITING: usize = 1_000;
/// And so many bytes of them and of what is kept beside them, but for one call's: what waits is in memory, and while it is written other runs wait.
const MOST_WAITING_BYTES: usize = 4 << 20;

/// Looks at every record as it is written.
pub trait Observer: Send + Sync {
    /// A record was written; it may not be durable yet.
    fn recorded(&self, record: &SealedRecord, state: &RunState);
}

/// Looks at nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn recorded(&self, _: &SealedRecord, _: &RunState) {}
}

/// Why a record could not be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It may not stand there: an error of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalRecord),
    /// Bytes in the store are no record.
    #[error("{0}")]
    Invalid(String),
    /// Bytes that a record names are not there any more.
    #[error("the store does not have the bytes of {digest} any more: {}", gone(*released))]
    BytesMissing {
        /// Of the bytes.
        digest: Digest,
        /// When retention gave up the run's bytes.
        released: Option<Timestamp>,
    },
    /// There is no such run.
    #[error("the store has no run {0}")]
    NoSuchRun(RunId),
}

fn gone(released: Option<Timestamp>) -> String {
    released.map_or_else(|| "and no retention has removed them".to_owned(), |time| format!("retention gave up what the run kept at {time}"))
}

impl From<InvalidRecord> for JournalError {
    fn from(error: InvalidRecord) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The one writer of a run.
///
/// # Guarantees
/// Records reach the store in order. After an error nothing more is written. With a lease, nothing is kept once the lease is another's; the environment is
/// given back with the run's last record.
pub struct Scribe {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    actor: String,
    lease: Option<Lease>,
    state: RunState,
    waiting: Batch,
    failed: Option<JournalError>,
}

/// What a scribe needs.
#[derive(Clone)]
pub struct Desk {
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// Where the time of a record comes from.
    pub clock: Arc<dyn Clock>,
    /// Who looks on.
    pub observer: Arc<dyn Observer>,
    /// Who causes the records: `lockstep`, or a person.
    pub actor: String,
    /// What every record is written under; none for a store that one process alone can reach.
    pub lease: Option<Lease>,
}

impl Scribe {
    /// Writes the first record of a new run, durably.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn create(desk: Desk, run: RunId, created: RunCreated) -> Result<Self, JournalError> {
        let Desk { store, clock, observer, actor, lease } = desk;
        let event = Event::RunCreated(Box::new(created));
        let sealed = Record { run, seq: 0, time: clock.now(), actor: actor.clone(), event, prev: Digest::ZERO }.seal()?;
        let state = RunState::begin(&sealed)?;
        observer.recorded(&sealed, &state);
        let used = lease.clone().map(|lease| LeaseUse { lease, end: LeaseEnd::Kept });
        store.append(Batch { records: vec![sealed], lease: used, ..Batch::default() }, Durability::Durable)?;
        Ok(Self { store, clock, observer, actor, lease, state, waiting: Batch::default(), failed: None })
    }

    /// Goes on with a run from its records.
    ///
    /// # Errors
    /// When there are none, or one of them may not stand where it stands.
    pub fn open(desk: Desk, run: RunId) -> Result<Self, JournalError> {
        let Desk { store, clock, observer, actor, lease } = desk;
        let records = store.records(run)?;
        let state = RunState::fold(&records)?.ok_or(JournalError::NoSuchRun(run))?;
        Ok(Self { store, clock, observer, actor, lease, state, waiting: Batch::default(), failed: None })
    }

    /// Writes under this lease from here on.
    pub fn hold(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// The lease that records are written under.
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// What the records say so far, those not durable yet included.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Where the records are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Adds an event that rides along with the next one: losing it loses nothing but a read to be done again.
    ///
    /// # Errors
    /// When it is illegal, or something could not be written before.
    pub fn note(&mut self, event: Event) -> Result<(), JournalError> {
        let actor = self.actor.clone();
        self.note_as(actor, event)
    }

    /// As `note`, for another actor: an operator at another terminal.
    ///
    /// # Errors
    /// As `note`.
    pub fn note_as(&mut self, actor: String, event: Event) -> Result<(), JournalError> {
        self.guard()?;
        let state = &self.state;
        let record = Record { run: state.run, seq: state.next_seq, time: self.clock.now(), actor, event, prev: state.last_hash };
        let sealed = record.seal()?;
        self.state.apply(&sealed)?;
        self.observer.recorded(&sealed, &self.state);
        if self.waiting.records.is_empty() {
            // Most batches have one record; room for more would be a piece of memory that the allocator has to look for.
            self.waiting.records.reserve_exact(1);
        }
        self.waiting.records.push(sealed);
        Ok(())
    }

    /// Hands over what waits when it has become much, and returns when it is kept: a run that only reads fills neither the memory nor the store's queue.
    /// To be called between calls: what belongs to one call is kept together.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn ease(&mut self) -> Result<(), JournalError> {
        let Batch { records, blobs, .. } = &self.waiting;
        let bytes = records.iter().map(|record| record.bytes.len()).chain(blobs.iter().map(Vec::len)).sum::<usize>();
        if records.len() < MOST_WAITING && bytes < MOST_WAITING_BYTES {
            return Ok(());
        }
        self.guard()?;
        self.flush(Durability::Durable, false)
    }

    /// Keeps bytes together with the next records.
    pub fn attach(&mut self, blob: Vec<u8>) {
        self.waiting.blobs.push(blob);
    }

    /// Forgets bytes together with the next records.
    pub fn forget(&mut self, blob: Digest) {
        self.waiting.forget.push(blob);
    }

    /// Answers a posted act together with the next records.
    pub fn answer_act(&mut self, id: u64, answer: ActAnswer) {
        self.waiting.answers.push((id, answer));
    }

    /// Hands over what was noted: it survives the end of this process.
    ///
    /// # Errors
    /// When something could not be written before.
    pub fn hand_over(&mut self) -> Result<(), JournalError> {
        self.guard()?;
        self.flush(Durability::Written, false)
    }

    /// Hands over what was noted, durably, and lets go of the run: it waits or stands still, and keeps its environment.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn let_go(&mut self) -> Result<(), JournalError> {
        self.guard()?;
        self.flush_as(Durability::Durable, false, LeaseEnd::LetGo)
    }

    /// As `let_go`, and frees the environment.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn give_back(&mut self) -> Result<(), JournalError> {
        self.guard()?;
        self.flush_as(Durability::Durable, false, LeaseEnd::GivenBack)
    }

    /// Adds an event and hands everything over: it survives the end of this process.
    ///
    /// # Errors
    /// When it is illegal, or something could not be written before.
    pub fn write(&mut self, event: Event) -> Result<(), JournalError> {
        self.note(event)?;
        self.flush(Durability::Written, false)
    }

    /// Adds an event and returns once it and everything before it is durable.
    ///
    /// # Errors
    /// When it is illegal or cannot be made durable. Then no effect may follow.
    pub fn commit(&mut self, event: Event) -> Result<(), JournalError> {
        self.note(event)?;
        self.flush(Durability::Durable, false)
    }

    /// Adds an event with a signed checkpoint of the ledger: at the end of steps and runs. A step's end needs no sync of its own: the next intent's
    /// covers it, and before that a crash only means that the step's calls are answered from the journal once more.
    ///
    /// # Errors
    /// As `commit`.
    pub fn conclude(&mut self, event: Event, durability: Durability) -> Result<(), JournalError> {
        self.note(event)?;
        self.flush(durability, true)
    }

    fn flush(&mut self, durability: Durability, checkpoint: bool) -> Result<(), JournalError> {
        let end = match self.state.status {
            RunStatus::Finished(_) => LeaseEnd::GivenBack,
            RunStatus::Planning
            | RunStatus::Running
            | RunStatus::Undoing
            | RunStatus::Waiting(..)
            | RunStatus::Paused(_)
            | RunStatus::Stuck(_)
            | RunStatus::Diverged(_) => LeaseEnd::Kept,
        };
        self.flush_as(durability, checkpoint, end)
    }

    fn flush_as(&mut self, durability: Durability, checkpoint: bool, end: LeaseEnd) -> Result<(), JournalError> {
        let mut batch = std::mem::take(&mut self.waiting);
        batch.checkpoint = checkpoint;
        batch.lease = self.lease.clone().map(|lease| LeaseUse { lease, end });
        batch.wake = self.wake();
        self.store.append(batch, durability).map_err(|error| {
            let error = JournalError::Store(error);
            self.failed = Some(error.clone());
            error
        })
    }

    /// A run under way stays due, if it was: whoever drives it may die.
    fn wake(&self) -> Option<Wake> {
        let at = match self.state.status {
            RunStatus::Planning | RunStatus::Running | RunStatus::Undoing => return None,
            RunStatus::Waiting(until, _) => Some(until),
            RunStatus::Paused(_) | RunStatus::Stuck(_) | RunStatus::Diverged(_) | RunStatus::Finished(_) => None,
        };
        Some(Wake { run: self.state.run, at })
    }

    fn guard(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}
