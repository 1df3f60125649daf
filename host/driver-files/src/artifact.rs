//! Between files and artifacts: a file into the store, and bytes of the store out again.

use lockstep_journal::{BlobError, Blobs};
use lockstep_model::request::SealedArtifact;
use lockstep_model::{Digest, Failure};

use crate::mount::Place;
use crate::read;

/// The largest artifact, as the contract says.
pub(crate) const LIMIT: u64 = 64 * 1024 * 1024;

/// Copies a file into the store. Whether the id is one, and whether the run has another artifact of it already, is the gate's to know.
pub(crate) fn keep(place: &Place<'_>, id: &str, blobs: &dyn Blobs) -> Result<SealedArtifact, Failure> {
    let bytes = read::whole(place, LIMIT)?;
    let digest = blobs.keep_blob(&bytes).map_err(|error| failed("keep", &error))?;
    Ok(SealedArtifact { id: id.to_owned(), digest, size: bytes.len().to_string() })
}

/// The bytes of an artifact.
pub(crate) fn bytes(digest: Digest, blobs: &dyn Blobs) -> Result<Vec<u8>, Failure> {
    blobs.blob(digest).map_err(|error| failed("read", &error))?.ok_or_else(|| {
        Failure::problem("artifact.corrupt", format!("the bytes of the artifact {digest} are not in the store any more: its retention has removed them"))
    })
}

fn failed(doing: &str, error: &BlobError) -> Failure {
    match error {
        BlobError::Corrupt(_) | BlobError::NoKey { .. } => Failure::problem("artifact.corrupt", error.to_string()),
        BlobError::Medium(why) => Failure::problem("files.io", format!("the store could not {doing} an artifact: {why}")),
    }
}
