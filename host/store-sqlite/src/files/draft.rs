//! A blob being written: held while it is small, and from then on sealed piece by piece into a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_journal::sealing::SealingKey;
use lockstep_journal::sealing::pieces::{HEAD, Head, NUMBER, PIECE, TAG};
use lockstep_journal::{BlobDraft, BlobError, DraftKept, Durability, StoreError};
use lockstep_model::{Digest, Hasher};

use super::{LARGEST_ROW, PART, folder, hold, path};
use crate::blobs::pointer;
use crate::commit::Job;
use crate::error::{of_blob, of_file};
use crate::key::random;
use crate::writer::Writer;

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
    /// What has not been written to the file.
    held: Vec<u8>,
    part: Option<Part>,
}

/// A file being written, removed again unless it is renamed.
struct Part {
    /// Locked, so that nobody takes it for what a crash left.
    file: File,
    path: PathBuf,
    number: [u8; NUMBER],
    /// The place of the next piece.
    next: u64,
    renamed: bool,
}

impl Draft {
    pub(crate) fn new(shelf: Shelf) -> Self {
        Self { shelf, hasher: Hasher::default(), size: 0, held: Vec::new(), part: None }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.held.extend_from_slice(bytes);
        self.hasher.add(bytes);
        self.size += bytes.len() as u64;
        if self.held.len() <= if self.part.is_some() { PIECE } else { LARGEST_ROW } {
            return Ok(());
        }
        let part = match &mut self.part {
            Some(part) => part,
            none => none.insert(Part::begin(&self.shelf.dir).map_err(|error| of_blob(&error))?),
        };
        let whole = self.held.len() - self.held.len() % PIECE;
        part.add(&self.shelf.sealing, &self.held[..whole])?;
        self.held.drain(..whole);
        Ok(())
    }

    /// Commits the row of the blob, and so makes it one.
    fn row(shelf: &Shelf, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError> {
        let job = Job { blobs: vec![(digest, bytes)], durability: Durability::Durable, awaited: true, ..Job::default() };
        shelf.writer.write(job).map(drop).map_err(|error| of_blob(&error))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What comes in one write is held as a whole.
        let bytes = &bytes[..bytes.len().min(LARGEST_ROW)];
        self.add(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobDraft for Draft {
    fn finish(self: Box<Self>) -> Result<DraftKept, BlobError> {
        let Self { shelf, hasher, size, held, part } = *self;
        let digest = hasher.finish();
        match part {
            None => {
                let sealed = shelf.sealing.seal_blob(digest, held).map_err(|error| of_blob(&StoreError::from(error)))?;
                Self::row(&shelf, digest, sealed)?;
            }
            Some(mut part) => {
                part.add(&shelf.sealing, &held)?;
                part.close(&shelf.sealing, digest, size)?;
                let _held = hold(&shelf.dir).map_err(|error| of_blob(&error))?;
                part.rename(&shelf.dir, digest)?;
                Self::row(&shelf, digest, pointer(size))?;
            }
        }
        Ok(DraftKept { digest, size })
    }
}

impl Part {
    fn begin(dir: &Path) -> Result<Self, StoreError> {
        let number = *random::<NUMBER>()?.expose();
        let name: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder(dir).join(name + PART);
        // Until it is locked: it looks like what a crash left.
        let _held = hold(dir)?;
        let begin = || {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.lock()?;
            (&file).write_all(&[0; HEAD])?;
            Ok(file)
        };
        let file = begin().map_err(|error| of_file(&path, &error))?;
        Ok(Self { file, path, number, next: 0, renamed: false })
    }

    /// Seals bytes that begin with a piece, and writes them.
    fn add(&mut self, key: &SealingKey, bytes: &[u8]) -> Result<(), BlobError> {
        let mut piece = Vec::with_capacity(PIECE + TAG);
        for plain in bytes.chunks(PIECE) {
            piece.clear();
            piece.extend_from_slice(plain);
            key.seal_piece(self.number, self.next, &mut piece).map_err(|error| of_blob(&StoreError::from(error)))?;
            self.file.write_all(&piece).map_err(|error| self.failed(&error))?;
            self.next += 1;
        }
        Ok(())
    }

    /// Writes the head and makes all of it durable.
    fn close(&mut self, key: &SealingKey, digest: Digest, size: u64) -> Result<(), BlobError> {
        let head = key.seal_head(&Head { number: self.number, digest, size }).map_err(|error| of_blob(&StoreError::from(error)))?;
        self.file.write_all_at(&head, 0).and_then(|()| self.file.sync_all()).map_err(|error| self.failed(&error))
    }

    /// Gives it its name. What has that name already has the same bytes, or was damaged.
    fn rename(&mut self, dir: &Path, digest: Digest) -> Result<(), BlobError> {
        let rename = || {
            fs::rename(&self.path, path(dir, digest))?;
            File::open(folder(dir))?.sync_all()
        };
        rename().map_err(|error| self.failed(&error))?;
        self.renamed = true;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> BlobError {
        of_blob(&of_file(&self.path, error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.renamed {
            // What stays is swept the next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}
