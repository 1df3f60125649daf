//! What is there: one entry, the names in a directory, the space that is left.

use std::io;

use cap_std::fs::{Metadata, MetadataExt as _};
use lockstep_model::request::{Entry, EntryKind};
use lockstep_model::{Failure, Timestamp};

use crate::fault::fault;
use crate::mount::Place;

/// Names that one answer holds at most, as the contract says.
const NAMES: usize = 10_000;

/// What stands there, without following a last link. None also when something on the way is not a directory.
pub(crate) fn look(place: &Place<'_>) -> Result<Option<Entry>, Failure> {
    let metadata = if place.is_mount() { place.root.dir_metadata() } else { place.root.symlink_metadata(place.relative) };
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(fault("look at", place.shown, &error)),
    };
    let kind = kind(&metadata);
    let target = match kind {
        // The text of the link, wherever it points: reading it follows nothing.
        EntryKind::Link => {
            let target = place.root.read_link_contents(place.relative).map_err(|error| fault("look at", place.shown, &error))?;
            Some(target.to_string_lossy().into_owned())
        }
        EntryKind::File | EntryKind::Directory | EntryKind::Other => None,
    };
    let modified = metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1000);
    Ok(Some(Entry { kind, size: metadata.len().to_string(), modified: Timestamp::from_microseconds(modified), target }))
}

/// The names in a directory, sorted. A name that is not UTF-8 is shown as well as can be.
pub(crate) fn entries(place: &Place<'_>) -> Result<Vec<String>, Failure> {
    let fault = |error: io::Error| fault("list", place.shown, &error);
    let mut names = Vec::new();
    for entry in place.root.read_dir(place.relative).map_err(fault)? {
        if names.len() == NAMES {
            return Err(Failure::fixed_limit("files.limit", format!("cannot list `{}`: more than {NAMES} names in it", place.shown)));
        }
        names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Bytes free on the mount's file system for the user that runs lockstep, decimal.
pub(crate) fn disk_free(place: &Place<'_>) -> Result<String, Failure> {
    let free = rustix::fs::fstatvfs(&place.root).map_err(|errno| fault("measure", place.shown, &errno.into()))?;
    Ok(u128::from(free.f_bavail).saturating_mul(u128::from(free.f_frsize)).to_string())
}

fn kind(metadata: &Metadata) -> EntryKind {
    if metadata.is_symlink() {
        EntryKind::Link
    } else if metadata.is_file() {
        EntryKind::File
    } else if metadata.is_dir() {
        EntryKind::Directory
    } else {
        EntryKind::Other
    }
}
