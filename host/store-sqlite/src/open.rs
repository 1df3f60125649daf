//! Finds or makes a store on disk: directory, keys, database, in an order that a crash or a second process cannot upset.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lockstep_journal::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::error::{of_file, of_sqlite};
use crate::key::Keys;
use crate::{blobs, files, schema};

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether it is made when there is none.
    pub create: bool,
    /// Whether nothing at all may be written or made, not even a file of SQLite's own beside the database. Needs no key.
    pub read_only: bool,
    /// How large the database may grow; what would not fit then fails as on a full disk.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    /// A store to write to, made when there is none.
    fn default() -> Self {
        Self { create: true, read_only: false, max_bytes: None }
    }
}

/// Where the database of the store in `dir` is.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("store.db")
}

/// A connection to write with, and the keys.
pub(crate) fn for_writing(dir: &Path, options: &Options) -> Result<(Connection, Keys), StoreError> {
    let path = database(dir);
    let exists = !is_empty(&path)?;
    if !exists && !options.create {
        return Err(missing(dir));
    }
    if !exists {
        make_directory(dir)?;
    }
    // A store that lost its keys must not quietly get others.
    let keys = if exists { Keys::read(dir)? } else { Keys::read_or_make(dir)? };
    // Two processes that open a new store at once would otherwise both make its tables.
    keys.file.lock().map_err(|error| of_file(&crate::key::path(dir), &error))?;
    let mut connection = connect(&path)?;
    let verifier = keys.signer.verifier().to_string();
    if !schema::is_ours(&connection)? {
        schema::create(&connection, &verifier)?;
    }
    keys.file.unlock().map_err(|error| of_file(&crate::key::path(dir), &error))?;
    if connection.is_readonly("main").map_err(of_sqlite)? {
        return Err(StoreError::ReadOnly);
    }
    schema::prepare_writer(&mut connection, options.max_bytes)?;
    let kept: String = connection.query_row("SELECT verifier FROM head", [], |row| row.get(0)).map_err(of_sqlite)?;
    keys.expect(&kept)?;
    files::sweep(dir, false, |digest| blobs::names_file(&connection, digest))?;
    Ok((connection, keys))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    // SQLite gives its other files the mode of this one.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => writable(path)?,
        Err(error) => return Err(of_file(path, &error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(canonical(path)?, flags).map_err(of_sqlite)?;
    schema::prepare(&connection)?;
    Ok(connection)
}

/// Asks the system whether the file may be written: SQLite would only say that it cannot open it.
fn writable(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(StoreError::ReadOnly),
        Err(error) => Err(of_file(path, &error)),
    }
}

/// The path without links in it: SQLite is told to follow none, so that the database cannot be exchanged for another file.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, StoreError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Ok(path.to_owned()) };
    Ok(dir.canonicalize().map_err(|error| of_file(dir, &error))?.join(name))
}

/// Whether there is nothing yet: no file, or one that was made but never written.
pub(crate) fn is_empty(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.len() == 0),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => Ok(true),
        Err(error) => Err(of_file(path, &error)),
    }
}

pub(crate) fn missing(dir: &Path) -> StoreError {
    StoreError::Missing(dir.display().to_string())
}

pub(crate) fn make_directory(dir: &Path) -> Result<(), StoreError> {
    let make = || {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        // The new directory's own entry must survive as well.
        if let Some(parent) = dir.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    };
    make().map_err(|error| of_file(dir, &error))
}
