//! Large blobs as files beside the database: a row of SQLite's would have to be in memory as a whole, and written twice.
//!
//! A file is written under a name of its own, synced, and renamed to its digest before the row that names it is committed. What no row names is what a crash
//! left, and is removed by the next who opens the store to write. A file that is being written is locked, so that another process's is let alone; between
//! the renaming and the row the folder is locked, which keeps it from being swept.

mod draft;
mod part;
mod pieces;
mod reader;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lockstep_journal::StoreError;
use lockstep_journal::sealing::pieces::{HEAD, PIECE, TAG};
use lockstep_model::Digest;

use crate::error::of_file;

pub(crate) use draft::{Draft, Shelf};
pub(crate) use reader::open;

/// What is longer than this is a file: a row of this size is still written in the time of a sync.
pub(crate) const LARGEST_ROW: usize = 1 << 20;

/// What a file is called beside its number until it is whole.
const PART: &str = ".part";

/// Where the files of the store in `dir` are.
pub(crate) fn folder(dir: &Path) -> PathBuf {
    dir.join("blobs")
}

/// Where the bytes of a digest are.
pub(crate) fn path(dir: &Path, digest: Digest) -> PathBuf {
    folder(dir).join(digest.hex())
}

/// The folder, kept from being swept while this is there. Made when there is none.
fn hold(dir: &Path) -> Result<File, StoreError> {
    let folder = folder(dir);
    let open = || {
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => File::open(dir)?.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let held = File::open(&folder)?;
        held.lock_shared()?;
        Ok(held)
    };
    open().map_err(|error| of_file(&folder, &error))
}

/// The folder, kept from being swept while this is there; none when there is none.
pub(crate) fn hold_if_there(dir: &Path) -> Result<Option<File>, StoreError> {
    if folder(dir).exists() { hold(dir).map(Some) } else { Ok(None) }
}

/// Removes what a crash left half-written, and the files that no row names as `named` tells. Waits for who keeps the folder only if it is told to: what is
/// not removed now is removed the next time.
pub(crate) fn sweep(dir: &Path, wait: bool, named: impl Fn(Digest) -> Result<bool, StoreError>) -> Result<(), StoreError> {
    let path = folder(dir);
    let failed = |error: io::Error| of_file(&path, &error);
    let folder = match File::open(&path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if wait {
        folder.lock().map_err(failed)?;
    } else if let Err(error) = folder.try_lock() {
        return match error {
            TryLockError::WouldBlock => Ok(()),
            TryLockError::Error(error) => Err(failed(error)),
        };
    }
    for entry in fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let left = match whose(&entry.file_name().to_string_lossy()) {
            Some(Name::Part) => !is_being_written(&entry.path()).map_err(failed)?,
            Some(Name::Of(digest)) => !named(digest)?,
            None => false,
        };
        if left {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// What a name in the folder means.
enum Name {
    Part,
    Of(Digest),
}

fn whose(name: &str) -> Option<Name> {
    if name.ends_with(PART) { Some(Name::Part) } else { format!("sha256:{name}").parse().ok().map(Name::Of) }
}

fn is_being_written(part: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).open(part).map(|file| file.try_lock()) {
        Ok(Ok(())) => Ok(false),
        Ok(Err(TryLockError::WouldBlock)) => Ok(true),
        Ok(Err(TryLockError::Error(error))) | Err(error) => Err(error),
    }
}

/// Whether a file of that many bytes is there, as far as its length tells.
pub(crate) fn is_there(dir: &Path, digest: Digest, size: u64) -> bool {
    fs::metadata(path(dir, digest)).is_ok_and(|found| found.len() == length(size))
}

/// What the files take up, in bytes.
pub(crate) fn sum(dir: &Path) -> u64 {
    let found = fs::read_dir(folder(dir)).into_iter().flatten().flatten();
    found.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// Copies the files of `digests` to the folder `to`, durably. Those that are not there any more are left out: the copy's rows tell of it.
pub(crate) fn copy(dir: &Path, digests: &[Digest], to: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| of_file(to, &error);
    DirBuilder::new().mode(0o700).create(to).map_err(failed)?;
    for digest in digests {
        let mut source = match File::open(path(dir, *digest)) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(of_file(&path(dir, *digest), &error)),
        };
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to.join(digest.hex())).map_err(failed)?;
        io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(failed)?;
    }
    File::open(to).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The length of a file for a blob of `size` bytes.
fn length(size: u64) -> u64 {
    HEAD as u64 + size + size.div_ceil(PIECE as u64) * TAG as u64
}
