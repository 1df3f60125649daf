//! A large blob being read: any part by itself, each piece opened and checked, the whole compared with its digest when it is read from end to end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use lockstep_journal::sealing::SealingKey;
use lockstep_journal::sealing::pieces::PIECE;
use lockstep_journal::{BlobError, BlobReader};
use lockstep_model::{Digest, Hasher};

use super::path;
use super::pieces::{Ahead, Pieces};
use crate::error::{of_blob, of_file};

/// Who has read so many pieces in order reads on, most likely to the end: a procedure that looks at a part asks for no more at a time.
const READS_ON: u64 = 16;

/// A large blob.
struct Reader {
    pieces: Arc<Pieces>,
    position: u64,
    /// The piece that was opened last, and its place.
    piece: Vec<u8>,
    place: Option<u64>,
    /// Of all pieces so far and the place of the next, as long as they are read in order.
    whole: Option<(Hasher, u64)>,
    /// Opens the pieces after that. None before it is known that they will be wanted.
    ahead: Option<Ahead>,
}

/// Opens the file of a digest; none when there is none.
pub(crate) fn open(dir: &Path, digest: Digest, size: u64, key: &SealingKey) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
    let path = path(dir, digest);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(of_blob(&of_file(&path, &error))),
    };
    let pieces = Arc::new(Pieces::of(file, path, digest, size, key)?);
    Ok(Some(Box::new(Reader { pieces, position: 0, piece: Vec::new(), place: None, whole: Some((Hasher::default(), 0)), ahead: None })))
}

impl Reader {
    fn load(&mut self, place: u64) -> Result<(), BlobError> {
        self.place = None;
        let in_order = self.whole.as_ref().is_some_and(|(_, next)| *next == place);
        // What is ahead goes on where the order does: once that is left, it is never taken up again.
        let ahead =
            if in_order && place >= READS_ON { Some(self.ahead.take().map_or_else(|| Ahead::begin(Arc::clone(&self.pieces), place), Ok)?) } else { None };
        match &ahead {
            Some(ahead) => ahead.next(&mut self.piece)?,
            None => self.pieces.open(place, &mut self.piece)?,
        }
        self.ahead = ahead;
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
        if (place + 1) * PIECE as u64 >= self.pieces.size {
            return if hasher.finish() == self.pieces.digest { Ok(()) } else { Err(BlobError::Corrupt(self.pieces.digest)) };
        }
        self.whole = Some((hasher, next + 1));
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.pieces.size || buffer.is_empty() {
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
            SeekFrom::End(by) => (self.pieces.size, by),
        };
        self.position = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl BlobReader for Reader {
    fn size(&self) -> u64 {
        self.pieces.size
    }
}
