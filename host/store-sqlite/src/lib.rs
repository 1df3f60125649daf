//! The embedded store: one SQLite database in one directory, one who writes at a time, one sync an effect.
//!
//! # Guarantees
//! Everything of `lockstep_journal::Store`. The directory and its files are their owner's alone. Several processes may write to the same store: each
//! commit starts from the ledger as the others left it.
//!
//! # Caveats
//! The database must be on a local file system: SQLite's log needs shared memory and locks.

mod acts;
mod backup;
mod blobs;
mod commit;
mod compact;
mod error;
mod files;
mod holder;
mod key;
mod leases;
mod open;
mod reader;
mod schema;
mod writer;

pub use backup::{BackupError, backup};
pub use compact::{Sizes, compact};
pub use open::Options;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lockstep_journal::act::ActAnswer;
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::sealing::{NONCE, SealingKey};
use lockstep_journal::store::{KeptBlob, RawEntry};
use lockstep_journal::{
    Act, Batch, BlobDraft, BlobError, BlobReader, Blobs, Durability, Lease, LeaseAsk, LeaseKept, PostedAct, SealedRecord, Store, StoreError,
};
use lockstep_model::{Digest, RunId, Timestamp};
use rusqlite::Connection;

use blobs::Row;
use commit::{Aside, Job, Ledger};
use files::{Draft, Shelf};
use holder::Holder;
use key::Keys;
use reader::Readers;
use writer::Writer;

/// A store in a directory.
pub struct SqliteStore {
    readers: Readers,
    /// None: it is open for reading only.
    writer: Option<Arc<Writer>>,
    /// Who only reads needs no key, until a blob is asked for.
    sealing: OnceLock<Arc<SealingKey>>,
    holder: Mutex<Option<Holder>>,
    verifier: String,
    dir: PathBuf,
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
        let writer = Some(Arc::new(Writer::start(Ledger::new(connection, signer)?)?));
        let sealing = Arc::new(sealing).into();
        Ok(Self { readers: Readers::new(dir, false)?, writer, sealing, holder: Mutex::default(), verifier, dir: dir.to_owned() })
    }

    fn open_bare(dir: &Path) -> Result<Self, StoreError> {
        if open::is_empty(&open::database(dir))? {
            return Err(open::missing(dir));
        }
        let readers = Readers::new(dir, true)?;
        readers.check()?;
        let verifier = readers.verifier()?;
        Ok(Self { readers, writer: None, sealing: OnceLock::new(), holder: Mutex::default(), verifier, dir: dir.to_owned() })
    }

    fn writer(&self) -> Result<&Arc<Writer>, StoreError> {
        self.writer.as_ref().ok_or(StoreError::ReadOnly)
    }

    fn sealing(&self) -> Result<&Arc<SealingKey>, StoreError> {
        match self.sealing.get() {
            Some(key) => Ok(key),
            None => {
                let keys = Keys::read(&self.dir)?;
                keys.expect(&self.verifier)?;
                Ok(self.sealing.get_or_init(|| Arc::new(keys.sealing)))
            }
        }
    }

    /// The readers, once they see what this process wrote.
    fn settled(&self) -> Result<&Readers, StoreError> {
        match &self.writer {
            Some(writer) => writer.settle().map(|()| &self.readers),
            None => Ok(&self.readers),
        }
    }

    /// This handle as a holder of leases: made when the first is taken.
    fn holder(&self) -> Result<String, StoreError> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = match &mut *holder {
            Some(holder) => holder,
            none => none.insert(Holder::register(&self.dir)?),
        };
        Ok(holder.name().to_owned())
    }

    fn write(&self, batch: Batch, durability: Durability, awaited: bool) -> Result<Option<String>, StoreError> {
        let Batch { records, blobs, forget, checkpoint, lease, wake, answers } = batch;
        let (writer, sealing) = (self.writer()?, self.sealing()?);
        let seal = |bytes: Vec<u8>| {
            let digest = Digest::of(&bytes);
            Ok((digest, sealing.seal_blob(digest, bytes)?))
        };
        let blobs = blobs.into_iter().map(seal).collect::<Result<_, StoreError>>()?;
        let records = records.into_iter().map(Into::into).collect();
        writer.write(Job { records, blobs, forget, checkpoint, lease, wake, answers, aside: None, durability, awaited })
    }

    /// Does something beside the ledger in the writer's next transaction.
    fn aside<T, F>(&self, durability: Durability, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let done = Arc::new(Mutex::new(None));
        let told = Arc::clone(&done);
        let aside: Aside = Box::new(move |connection| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(act(connection)?);
            Ok(())
        });
        self.writer()?.write(Job { aside: Some(aside), durability, awaited: true, ..Job::default() })?;
        let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
        done.ok_or_else(|| StoreError::Medium("the store's thread did not do it".into()))
    }

    fn read<T>(&self, look: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.settled()?.read(look)
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("dir", &self.dir).field("read_only", &self.writer.is_none()).finish()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
    }
}

impl Store for SqliteStore {
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        // What has bytes beside its records is waited for as well: otherwise one run could fill the queue, which is memory, with them.
        let awaited = durability == Durability::Durable || !batch.blobs.is_empty();
        self.write(batch, durability, awaited).map(drop)
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

    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        let kept = self.read(blobs::all)?;
        Ok(kept.into_iter().filter(|(blob, is_file)| !is_file || files::is_there(&self.dir, blob.digest, blob.size)).map(|(blob, _)| blob).collect())
    }

    fn remove_blobs(&self, digests: &[Digest], kept_before: u64) -> Result<Vec<Digest>, StoreError> {
        let (digests, kept_before) = (digests.to_vec(), commit::to_kept(kept_before).unwrap_or(i64::MAX));
        let removed = self.aside(Durability::Durable, move |connection| blobs::remove(connection, &digests, kept_before))?;
        if removed.iter().any(|digest| files::path(&self.dir, *digest).exists()) {
            files::sweep(&self.dir, true, |digest| self.read(|connection| blobs::names_file(connection, digest)))?;
        }
        Ok(removed)
    }

    fn verifier_key(&self) -> String {
        self.verifier.clone()
    }

    fn take_lease(&self, ask: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        let (dir, process, ask) = (self.dir.clone(), self.holder()?, ask.clone());
        self.aside(Durability::Durable, move |connection| leases::take(connection, &dir, &process, &ask))
    }

    fn renew_lease(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        // A heartbeat that a loss of power takes away is one of a process that it took away as well.
        self.aside(Durability::Written, move |connection| leases::renew(connection, &lease, now))
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        let mut leases = self.read(leases::all)?;
        // A process that was killed let go of nothing by itself.
        for kept in &mut leases {
            kept.process.take_if(|process| !holder::lives(&self.dir, process));
        }
        Ok(leases)
    }

    fn due(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
        self.read(|connection| leases::due(connection, now))
    }

    fn post_act(&self, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError> {
        let (actor, act) = (actor.to_owned(), act.clone());
        self.aside(Durability::Durable, move |connection| acts::post(connection, run, &actor, now, &act))
    }

    fn acts(&self, run: RunId) -> Result<Vec<PostedAct>, StoreError> {
        self.read(|connection| acts::open(connection, run))
    }

    fn act_answer(&self, id: u64) -> Result<Option<ActAnswer>, StoreError> {
        self.read(|connection| acts::answer(connection, id))
    }

    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = key::random::<NONCE>()?;
        Ok(self.sealing()?.seal(*nonce.expose(), run, secret, value)?)
    }

    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.sealing()?.open(run, secret, sealed)?)
    }
}

impl Blobs for SqliteStore {
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError> {
        let shelf = || Ok(Shelf { dir: self.dir.clone(), writer: Arc::clone(self.writer()?), sealing: Arc::clone(self.sealing()?) });
        let shelf = shelf().map_err(|error| error::of_blob(&error))?;
        Ok(Box::new(Draft::new(shelf)))
    }

    fn open_blob(&self, digest: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let row = self.read(|connection| blobs::row(connection, digest)).map_err(|error| error::of_blob(&error))?;
        let Some(row) = row else { return Ok(None) };
        let key = self.sealing().map_err(|why| BlobError::NoKey { digest, why: Box::new(why) })?;
        let sealed = match row {
            Row::Sealed(sealed) => sealed,
            Row::File(size) => return files::open(&self.dir, digest, size, key),
        };
        let bytes = key.open_blob(digest, sealed).map_err(|_| BlobError::Corrupt(digest))?;
        // Who has the key could have sealed other bytes under this digest, but not found others that have it.
        if Digest::of(&bytes) == digest { Ok(Some(Box::new(Cursor::new(bytes)))) } else { Err(BlobError::Corrupt(digest)) }
    }
}
