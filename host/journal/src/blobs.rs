//! Bytes kept beside the journal under their digest: large bodies and artifacts, of any size and in constant memory.

mod behind;

use std::io::{self, Read, Seek, Write};

use lockstep_model::{Digest, Hasher};

use crate::store::StoreError;

pub use behind::Behind;

/// So much at a time is moved from one place to another.
const CHUNK: usize = 64 << 10;

/// Content-addressed bytes. A `Store` is one.
pub trait Blobs: Send + Sync {
    /// Begins a blob. Nothing of it is there until it is finished; one that is dropped leaves nothing behind.
    ///
    /// # Errors
    /// When there is no place for it.
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError>;

    /// Opens a blob to read it, or parts of it; none when it is not there (any more).
    ///
    /// # Errors
    /// When it cannot be read, or is seen at once not to be what the digest says.
    fn open_blob(&self, digest: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError>;

    /// Keeps `bytes` durably and gives their digest. Keeping the same bytes twice is the same as once.
    ///
    /// # Errors
    /// When they cannot be made durable.
    fn keep_blob(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let mut draft = self.draft()?;
        draft.write_all(bytes)?;
        draft.finish().map(|kept| kept.digest)
    }

    /// The bytes of that digest, checked against it; none when they are not there (any more). For what fits into memory.
    ///
    /// # Errors
    /// When they cannot be read, or are not what the digest says.
    fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        let Some(mut reader) = self.open_blob(digest)? else { return Ok(None) };
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        if Digest::of(&bytes) == digest { Ok(Some(bytes)) } else { Err(BlobError::Corrupt(digest)) }
    }

    /// Reads a blob from its beginning to its end, compares it with its digest, and gives its size; none when it is not there (any more).
    ///
    /// # Errors
    /// When it cannot be read, or is not what the digest says.
    fn check_blob(&self, digest: Digest) -> Result<Option<u64>, BlobError> {
        let Some(reader) = self.open_blob(digest)? else { return Ok(None) };
        let size = reader.size();
        if Digest::of_reader(reader)? == digest { Ok(Some(size)) } else { Err(BlobError::Corrupt(digest)) }
    }
}

/// A blob being written.
///
/// # Errors
/// Errors of `Write` come from a `BlobError`, and can be made one again.
pub trait BlobDraft: Write + Send {
    /// Keeps what was written, durably. Keeping the same bytes twice is the same as once.
    ///
    /// # Errors
    /// When it cannot be made durable; then nothing of it is there.
    fn finish(self: Box<Self>) -> Result<DraftKept, BlobError>;
}

/// A blob being read.
///
/// # Guarantees
/// Every byte given has been authenticated; who reads from the beginning to the end learns with the last bytes at the latest when the whole is not what its
/// digest says.
/// # Errors
/// Errors of `Read` come from a `BlobError`, and can be made one again.
pub trait BlobReader: Read + Seek + Send {
    /// Its bytes in all.
    fn size(&self) -> u64;
}

/// What has become of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftKept {
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// A draft that keeps nothing: for bytes that are there already, and are only to be compared.
#[derive(Default)]
pub struct Measure {
    hasher: Hasher,
    size: u64,
}

impl Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.add(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobDraft for Measure {
    fn finish(self: Box<Self>) -> Result<DraftKept, BlobError> {
        Ok(DraftKept { digest: self.hasher.finish(), size: self.size })
    }
}

impl BlobReader for io::Cursor<Vec<u8>> {
    fn size(&self) -> u64 {
        self.get_ref().len() as u64
    }
}

/// Why a blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes found are not the bytes kept, or not kept under the store's key.
    #[error("the stored bytes of {0} are not what was kept: they were changed, or sealed with another key")]
    Corrupt(Digest),
    /// They are encrypted, and there is no key to open them with.
    #[error("the bytes of {digest} cannot be opened: {why}")]
    NoKey {
        /// Whose.
        digest: Digest,
        /// What is wrong with the key.
        why: Box<StoreError>,
    },
    /// The medium failed: full, read-only, gone.
    #[error("{0}")]
    Medium(String),
}

impl From<BlobError> for io::Error {
    fn from(error: BlobError) -> Self {
        Self::other(error)
    }
}

impl From<io::Error> for BlobError {
    /// What was made an error of reading or writing, or what the medium says.
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::Medium(error.to_string()))
    }
}

/// Hands all that a reader gives to `take`, piece by piece.
///
/// # Errors
/// The outer error is the reader's, the inner one what `take` fails with: it ends there.
pub fn pump<E>(reader: &mut dyn Read, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> io::Result<Result<(), E>> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => return Ok(Ok(())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if let Err(error) = take(&chunk[..count]) {
            return Ok(Err(error));
        }
    }
}
