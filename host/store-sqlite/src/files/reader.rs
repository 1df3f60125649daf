//! A large blob being read: any part by itself, each piece opened and checked, the whole compared with its digest when it is read from end to end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use lockstep_journal::sealing::SealingKey;
use lockstep_journal::sealing::pieces::{HEAD, NUMBER, PIECE, TAG};
use lockstep_journal::{BlobError, BlobReader};
use lockstep_model::{Digest, Hasher};

use super::path;
use crate::error::{of_blob, of_file};

/// A large blob.
struct Reader {
    file: File,
    key: Arc<SealingKey>,
    digest: Digest,
    number: [u8; NUMBER],
    size: u64,
    position: u64,
    /// The piece that was opened last, and its place.
    piece: Vec<u8>,
    place: Option<u64>,
    /// Of all pieces so far and the place of the next, as long as they are read in order.
    whole: Option<(Hasher, u64)>,
}

/// Opens the file of a digest; none when there is none.
pub(crate) fn open(dir: &Path, digest: Digest, size: u64, key: Arc<SealingKey>) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
    let path = path(dir, digest);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(of_blob(&of_file(&path, &error))),
    };
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, 0).map_err(|error| cut_off(digest, &path, &error))?;
    let head = key.open_head(&head).map_err(|_| BlobError::Corrupt(digest))?;
    // The row has the size as well, unsealed: it is of use only where it agrees.
    if head.digest != digest || head.size != size {
        return Err(BlobError::Corrupt(digest));
    }
    let whole = Some((Hasher::default(), 0));
    Ok(Some(Box::new(Reader { file, key, digest, number: head.number, size, position: 0, piece: Vec::new(), place: None, whole })))
}

/// A file that has less than it should was cut off.
fn cut_off(digest: Digest, path: &Path, error: &io::Error) -> BlobError {
    if error.kind() == io::ErrorKind::UnexpectedEof { BlobError::Corrupt(digest) } else { of_blob(&of_file(path, error)) }
}

impl Reader {
    fn load(&mut self, place: u64) -> Result<(), BlobError> {
        self.place = None;
        let start = place * PIECE as u64;
        // At most a piece.
        let length = (self.size - start).min(PIECE as u64) as usize;
        self.piece.resize(length + TAG, 0);
        let offset = HEAD as u64 + place * (PIECE + TAG) as u64;
        self.file.read_exact_at(&mut self.piece, offset).map_err(|error| cut_off(self.digest, Path::new("blobs"), &error))?;
        self.key.open_piece(self.number, place, &mut self.piece).map_err(|_| BlobError::Corrupt(self.digest))?;
        self.compare(place)?;
        self.place = Some(place);
        Ok(())
    }

    /// Who has the key could have sealed other bytes under this digest, but not found others that have it.
    fn compare(&mut self, place: u64) -> Result<(), BlobError> {
        let Some((mut hasher, next)) = self.whole.take() else { return Ok(()) };
        if next != place {
            return Ok(());
        }
        hasher.add(&self.piece);
        if (place + 1) * PIECE as u64 >= self.size {
            return if hasher.finish() == self.digest { Ok(()) } else { Err(BlobError::Corrupt(self.digest)) };
        }
        self.whole = Some((hasher, next + 1));
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let (place, within) = (self.position / PIECE as u64, (self.position % PIECE as u64) as usize);
        if self.place != Some(place) {
            self.load(place)?;
        }
        let rest = &self.piece[within..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(by) => (self.position, by),
            SeekFrom::End(by) => (self.size, by),
        };
        self.position = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl BlobReader for Reader {
    fn size(&self) -> u64 {
        self.size
    }
}
