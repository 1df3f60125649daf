//! The tables, and how a connection is set up for reading and writing them.

use std::ffi::c_int;
use std::time::Duration;

use lockstep_journal::StoreError;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use rusqlite::{ErrorCode, ffi};

use crate::error::of_sqlite;

/// SQLite's `application_id`: the file says whose it is.
const APPLICATION: i64 = 0x4c6b_7374;

/// SQLite's `user_version`: the version of the tables.
const FORMAT: u32 = 1;

/// How long a transaction waits for that of another process. Theirs last milliseconds; one that lasts seconds is stuck.
const BUSY: Duration = Duration::from_secs(5);

/// The commit that fills the log beyond 2 MiB writes it back to the database, and the next ones write over it from its start. That takes three syncs,
/// once in some eighty effects; but a sync of a log that no longer grows takes half the time.
const LOG_PAGES: c_int = 512;

/// `idx` counts from 0 in the order of commits. A run's records are found from its last one backwards: `before` is the index of the one before it. An index
/// over all records would have a page for every run under way written anew at each commit; the rows of the runs under way share a few pages.
/// `blob.bytes` are encrypted; of a large blob they are the size of its file, in eight bytes, fewer than anything encrypted has.
/// Times are microseconds since 1970. `kept` has for every blob how many records the ledger had when it was last kept: beside the blob, whose row would be written whole again.
const TABLES: &str = "
CREATE TABLE record (
    idx    INTEGER PRIMARY KEY,
    run    BLOB NOT NULL,
    seq    INTEGER NOT NULL,
    before INTEGER,
    hash   BLOB NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;
CREATE TABLE run (
    run   BLOB PRIMARY KEY,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    next  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    bytes  BLOB NOT NULL
) STRICT;
CREATE TABLE kept (
    digest BLOB PRIMARY KEY,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE lease (
    environment TEXT PRIMARY KEY,
    run         BLOB,
    token       INTEGER NOT NULL,
    process     TEXT,
    holder      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    since       INTEGER NOT NULL,
    beat        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE wake (
    run BLOB PRIMARY KEY,
    at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_in_time ON wake (at, run);
CREATE TABLE act (
    id     INTEGER PRIMARY KEY,
    run    BLOB NOT NULL,
    actor  TEXT NOT NULL,
    posted INTEGER NOT NULL,
    act    TEXT NOT NULL,
    answer TEXT
) STRICT;
CREATE INDEX act_open ON act (run, id) WHERE answer IS NULL;
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE head (
    only     INTEGER PRIMARY KEY CHECK (only = 0),
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    verifier TEXT NOT NULL
) STRICT;
";

/// What every connection needs.
pub(crate) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY).map_err(of_sqlite)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Text in the schema of a store from elsewhere is not trusted to call functions.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;").map_err(of_sqlite)
}

/// What the one writing connection needs beside that. Deleted secrets are overwritten.
pub(crate) fn prepare_writer(connection: &mut Connection, max_bytes: Option<u64>) -> Result<(), StoreError> {
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;").map_err(of_sqlite)?;
    connection.wal_hook(Some(write_back)).map_err(of_sqlite)?;
    let Some(max_bytes) = max_bytes else { return Ok(()) };
    let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(of_sqlite)?;
    let pages = i64::try_from(max_bytes / u64::from(page.max(1))).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).map_err(of_sqlite)
}

/// After each commit. SQLite's own way (`wal_autocheckpoint`) would say nothing of a disk that failed, which tells of it once: the next sync would go well, and
/// the log be written over though the database lacks what was in it. What passes (another process is at it, no room just now) waits for the next commit.
fn write_back(log: &mut Wal, pages: c_int) -> rusqlite::Result<()> {
    if pages < LOG_PAGES {
        return Ok(());
    }
    match log.checkpoint() {
        Err(error) if has_failed(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether a disk has failed: what it has nobody knows then.
pub(crate) fn has_failed(error: &rusqlite::Error) -> bool {
    let is_of_the_disk = |code| code != ffi::SQLITE_IOERR_SHMSIZE;
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) && error.sqlite_error().is_none_or(|error| is_of_the_disk(error.extended_code))
}

/// Whether the database is one of ours that this program reads. False: it is empty.
pub(crate) fn is_ours(connection: &Connection) -> Result<bool, StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(of_sqlite);
    let (application, format) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    if application == APPLICATION {
        let found = u32::try_from(format).unwrap_or(u32::MAX);
        return match found {
            0 => Err(StoreError::Damaged("its database has no format".into())),
            FORMAT => Ok(true),
            _ => Err(StoreError::NewerFormat { found, known: FORMAT }),
        };
    }
    if application == 0 && format == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(false);
    }
    Err(StoreError::Damaged("its database is not one of Lockstep".into()))
}

/// Makes the tables in an empty database, whose free pages can be given back a few at a time (`compact`). The caller keeps other processes from doing the same.
pub(crate) fn create(connection: &Connection, verifier: &str) -> Result<(), StoreError> {
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;").map_err(of_sqlite)?;
    let fill = || {
        connection.execute_batch(TABLES)?;
        connection.execute("INSERT INTO head VALUES (0, 0, x'', ?1)", [verifier])?;
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"))
    };
    fill().map_err(of_sqlite)
}
