//! Performs `files` calls: what is below the mounts that the grant names, and nothing beside it.
//!
//! A mount is opened with the process's own authority in one place. Every path is then resolved below
//! that handle by the kernel, so that neither `..` nor a link, nor one that is swapped in between, leads out. Whatever changes something is durable when
//! it returns: the file is synced, and the directory that names it.

mod artifact;
mod fault;
mod link;
mod look;
mod mount;
mod read;
mod replace;
mod tree;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::{FilesTerms, Granted};
use lockstep_model::Failure;
use lockstep_model::request::{FilesRequest, FilesResponse};

use crate::artifact::Pace;
use crate::mount::Place;
use crate::replace::{Mode, Replacement};

/// A file that goes to a guest or comes from one is at most this long: both hold it in memory.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Reads and changes what is below granted mounts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FilesDriver;

impl FilesDriver {
    /// A driver. It keeps nothing between calls.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    fn run(&self, request: &FilesRequest, terms: &FilesTerms, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        let deadline = Instant::now() + context.time_left.min(LONGEST);
        let place = Place::open(terms, request.path())?;
        let replacement = |mode| Replacement { place: &place, key: context.idempotency_key, mode };
        match request {
            FilesRequest::Read { .. } => read::whole(&place, FILE_LIMIT).map(|bytes| FilesResponse::Bytes(bytes.into())),
            FilesRequest::Write { bytes, .. } => replacement(Mode::Kept).write(&bytes.0, FILE_LIMIT).map(nothing),
            FilesRequest::AppendText { text, .. } => replace::append(&place, text).map(nothing),
            FilesRequest::Look { .. } => look::look(&place).map(FilesResponse::Entry),
            FilesRequest::Entries { .. } => look::entries(&place).map(FilesResponse::Names),
            FilesRequest::MakeDirectory { .. } => tree::make(&place).map(nothing),
            FilesRequest::Remove { .. } => tree::remove(&place).map(nothing),
            FilesRequest::Link { target, .. } => link::point(&place, target, context.idempotency_key).map(nothing),
            FilesRequest::Digest { .. } => read::digest(&place, deadline).map(FilesResponse::Digest),
            FilesRequest::DiskFree { .. } => look::disk_free(&place).map(FilesResponse::Free),
            FilesRequest::Keep { artifact, .. } => artifact::keep(&place, artifact, &Pace { context, deadline }).map(FilesResponse::Kept),
            FilesRequest::Place { digest, executable, .. } => {
                let replacement = replacement(Mode::Exactly(if *executable { 0o755 } else { 0o644 }));
                artifact::place(&replacement, *digest, &Pace { context, deadline }).map(nothing)
            }
        }
    }
}

impl Driver<FilesRequest> for FilesDriver {
    fn perform(&self, call: &Granted<FilesRequest>, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        self.run(call.request(), call.terms(), context)
    }
}

fn nothing((): ()) -> FilesResponse {
    FilesResponse::Nothing
}
