//! The embedded store: one SQLite database in one directory, one writer thread, one sync an effect.
//!
//! # Guarantees
//! Everything of `lockstep_journal::Store`. The directory and its files are their owner's alone. Several processes may write to the same store: each
//! commit starts from the ledger as the others left it.
//!
//! # Caveats
//! The database must be on a local file system: SQLite's log needs shared memory and locks.

mod commit;
mod error;
mod key;
mod open;
mod reader;
mod schema;
mod writer;

pub use open::Options;

use std::path::{Path, PathBuf};

use lockstep_journal::act::ActAnswer;
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::sealing::{NONCE, SealingKey};
use lockstep_journal::store::RawEntry;
use lockstep_journal::{Act, Batch, BlobError, Blobs, Durability, Lease, LeaseAsk, LeaseKept, PostedAct, SealedRecord, Store, StoreError};
use lockstep_model::{Digest, RunId, Timestamp};

use commit::{Job, Ledger};
use key::Keys;
use reader::Readers;
use writer::Writer;

/// A store in a directory.
pub struct SqliteStore {
    readers: Readers,
    /// None: it is open for reading only.
    writing: Option<Writing>,
    verifier: String,
    dir: PathBuf,
}

struct Writing {
    writer: Writer,
    sealing: SealingKey,
}

impl SqliteStore {
    /// Opens the store in `dir`.
    ///
    /// # Errors
    /// When there is none and none is to be made, when it cannot be read or, unless only for reading, written, when it is damaged or of a newer
    /// format, or when others can read its keys.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        if options.read_only {
            return Self::open_bare(dir);
        }
        let (connection, Keys { signer, sealing, .. }) = open::for_writing(dir, &options)?;
        let verifier = signer.verifier().to_string();
        let writer = Writer::start(Ledger::new(connection, signer)?)?;
        Ok(Self { readers: Readers::new(dir, false)?, writing: Some(Writing { writer, sealing }), verifier, dir: dir.to_owned() })
    }

    fn open_bare(dir: &Path) -> Result<Self, StoreError> {
        if open::is_empty(&open::database(dir))? {
            return Err(open::missing(dir));
        }
        let readers = Readers::new(dir, true)?;
        readers.check()?;
        let verifier = readers.verifier()?;
        Ok(Self { readers, writing: None, verifier, dir: dir.to_owned() })
    }

    fn writing(&self) -> Result<&Writing, StoreError> {
        self.writing.as_ref().ok_or(StoreError::ReadOnly)
    }

    /// The readers, once they see what this process wrote.
    fn settled(&self) -> Result<&Readers, StoreError> {
        match &self.writing {
            Some(writing) => writing.writer.settle().map(|()| &self.readers),
            None => Ok(&self.readers),
        }
    }

    fn write(&self, batch: Batch, durability: Durability, awaited: bool) -> Result<Option<String>, StoreError> {
        let Batch { records, blobs, forget, checkpoint, .. } = batch;
        let blobs = blobs.into_iter().map(|bytes| (Digest::of(&bytes), bytes)).collect();
        self.writing()?.writer.write(Job { records, blobs, forget, checkpoint, durability, awaited })
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("dir", &self.dir).field("read_only", &self.writing.is_none()).finish()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
    }
}

impl Store for SqliteStore {
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.write(batch, durability, durability == Durability::Durable).map(drop)
    }

    fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        self.settled()?.records(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.settled()?.runs()
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        self.settled()?.scan(from, visit)
    }

    fn head(&self) -> Result<TreeHead, StoreError> {
        self.settled()?.head()
    }

    fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        self.settled()?.checkpoints()
    }

    fn checkpoint(&self) -> Result<String, StoreError> {
        let note = self.write(Batch { checkpoint: true, ..Batch::default() }, Durability::Durable, true)?;
        note.ok_or_else(|| StoreError::Medium("no checkpoint was made".into()))
    }

    fn verifier_key(&self) -> String {
        self.verifier.clone()
    }

    fn take_lease(&self, _: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        Err(no_leases())
    }

    fn renew_lease(&self, _: &Lease, _: Timestamp) -> Result<bool, StoreError> {
        Err(no_leases())
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        Err(no_leases())
    }

    fn due(&self, _: Timestamp) -> Result<Vec<RunId>, StoreError> {
        Err(no_leases())
    }

    fn post_act(&self, _: RunId, _: &str, _: Timestamp, _: &Act) -> Result<u64, StoreError> {
        Err(no_leases())
    }

    fn acts(&self, _: RunId) -> Result<Vec<PostedAct>, StoreError> {
        Err(no_leases())
    }

    fn act_answer(&self, _: u64) -> Result<Option<ActAnswer>, StoreError> {
        Err(no_leases())
    }

    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = key::random::<NONCE>()?;
        Ok(self.writing()?.sealing.seal(*nonce.expose(), run, secret, value)?)
    }

    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        match &self.writing {
            Some(writing) => Ok(writing.sealing.open(run, secret, sealed)?),
            // A store is read without its keys, until one is needed.
            None => Ok(Keys::read(&self.dir)?.sealing.open(run, secret, sealed)?),
        }
    }
}

fn no_leases() -> StoreError {
    StoreError::Medium("this store has no leases yet".into())
}

impl Blobs for SqliteStore {
    fn keep_blob(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let batch = Batch { blobs: vec![bytes.to_vec()], ..Batch::default() };
        self.write(batch, Durability::Durable, true).map_err(|error| error::of_blob(&error))?;
        Ok(Digest::of(bytes))
    }

    fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        self.settled().map_err(|error| error::of_blob(&error))?.blob(digest)
    }
}
