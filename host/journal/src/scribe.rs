//! Writes the records of one run: every event passes the fold first, so that an illegal record cannot be written.

use std::sync::Arc;

use lockstep_model::{Clock, Digest, RunId};

use crate::event::{Event, RunCreated};
use crate::record::{InvalidRecord, Record, SealedRecord};
use crate::state::{IllegalRecord, RunState};
use crate::store::{Batch, Durability, Store, StoreError};

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
    /// There is no such run.
    #[error("the store has no run {0}")]
    NoSuchRun(RunId),
}

impl From<InvalidRecord> for JournalError {
    fn from(error: InvalidRecord) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The one writer of a run.
///
/// # Guarantees
/// Records reach the store in order. After an error nothing more is written.
pub struct Scribe {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    actor: String,
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
}

impl Scribe {
    /// Writes the first record of a new run, durably.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn create(desk: Desk, run: RunId, created: RunCreated) -> Result<Self, JournalError> {
        let Desk { store, clock, observer, actor } = desk;
        let event = Event::RunCreated(Box::new(created));
        let sealed = Record { run, seq: 0, time: clock.now(), actor: actor.clone(), event, prev: Digest::ZERO }.seal()?;
        let state = RunState::begin(&sealed)?;
        observer.recorded(&sealed, &state);
        store.append(Batch { records: vec![sealed], ..Batch::default() }, Durability::Durable)?;
        Ok(Self { store, clock, observer, actor, state, waiting: Batch::default(), failed: None })
    }

    /// Goes on with a run from its records.
    ///
    /// # Errors
    /// When there are none, or one of them may not stand where it stands.
    pub fn open(desk: Desk, run: RunId) -> Result<Self, JournalError> {
        let Desk { store, clock, observer, actor } = desk;
        let records = store.records(run)?;
        let state = RunState::fold(&records)?.ok_or(JournalError::NoSuchRun(run))?;
        Ok(Self { store, clock, observer, actor, state, waiting: Batch::default(), failed: None })
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
        self.guard()?;
        let state = &self.state;
        let record = Record { run: state.run, seq: state.next_seq, time: self.clock.now(), actor: self.actor.clone(), event, prev: state.last_hash };
        let sealed = record.seal()?;
        self.state.apply(&sealed)?;
        self.observer.recorded(&sealed, &self.state);
        self.waiting.records.push(sealed);
        Ok(())
    }

    /// Keeps bytes together with the next records.
    pub fn attach(&mut self, blob: Vec<u8>) {
        self.waiting.blobs.push(blob);
    }

    /// Forgets bytes together with the next records.
    pub fn forget(&mut self, blob: Digest) {
        self.waiting.forget.push(blob);
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
        let mut batch = std::mem::take(&mut self.waiting);
        batch.checkpoint = checkpoint;
        self.store.append(batch, durability).map_err(|error| {
            let error = JournalError::Store(error);
            self.failed = Some(error.clone());
            error
        })
    }

    fn guard(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}
