//! Makes directories and removes whatever stands somewhere; both are content with finding it done.

use std::io;

use lockstep_model::Failure;

use crate::fault::fault;
use crate::mount::{Named, Place, sync_directory};

/// Makes the directory and those above it.
///
/// Each directory is synced even when its child was there already: a call done again after a crash must not trust what the crash may have taken back.
pub(crate) fn make(place: &Place<'_>) -> Result<(), Failure> {
    if place.is_mount() {
        return Ok(());
    }
    let mut parent = ".";
    let ends = place.relative.match_indices('/').map(|(position, _)| position).chain([place.relative.len()]);
    for end in ends {
        let path = &place.relative[..end];
        match place.root.create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => require_directory(place, path)?,
            result => result.map_err(|error| fault("make directory", place.shown, &error))?,
        }
        place.root.open_dir(parent).and_then(|directory| sync_directory(&directory)).map_err(|error| fault("make directory", place.shown, &error))?;
        parent = path;
    }
    Ok(())
}

fn require_directory(place: &Place<'_>, path: &str) -> Result<(), Failure> {
    let metadata = place.root.metadata(path).map_err(|error| fault("make directory", place.shown, &error))?;
    if metadata.is_dir() {
        return Ok(());
    }
    Err(Failure::problem("files.exists", format!("cannot make directory `{}`: `{path}` of the mount is a file", place.shown)))
}

/// Removes a file, a link as such, or a directory and all in it. A link in the tree is removed, not followed.
pub(crate) fn remove(place: &Place<'_>) -> Result<(), Failure> {
    let failed = |error: io::Error| fault("remove", place.shown, &error);
    if !place.is_mount() && is_gone(place.root.open_dir(place.parent_path())) {
        return Ok(());
    }
    let Named { parent, name } = place.named("remove")?;
    let removed = match parent.symlink_metadata(name) {
        Ok(metadata) if metadata.is_dir() => parent.remove_dir_all(name),
        Ok(_) => parent.remove_file(name),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        Ok(()) | Err(_) => sync_directory(&parent).map_err(failed),
    }
}

fn is_gone<T>(opened: io::Result<T>) -> bool {
    opened.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}
