//! Bytes kept beside the journal under their digest: large bodies and artifacts.

use lockstep_model::Digest;

use crate::store::StoreError;

/// Content-addressed bytes. A `Store` is one.
pub trait Blobs: Send + Sync {
    /// Keeps `bytes` durably and gives their digest. Keeping the same bytes twice is the same as once.
    ///
    /// # Errors
    /// When they cannot be made durable.
    fn keep_blob(&self, bytes: &[u8]) -> Result<Digest, BlobError>;

    /// The bytes of that digest, checked against it; none when they are not there (any more).
    ///
    /// # Errors
    /// When they cannot be read, or are not what the digest says.
    fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError>;
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
