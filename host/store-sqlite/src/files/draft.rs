//! A blob being written: held while it is small, and from then on sealed piece by piece into a file, on a thread of its own beside the hashing.

use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use lockstep_journal::sealing::SealingKey;
use lockstep_journal::sealing::pieces::PIECE;
use lockstep_journal::{BlobDraft, BlobError, DraftKept, Durability, StoreError};
use lockstep_model::{Digest, Hasher};

use super::part::Part;
use super::{LARGEST_ROW, hold};
use crate::blobs::pointer;
use crate::commit::Job;
use crate::error::of_blob;
use crate::writer::Writer;

/// So much is handed to the thread that seals at a time: whole pieces.
const BATCH: usize = 4 * PIECE;

/// Batches that wait for it at most: a draft takes a megabyte or two of memory.
const WAITING: usize = 2;

/// What a draft needs of its store.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) dir: PathBuf,
    pub(crate) writer: Arc<Writer>,
    pub(crate) sealing: Arc<SealingKey>,
}

/// A blob being written.
pub(crate) struct Draft {
    shelf: Shelf,
    hasher: Hasher,
    size: u64,
    /// What has not been handed to be sealed.
    held: Vec<u8>,
    sealer: Option<Sealer>,
}

/// The thread that seals a file and writes it. Dropped, it ends, and the file is gone.
struct Sealer {
    batches: Option<SyncSender<Vec<u8>>>,
    /// What it has done with, to be filled again.
    spent: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<Result<Part, BlobError>>>,
}

impl Draft {
    pub(crate) fn new(shelf: Shelf) -> Self {
        Self { shelf, hasher: Hasher::default(), size: 0, held: Vec::new(), sealer: None }
    }

    /// So much is held before it is handed on: what fits into a row is no file.
    fn most_held(&self) -> usize {
        if self.sealer.is_some() { BATCH } else { LARGEST_ROW }
    }

    fn hand_on(&mut self) -> Result<(), BlobError> {
        let sealer = match &mut self.sealer {
            Some(sealer) => sealer,
            none => none.insert(Sealer::begin(&self.shelf)?),
        };
        let empty = sealer.spent.try_recv().unwrap_or_default();
        sealer.take(mem::replace(&mut self.held, empty))
    }

    /// Commits the row of the blob, and so makes it one.
    fn row(shelf: &Shelf, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError> {
        let job = Job { blobs: vec![(digest, bytes)], durability: Durability::Durable, awaited: true, ..Job::default() };
        shelf.writer.write(job).map(drop).map_err(|error| of_blob(&error))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.held.len() == self.most_held() {
            self.hand_on()?;
        }
        let bytes = &bytes[..bytes.len().min(self.most_held() - self.held.len())];
        self.held.extend_from_slice(bytes);
        self.hasher.add(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobDraft for Draft {
    fn finish(self: Box<Self>) -> Result<DraftKept, BlobError> {
        let Self { shelf, hasher, size, held, sealer } = *self;
        match sealer {
            None => {
                let digest = hasher.finish();
                let sealed = shelf.sealing.seal_blob(digest, held).map_err(|error| of_blob(&StoreError::from(error)))?;
                Self::row(&shelf, digest, sealed)?;
                Ok(DraftKept { digest, size })
            }
            Some(mut sealer) => {
                sealer.take(held)?;
                let (mut part, digest) = (sealer.end()?, hasher.finish());
                part.close(digest, size)?;
                let _held = hold(&shelf.dir).map_err(|error| of_blob(&error))?;
                part.rename(&shelf.dir, digest)?;
                Self::row(&shelf, digest, pointer(size))?;
                Ok(DraftKept { digest, size })
            }
        }
    }
}

impl Sealer {
    fn begin(shelf: &Shelf) -> Result<Self, BlobError> {
        let mut part = Part::begin(&shelf.dir, &shelf.sealing)?;
        let ((batches, taken), (done, spent)) = (sync_channel::<Vec<u8>>(WAITING), channel());
        let work = move || {
            for mut batch in taken {
                part.add(&batch)?;
                batch.clear();
                // Nobody takes it back once all has been handed on.
                let _ = done.send(batch);
            }
            Ok(part)
        };
        let thread = Builder::new().name("blob-seal".to_owned()).spawn(work)?;
        Ok(Self { batches: Some(batches), spent, thread: Some(thread) })
    }

    /// Hands a batch on. Only the last one may end in the middle of a piece.
    fn take(&mut self, batch: Vec<u8>) -> Result<(), BlobError> {
        match self.batches.as_ref().map(|batches| batches.send(batch)) {
            Some(Ok(())) => Ok(()),
            // It has ended before its time: it says why.
            Some(Err(_)) | None => Err(self.end().err().unwrap_or_else(ended)),
        }
    }

    /// Waits until all is written.
    fn end(&mut self) -> Result<Part, BlobError> {
        self.batches = None;
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(ended()))
    }
}

fn ended() -> BlobError {
    BlobError::Medium("the thread that seals a blob has ended".to_owned())
}

impl Drop for Sealer {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
