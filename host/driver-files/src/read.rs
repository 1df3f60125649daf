//! Reads files: whole ones up to a limit, longer ones only for their digest.

use std::io::{self, Read};
use std::time::Instant;

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::fs::{File, OpenOptions};
use lockstep_model::{Digest, Failure};

use crate::fault::{fault, kind, too_long};
use crate::mount::Place;

/// The whole of a file of at most `limit` bytes.
pub(crate) fn whole(place: &Place<'_>, limit: u64) -> Result<Vec<u8>, Failure> {
    let file = open(place)?;
    let mut bytes = Vec::new();
    // It may grow while it is read: the limit is on what comes, not on what was announced.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| fault("read", place.shown, &error))?;
    if bytes.len() as u64 > limit {
        return Err(too_long("read", place.shown, limit));
    }
    Ok(bytes)
}

/// The digest of a file of any size, as far as the deadline lets it be read.
pub(crate) fn digest(place: &Place<'_>, deadline: Instant) -> Result<Digest, Failure> {
    Digest::of_reader(Timed { file: open(place)?, deadline }).map_err(|error| fault("read", place.shown, &error))
}

pub(crate) fn open(place: &Place<'_>) -> Result<File, Failure> {
    let fault = |error: io::Error| fault("read", place.shown, &error);
    // Opening a pipe would wait for somebody to write to it.
    let file = place.root.open_with(place.relative, OpenOptions::new().read(true).nonblock(true)).map_err(fault)?;
    require_file("read", place, &file)?;
    Ok(file)
}

/// Refuses everything but a regular file: a device has no end, a pipe waits.
pub(crate) fn require_file(doing: &str, place: &Place<'_>, file: &File) -> Result<(), Failure> {
    let metadata = file.metadata().map_err(|error| fault(doing, place.shown, &error))?;
    if metadata.is_file() {
        return Ok(());
    }
    let found = if metadata.is_dir() { "a directory" } else { "a pipe, a socket or a device" };
    Err(kind(doing, place.shown, found, "a file"))
}

/// Looks at the deadline before each read.
struct Timed {
    file: File,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.file.read(buffer)
    }
}
