//! Reads on connections of their own, so that readers and the writer never wait for each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use lockstep_journal::ledger::{Frontier, TreeHead};
use lockstep_journal::record::{FORMAT, InvalidRecord};
use lockstep_journal::store::RawEntry;
use lockstep_journal::{SealedRecord, StoreError};
use lockstep_model::{Digest, RunId};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use crate::error::{of_file, of_sqlite};
use crate::open;
use crate::schema;

/// Connections kept for the next reader: as many as read at once in a small server.
const MOST_IDLE: usize = 4;

/// So often a store that others open and close meanwhile is read, for a second.
const LOOKS: u32 = 50;

/// The pause before it is read again.
const PAUSE: Duration = Duration::from_millis(20);

/// Opens connections to read with, and keeps some.
pub(crate) struct Readers {
    path: PathBuf,
    /// Whether nothing may be made beside the database, not even SQLite's own files.
    bare: bool,
    idle: Mutex<Vec<Connection>>,
}

/// How a read finds the file.
#[derive(PartialEq, Eq)]
enum Look {
    /// Together with its log, where others may be writing.
    Shared,
    /// The log and no index of it: a copy, or what a crash left.
    Orphaned,
    /// Nobody has it open.
    Alone { length: u64, changed: Option<SystemTime> },
}

impl Readers {
    pub(crate) fn new(dir: &Path, bare: bool) -> Result<Self, StoreError> {
        Ok(Self { path: open::canonical(&open::database(dir))?, bare, idle: Mutex::default() })
    }

    /// Closes the connections kept, so that the writer's is the last one and cleans up.
    pub(crate) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads with one of the connections; more than once when somebody opened or closed the store just then.
    pub(crate) fn read<T>(&self, use_it: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.bare {
            return self.read_kept(use_it);
        }
        for _ in 1..LOOKS {
            match self.read_bare(&use_it)? {
                Some(found) => return Ok(found),
                None => thread::park_timeout(PAUSE),
            }
        }
        self.read_bare(use_it)?.ok_or(StoreError::Locked)
    }

    /// As `read`, for what cannot be taken back: what was read then may be of no one time, and is an error.
    fn read_once<T>(&self, use_it: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.bare { self.read_bare(use_it)?.ok_or(StoreError::Locked) } else { self.read_kept(use_it) }
    }

    fn read_kept<T>(&self, use_it: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect("mode=ro")?,
        };
        let result = use_it(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        result
    }

    /// What was read; nothing when it may be of two times.
    fn read_bare<T>(&self, use_it: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let look = self.look()?;
        let connection = match look {
            Look::Shared => self.connect("mode=ro"),
            // Without locks and with the log's index in memory, nothing need be made.
            Look::Orphaned => self.connect("mode=ro&vfs=unix-none").and_then(|connection| {
                connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE").map_err(of_sqlite)?;
                Ok(connection)
            }),
            Look::Alone { .. } => self.connect("mode=ro&immutable=1"),
        };
        let result = connection.and_then(|connection| use_it(&connection));
        // Without a log that others write to no lock is taken: what was read while the file was changed may be of two times.
        let sure = (look == Look::Shared && result.is_ok()) || self.look()? == look;
        if sure { result.map(Some) } else { Ok(None) }
    }

    fn look(&self) -> Result<Look, StoreError> {
        let beside = |suffix: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            fs::metadata(name)
        };
        let log = beside("-wal").is_ok_and(|log| log.len() > 0);
        if log {
            return Ok(if beside("-shm").is_ok() { Look::Shared } else { Look::Orphaned });
        }
        let found = fs::metadata(&self.path).map_err(|error| of_file(&self.path, &error))?;
        Ok(Look::Alone { length: found.len(), changed: found.modified().ok() })
    }

    fn connect(&self, how: &str) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(uri(&self.path, how), flags).map_err(of_sqlite)?;
        schema::prepare(&connection)?;
        Ok(connection)
    }

    /// Whether it is a store that this program reads.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.read(|connection| if schema::is_ours(connection)? { Ok(()) } else { Err(StoreError::Damaged("its database is empty".into())) })
    }

    pub(crate) fn verifier(&self) -> Result<String, StoreError> {
        self.read(|connection| connection.query_row("SELECT verifier FROM head", [], |row| row.get(0)).map_err(of_sqlite))
    }

    pub(crate) fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        self.read(|connection| {
            let mut place = connection.prepare_cached("SELECT last, next FROM run WHERE run = ?1").map_err(of_sqlite)?;
            let place = place.query_row([run.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(of_sqlite)?;
            let Some((last, next)) = place else { return Ok(Vec::new()) };
            backwards(connection, run, last, next)
        })
    }

    pub(crate) fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT first, run FROM run ORDER BY first").map_err(of_sqlite)?;
            let mut rows = statement.query([]).map_err(of_sqlite)?;
            let mut runs = Vec::new();
            while let Some(row) = rows.next().map_err(of_sqlite)? {
                runs.push(RunId::from_bytes(array(row, 1).ok_or_else(|| damaged(row, "no run"))?));
            }
            Ok(runs)
        })
    }

    pub(crate) fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        let Ok(from) = i64::try_from(from) else { return Ok(()) };
        self.read_once(|connection| {
            let mut statement = connection.prepare_cached("SELECT idx, run, seq, hash, bytes FROM record WHERE idx >= ?1 ORDER BY idx").map_err(of_sqlite)?;
            let mut rows = statement.query([from]).map_err(of_sqlite)?;
            while let Some(row) = rows.next().map_err(of_sqlite)? {
                if !visit(entry(row)?) {
                    return Ok(());
                }
            }
            expect_all_in_reach(connection)
        })
    }

    pub(crate) fn head(&self) -> Result<TreeHead, StoreError> {
        self.read(|connection| {
            let kept = connection.query_row("SELECT size, frontier FROM head", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)));
            let (size, frontier) = kept.map_err(of_sqlite)?;
            let frontier = u64::try_from(size).ok().and_then(|size| Frontier::from_bytes(size, &frontier));
            frontier.map(|frontier| frontier.head()).ok_or_else(|| StoreError::Damaged("the ledger's head is malformed".into()))
        })
    }

    pub(crate) fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT note FROM checkpoint ORDER BY size").map_err(of_sqlite)?;
            let notes = statement.query_map([], |row| row.get(0)).map_err(of_sqlite)?;
            notes.collect::<Result<_, _>>().map_err(of_sqlite)
        })
    }
}

/// The records of a run from its last one to its first, put in order.
fn backwards(connection: &Connection, run: RunId, last: i64, next: i64) -> Result<Vec<SealedRecord>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT seq, hash, bytes, before FROM record WHERE idx = ?1").map_err(of_sqlite)?;
    let (mut records, mut index) = (Vec::new(), Some(last));
    for seq in (0..next).rev() {
        let missing = || StoreError::Damaged(format!("record {seq} of run {run} is not where it should be"));
        let mut rows = statement.query([index.ok_or_else(missing)?]).map_err(of_sqlite)?;
        let row = rows.next().map_err(of_sqlite)?.ok_or_else(missing)?;
        index = row.get(3).map_err(of_sqlite)?;
        if number(row, 0) != u64::try_from(seq).ok() {
            return Err(missing());
        }
        records.push(record(run, row)?);
    }
    records.reverse();
    Ok(records)
}

/// No run is read to an earlier end than its own: together they are read with as many records as the ledger has, each up to one that is that run's. What is
/// not there at all the ledger tells.
fn expect_all_in_reach(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT (SELECT ifnull(sum(next), 0) FROM run) = (SELECT size FROM head)
        AND NOT EXISTS (SELECT 1 FROM run JOIN record ON record.idx = run.last WHERE record.run <> run.run OR record.seq <> run.next - 1)";
    match connection.query_row(sql, [], |row| row.get(0)).map_err(of_sqlite)? {
        true => Ok(()),
        false => Err(StoreError::Damaged("its table of runs does not fit its records".into())),
    }
}

/// A record that is not what its hash says is not handed out: nothing may be built on it.
fn record(run: RunId, row: &Row<'_>) -> Result<SealedRecord, StoreError> {
    let seq = row.get_ref(0).ok().and_then(|value| value.as_i64().ok()).unwrap_or(-1);
    let broken = |what: &str| StoreError::Damaged(format!("record {seq} of run {run} {what}"));
    let hash = array(row, 1).map(Digest).ok_or_else(|| broken("has no hash"))?;
    let bytes = bytes(row, 2).ok_or_else(|| broken("has no bytes"))?;
    let record = SealedRecord::read(bytes.to_vec()).map_err(|error| match error {
        InvalidRecord::NewerFormat { found } => StoreError::NewerRecord { found, known: FORMAT },
        InvalidRecord::Form(_) | InvalidRecord::NotCanonical => broken(&error.to_string()),
    })?;
    if record.hash != hash {
        return Err(broken("was changed: it is not what its hash says"));
    }
    if record.record.run != run || i64::try_from(record.record.seq) != Ok(seq) {
        return Err(broken("is filed under another name than its own"));
    }
    Ok(record)
}

fn entry<'a>(row: &'a Row<'_>) -> Result<RawEntry<'a>, StoreError> {
    let index = number(row, 0).ok_or_else(|| damaged(row, "a negative index"))?;
    let run = array(row, 1).map(RunId::from_bytes).ok_or_else(|| damaged(row, "no run"))?;
    let seq = number(row, 2).ok_or_else(|| damaged(row, "a negative number"))?;
    let hash = array(row, 3).map(Digest).ok_or_else(|| damaged(row, "no hash"))?;
    let bytes = bytes(row, 4).ok_or_else(|| damaged(row, "no bytes"))?;
    Ok(RawEntry { index, run, seq, bytes, hash })
}

fn damaged(row: &Row<'_>, what: &str) -> StoreError {
    let index = row.get_ref(0).ok().and_then(|value| value.as_i64().ok()).unwrap_or(-1);
    StoreError::Damaged(format!("ledger entry {index} has {what}"))
}

fn number(row: &Row<'_>, column: usize) -> Option<u64> {
    row.get_ref(column).ok()?.as_i64().ok()?.try_into().ok()
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Option<&'a [u8]> {
    match row.get_ref(column).ok()? {
        ValueRef::Blob(bytes) => Some(bytes),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => None,
    }
}

fn array<const N: usize>(row: &Row<'_>, column: usize) -> Option<[u8; N]> {
    bytes(row, column)?.try_into().ok()
}

/// SQLite's URI of a file. Bytes with a meaning there, or outside ASCII, are escaped.
fn uri(path: &Path, how: &str) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => uri.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02x}")),
        }
    }
    uri.push('?');
    uri + how
}
