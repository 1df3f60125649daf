//! A large blob's file while it is written, removed again unless it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use lockstep_journal::blobs::Behind;
use lockstep_journal::sealing::pieces::{FileKey, HEAD, Head, NUMBER, PIECE, TAG};
use lockstep_journal::sealing::{NotSealedHere, SealingKey};
use lockstep_journal::{BlobError, StoreError};
use lockstep_model::Digest;

use super::{PART, folder, hold, path};
use crate::error::{of_blob, of_file};
use crate::key::random;

/// A file being written, removed again unless it is renamed.
pub(crate) struct Part {
    /// Locked, so that nobody takes it for what a crash left.
    file: File,
    path: PathBuf,
    key: FileKey,
    /// The place of the next piece.
    next: u64,
    /// None once the file is durable.
    behind: Option<Behind>,
    renamed: bool,
}

impl Part {
    pub(crate) fn begin(dir: &Path, key: &SealingKey) -> Result<Self, BlobError> {
        let number = *random::<NUMBER>().map_err(|error| of_blob(&error))?.expose();
        let key = key.of_file(number).map_err(unsealed)?;
        let name: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder(dir).join(name + PART);
        // Until it is locked: it looks like what a crash left.
        let _held = hold(dir).map_err(|error| of_blob(&error))?;
        let begin = || {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.lock()?;
            (&file).write_all(&[0; HEAD])?;
            let behind = Behind::new(file.try_clone()?);
            Ok((file, behind))
        };
        let (file, behind) = begin().map_err(|error| of_blob(&of_file(&path, &error)))?;
        Ok(Self { file, path, key, next: 0, behind: Some(behind), renamed: false })
    }

    /// Seals bytes that begin with a piece, and writes them.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let mut piece = Vec::with_capacity(PIECE + TAG);
        for plain in bytes.chunks(PIECE) {
            piece.clear();
            piece.extend_from_slice(plain);
            self.key.seal_piece(self.next, &mut piece).map_err(unsealed)?;
            self.file.write_all(&piece).map_err(|error| self.failed(&error))?;
            self.next += 1;
        }
        if let Some(behind) = &mut self.behind {
            behind.wrote(bytes.len()).map_err(|error| of_blob(&of_file(&self.path, &error)))?;
        }
        Ok(())
    }

    /// Writes the head and makes all of it durable.
    pub(crate) fn close(&mut self, digest: Digest, size: u64) -> Result<(), BlobError> {
        let head = self.key.seal_head(&Head { digest, size }).map_err(unsealed)?;
        let behind = self.behind.take().map_or(Ok(()), Behind::finish);
        behind.and_then(|()| self.file.write_all_at(&head, 0)).and_then(|()| self.file.sync_all()).map_err(|error| self.failed(&error))
    }

    /// Gives it its name. What has that name already has the same bytes, or was damaged.
    pub(crate) fn rename(&mut self, dir: &Path, digest: Digest) -> Result<(), BlobError> {
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

fn unsealed(error: NotSealedHere) -> BlobError {
    of_blob(&StoreError::from(error))
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.renamed {
            // What stays is swept the next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}
