//! A copy of a store as it is at one instant, while others read and write it. The copy is a store itself, but without the keys.
//!
//! The key file never changes and is kept once, elsewhere: beside the copy it would open every blob in it, and whoever had both could go on writing a
//! second ledger under the same name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lockstep_journal::StoreError;
use lockstep_journal::ledger::TreeHead;
use lockstep_model::Digest;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::{of_file, of_sqlite};
use crate::reader::Readers;
use crate::{blobs, files, open};

/// What a copy is called until it is whole.
const PARTIAL: &str = "store.db.partial";

/// What the folder of the files is called until it is whole.
const PARTIAL_FILES: &str = "store.db.partial-blobs";

/// So often a store is read again that somebody opens, compacts or writes back to just when it is to be read: for ten seconds.
const TRIES: u32 = 500;

/// The pause before it is read again.
const PAUSE: Duration = Duration::from_millis(20);

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder for the copy has something in it.
    #[error("{} is not empty: a backup is never written over anything", .0.display())]
    NotEmpty(PathBuf),
    /// Another process is writing one there.
    #[error("another backup is being written to {}", .0.display())]
    UnderWay(PathBuf),
    /// The store could not be read, or the copy not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies the store in `dir` to the folder `to`, which is made if needed and must be empty, and gives the head of the ledger in the copy. It appears
/// there whole and durable or not at all; what a crash left of another try is written over.
///
/// # Errors
/// When there is no store, it cannot be read, or the folder is not empty or cannot be written.
pub fn backup(dir: &Path, to: &Path) -> Result<TreeHead, BackupError> {
    if open::is_empty(&open::database(dir))? {
        return Err(open::missing(dir).into());
    }
    let readers = patiently(|| {
        let readers = Readers::new(dir, true)?;
        readers.check().map(|()| readers)
    })?;
    open::make_directory(to)?;
    let failed = |error: &std::io::Error| BackupError::Store(of_file(to, error));
    let folder = File::open(to).map_err(|error| failed(&error))?;
    match folder.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::UnderWay(to.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    clear(to)?;
    let partial = to.join(PARTIAL);
    let copied = copy(&readers, dir, to, &partial).and_then(|files| {
        let publish = || {
            File::open(&partial)?.sync_all()?;
            if files {
                fs::rename(to.join(PARTIAL_FILES), files::folder(to))?;
            }
            fs::rename(&partial, open::database(to))?;
            folder.sync_all()
        };
        publish().map_err(|error| of_file(to, &error))
    });
    if copied.is_err() {
        // The first error is the one to tell; what stays is removed the next time.
        let _ = clear(to);
    }
    copied?;
    Ok(Readers::new(to, true)?.head()?)
}

/// Sees that there is nothing in the folder but what a crash left of another copy, and removes that.
fn clear(to: &Path) -> Result<(), BackupError> {
    let failed = |error: std::io::Error| BackupError::Store(of_file(to, &error));
    let found = fs::read_dir(to).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // The files get their name before the database: where that is still partial, theirs is a copy's as well.
    let partial = found.iter().any(|entry| entry.file_name() == PARTIAL);
    let is_left = |entry: &fs::DirEntry| {
        let is_of_files = partial && entry.path() == files::folder(to);
        is_of_files || entry.file_name().to_string_lossy().starts_with(PARTIAL)
    };
    if !found.iter().all(is_left) {
        return Err(BackupError::NotEmpty(to.to_owned()));
    }
    for entry in found {
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(failed)?;
    }
    Ok(())
}

/// Copies the database and then the files that it names, of which none is removed meanwhile. Whether there were any.
fn copy(readers: &Readers, dir: &Path, to: &Path, partial: &Path) -> Result<bool, StoreError> {
    let _held = files::hold_if_there(dir)?;
    let named = patiently(|| readers.read(|source| copy_once(source, partial)))?;
    if named.is_empty() {
        return Ok(false);
    }
    files::copy(dir, &named, &to.join(PARTIAL_FILES)).map(|()| true)
}

/// Reads again while somebody else is just at what it needs.
fn patiently<T>(read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 1..TRIES {
        match read() {
            Err(StoreError::Locked) => thread::park_timeout(PAUSE),
            result => return result,
        }
    }
    read()
}

/// All pages in one step and one transaction: others may add to the log meanwhile, but the copy is of the instant at which it began. Gives the files that it names.
fn copy_once(source: &Connection, partial: &Path) -> Result<Vec<Digest>, StoreError> {
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(partial);
    made.map_err(|error| of_file(partial, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut target = Connection::open_with_flags(open::canonical(partial)?, flags).map_err(of_sqlite)?;
    // Nothing of a copy that is not whole is ever used: it needs neither a journal nor syncs of its own.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;").map_err(of_sqlite)?;
    let instant = source.unchecked_transaction().map_err(of_sqlite)?;
    let named = blobs::all(&instant)?.into_iter().filter(|(_, is_file)| *is_file).map(|(blob, _)| blob.digest).collect();
    match Backup::new(source, &mut target).and_then(|backup| backup.step(-1)).map_err(of_sqlite)? {
        StepResult::Done => Ok(named),
        _ => Err(StoreError::Locked),
    }
}
