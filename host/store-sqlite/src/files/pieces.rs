//! The pieces of a large blob's file: opened one by one, or ahead of who reads them in order, on a thread of its own beside the hashing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::Builder;

use lockstep_journal::BlobError;
use lockstep_journal::sealing::SealingKey;
use lockstep_journal::sealing::pieces::{FileKey, HEAD, PIECE, TAG};
use lockstep_model::Digest;

use crate::error::{of_blob, of_file};

/// So many are opened ahead at most: half a megabyte.
const AHEAD: usize = 8;

/// Of one file.
pub(super) struct Pieces {
    file: File,
    path: PathBuf,
    key: FileKey,
    /// Of all of them together.
    pub(super) digest: Digest,
    /// Their bytes in all.
    pub(super) size: u64,
}

impl Pieces {
    /// Reads the head, which must be that of a file of this digest and size.
    pub(super) fn of(file: File, path: PathBuf, digest: Digest, size: u64, key: &SealingKey) -> Result<Self, BlobError> {
        let mut head = [0; HEAD];
        file.read_exact_at(&mut head, 0).map_err(|error| cut_off(digest, &path, &error))?;
        let (key, head) = key.open_head(&head).map_err(|_| BlobError::Corrupt(digest))?;
        // The row has the size as well, unsealed: it is of use only where it agrees.
        if head.digest != digest || head.size != size {
            return Err(BlobError::Corrupt(digest));
        }
        Ok(Self { file, path, key, digest, size })
    }

    /// How many there are.
    fn count(&self) -> u64 {
        self.size.div_ceil(PIECE as u64)
    }

    /// Puts the one in that place, which must be there, into `piece`.
    pub(super) fn open(&self, place: u64, piece: &mut Vec<u8>) -> Result<(), BlobError> {
        let start = place * PIECE as u64;
        // At most a piece.
        let length = (self.size - start).min(PIECE as u64) as usize;
        piece.resize(length + TAG, 0);
        let offset = HEAD as u64 + place * (PIECE + TAG) as u64;
        self.file.read_exact_at(piece, offset).map_err(|error| cut_off(self.digest, &self.path, &error))?;
        self.key.open_piece(place, piece).map_err(|_| BlobError::Corrupt(self.digest))
    }
}

/// A file that has less than it should was cut off.
fn cut_off(digest: Digest, path: &Path, error: &io::Error) -> BlobError {
    if error.kind() == io::ErrorKind::UnexpectedEof { BlobError::Corrupt(digest) } else { of_blob(&of_file(path, error)) }
}

/// Those from a place on, in order. Dropped, it opens no more.
pub(super) struct Ahead {
    opened: Receiver<Result<Vec<u8>, BlobError>>,
    /// What has been read, to be filled again.
    spent: Sender<Vec<u8>>,
}

impl Ahead {
    pub(super) fn begin(pieces: Arc<Pieces>, from: u64) -> io::Result<Self> {
        let ((sender, opened), (spent, empty)) = (sync_channel(AHEAD), channel::<Vec<u8>>());
        let work = move || {
            for place in from..pieces.count() {
                let mut piece = empty.try_recv().unwrap_or_default();
                let opened = pieces.open(place, &mut piece).map(|()| piece);
                let failed = opened.is_err();
                if sender.send(opened).is_err() || failed {
                    return;
                }
            }
        };
        Builder::new().name("blob-open".to_owned()).spawn(work)?;
        Ok(Self { opened, spent })
    }

    /// The next one, in the place of `piece`.
    pub(super) fn next(&self, piece: &mut Vec<u8>) -> Result<(), BlobError> {
        let next = self.opened.recv().unwrap_or_else(|_| Err(BlobError::Medium("the thread that opens a blob has ended".to_owned())))?;
        // When it has opened the last one, it takes none back.
        let _ = self.spent.send(std::mem::replace(piece, next));
        Ok(())
    }
}
