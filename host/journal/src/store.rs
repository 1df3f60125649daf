//! Where records are kept: the trait that the embedded store and every other one implements.

use lockstep_model::{Digest, RunId, Timestamp};

use crate::act::{Act, ActAnswer, PostedAct};
use crate::blobs::{BlobError, Blobs};
use crate::lease::{Lease, LeaseAsk, LeaseKept, LeaseUse};
use crate::ledger::TreeHead;
use crate::record::SealedRecord;
use crate::sealing::NotSealedHere;

/// Keeps the records of all runs in one ledger.
///
/// # Guarantees
/// Records of one batch are kept together or not at all. `append` with `Durability::Durable` returns after everything appended before it survives a
/// loss of power; with `Durability::Written` everything survives the end of the process once the writer gets to it, which it does
/// within a moment: together with the next batch that is waited for, if one comes.
/// The order of the ledger is the order of commits. A run's sequence has no gap and no double: a second writer of the same run gets `Conflict`.
/// # Errors
/// After a failed `Written` append the next append of the same run fails: nothing is built on a record that is not there.
pub trait Store: Blobs {
    /// Adds a batch.
    ///
    /// # Errors
    /// See `StoreError`; nothing of the batch is kept then.
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError>;

    /// All records of a run in order; empty when there is no such run.
    ///
    /// # Errors
    /// When they cannot be read.
    fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError>;

    /// Every run, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn runs(&self) -> Result<Vec<RunId>, StoreError>;

    /// Hands every entry of the ledger from index `from` to `visit`, in order, as it is kept: nothing is checked. `visit` ends the scan with false.
    ///
    /// # Errors
    /// When they cannot be read.
    fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError>;

    /// Size and root of the ledger as kept.
    ///
    /// # Errors
    /// When they cannot be read.
    fn head(&self) -> Result<TreeHead, StoreError>;

    /// Every signed checkpoint, oldest first, as C2SP signed notes.
    ///
    /// # Errors
    /// When they cannot be read.
    fn checkpoints(&self) -> Result<Vec<String>, StoreError>;

    /// Signs the head as it is now, keeps the note and gives it.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn checkpoint(&self) -> Result<String, StoreError>;

    /// Every blob that is kept, in no order.
    ///
    /// # Errors
    /// When they cannot be read.
    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError>;

    /// Deletes those of the blobs that were last kept when the ledger had fewer than `kept_before` records, durably, and gives their digests. Who names
    /// a blob in a record keeps it first, if only once more: so one that nobody named when the ledger had `kept_before` records, and that is deleted
    /// here, is named by no record since.
    ///
    /// # Errors
    /// See `StoreError`; none of them is deleted then.
    fn remove_blobs(&self, blobs: &[Digest], kept_before: u64) -> Result<Vec<Digest>, StoreError>;

    /// The key that checkpoints are verified with, in the form of C2SP `signed-note`.
    fn verifier_key(&self) -> String;

    /// Takes the lease of an environment for a run, as `lease::decide` rules, durably. The inner error is the lease as it stands.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn take_lease(&self, ask: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError>;

    /// Shows that the holder lives. False: the lease is another's by now.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn renew_lease(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError>;

    /// Every environment that belongs to a run, by name; with no process where the store can tell that it is dead.
    ///
    /// # Errors
    /// When they cannot be read.
    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError>;

    /// The runs that are to go on by now, those that have been due for longest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn due(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError>;

    /// Posts an act for the process that drives the run, durably, and gives its number. Acts older than `act::KEPT` that are answered, or whose run has no
    /// environment any more, are forgotten with it.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn post_act(&self, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError>;

    /// The acts on a run that have no answer yet, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn acts(&self, run: RunId) -> Result<Vec<PostedAct>, StoreError>;

    /// What became of an act; none: nobody has answered it yet.
    ///
    /// # Errors
    /// When it cannot be read.
    fn act_answer(&self, id: u64) -> Result<Option<ActAnswer>, StoreError>;

    /// Encrypts a captured secret under the store's key.
    ///
    /// # Errors
    /// When it cannot be encrypted.
    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// Decrypts what `seal_secret` gave.
    ///
    /// # Errors
    /// When it was not sealed by this store for this run and secret.
    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError>;
}

/// What is appended together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In the order of their runs.
    pub records: Vec<SealedRecord>,
    /// Bytes the records refer to.
    pub blobs: Vec<Vec<u8>>,
    /// Blobs to forget: secrets of a run that has ended.
    pub forget: Vec<Digest>,
    /// Whether a signed checkpoint of the ledger with these records is made in the same commit.
    pub checkpoint: bool,
    /// The lease it is written under; none of the batch is kept when that has another token by now.
    pub lease: Option<LeaseUse>,
    /// When a run is to go on.
    pub wake: Option<Wake>,
    /// Acts that the records of the batch answer.
    pub answers: Vec<(u64, ActAnswer)>,
}

/// When a run is to go on by itself. It stays due until it waits for something else or stands still: whoever drives it may die before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// Which.
    pub run: RunId,
    /// When; none: not by itself.
    pub at: Option<Timestamp>,
}

/// A blob as a store lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBlob {
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// How many records the ledger had when it was last kept.
    pub since: u64,
}

/// What `append` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the batch is handed over in order.
    Written,
    /// That it survives a loss of power.
    Durable,
}

/// An entry of the ledger as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct RawEntry<'a> {
    /// From 0.
    pub index: u64,
    /// The run it is filed under.
    pub run: RunId,
    /// The sequence number it is filed under.
    pub seq: u64,
    /// The record's bytes.
    pub bytes: &'a [u8],
    /// The hash kept beside them.
    pub hash: Digest,
}

/// Why a store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("the store's disk is full")]
    Full,
    /// It may not be written.
    #[error("the store is read-only")]
    ReadOnly,
    /// Another process holds it.
    #[error("the store is locked by another process")]
    Locked,
    /// Another process drives the same run.
    #[error("record {seq} of run {run} is there already: another process drives this run")]
    Conflict {
        /// Whose.
        run: RunId,
        /// Which.
        seq: u64,
    },
    /// Another process drives the run, or an operator has taken its environment away.
    #[error("run {run} has lost the lease of `{environment}`: another process drives it now, or its environment was released")]
    LeaseLost {
        /// Whose.
        run: RunId,
        /// Which environment.
        environment: String,
    },
    /// A record before it is missing: an error of ours, or the end of a failed append.
    #[error("record {seq} of run {run} cannot be appended: record {expected} is not there")]
    Gap {
        /// Whose.
        run: RunId,
        /// Which.
        seq: u64,
        /// The one that would be next.
        expected: u64,
    },
    /// There is none, and none was to be made.
    #[error("there is no store in {0}")]
    Missing(String),
    /// Its key is not its own any more.
    #[error("the key file {path} has mode {mode:o}: others than its owner can read or write it")]
    Exposed {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// A secret that this store did not seal.
    #[error(transparent)]
    NotSealedHere(#[from] NotSealedHere),
    /// Written by a newer program.
    #[error("the store has format {found}, this program reads up to {known}")]
    NewerFormat {
        /// The store's.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// A record in it was written by a newer program.
    #[error("a record has format {found}, this program reads up to {known}")]
    NewerRecord {
        /// The record's.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// It is not what it should be.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The medium failed.
    #[error("{0}")]
    Medium(String),
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Corrupt(_) => Self::Damaged(error.to_string()),
            BlobError::NoKey { why, .. } => *why,
            BlobError::Medium(text) => Self::Medium(text),
        }
    }
}
