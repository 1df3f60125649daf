//! Gives room back to the disk: free pages of the database and the log. In small transactions, so that a run in another process goes on meanwhile.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lockstep_journal::StoreError;
use rusqlite::Connection;

use crate::error::of_sqlite;
use crate::files;
use crate::open::{self, Options};

/// So many pages are moved in one transaction: 4 MiB, for which another writer waits some milliseconds.
const PAGES_AT_ONCE: u64 = 1024;

/// How long it waits for its turn beside a run that writes all the time: nobody waits for room on the disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a store takes up, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Its database.
    pub database: u64,
    /// The log beside it, of what has not been written back to it.
    pub log: u64,
    /// How much of the database is free.
    pub free: u64,
    /// The files of large blobs beside it. What a crash left of some is removed as the store is opened.
    pub files: u64,
}

/// Compacts the store in `dir` and gives its sizes before and after. Others may read and write meanwhile; what they still read of the log stays.
///
/// # Errors
/// When there is none, or it cannot be written.
pub fn compact(dir: &Path) -> Result<(Sizes, Sizes), StoreError> {
    let (connection, _) = open::for_writing(dir, &Options { create: false, ..Options::default() })?;
    connection.busy_timeout(PATIENCE).map_err(of_sqlite)?;
    connection.execute_batch("PRAGMA synchronous = FULL").map_err(of_sqlite)?;
    let before = sizes(&connection, dir)?;
    // Others may free pages all the time: what is free now is enough.
    for _ in 0..number(&connection, "freelist_count")?.div_ceil(PAGES_AT_ONCE) {
        all_rows(&connection, &format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    }
    all_rows(&connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    let after = sizes(&connection, dir)?;
    Ok((before, after))
}

fn sizes(connection: &Connection, dir: &Path) -> Result<Sizes, StoreError> {
    let page = number(connection, "page_size")?;
    let mut log = open::database(dir).into_os_string();
    log.push("-wal");
    Ok(Sizes {
        database: page * number(connection, "page_count")?,
        log: fs::metadata(log).map_or(0, |log| log.len()),
        free: page * number(connection, "freelist_count")?,
        files: files::sum(dir),
    })
}

fn number(connection: &Connection, pragma: &str) -> Result<u64, StoreError> {
    let number: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(of_sqlite)?;
    Ok(number.cast_unsigned())
}

/// SQLite does such work row by row.
fn all_rows(connection: &Connection, pragma: &str) -> Result<(), StoreError> {
    let mut statement = connection.prepare(pragma).map_err(of_sqlite)?;
    let mut rows = statement.query([]).map_err(of_sqlite)?;
    while rows.next().map_err(of_sqlite)?.is_some() {}
    Ok(())
}
