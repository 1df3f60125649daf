//! SQLite: copied page by page by its own backup interface, from one moment of the file, and back the same way in one transaction.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_gate::Settled;
use lockstep_model::Failure;
use lockstep_model::request::{DbBackup, DbBackupOrder, DbResponse, DbRestore, DbTable};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{BUSY, lost};
use crate::backup::{self, Job, Task, copy, expect, same};
use crate::fault;
use crate::tally::{RowHash, Tally, difference};

/// Pages between two looks at the deadline.
const PAGES: i32 = 1024;
/// The pause while another holds the file.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn perform(path: &Path, job: &Job<'_>) -> Result<DbResponse, Failure> {
    let scratch = Scratch::beside(path, job)?;
    match job.task {
        Task::Make(order) => make(path, &scratch, order, job).map(DbResponse::Backup),
        Task::Verify(backup) => tried(&scratch, backup, job).map(|_| DbResponse::Verified),
        Task::Restore(restore) => put_back(path, &scratch, restore, job).map(|()| DbResponse::Restored),
    }
}

/// Compares what is there with the backup, and with what was there before: nothing lies between.
pub(crate) fn settle(path: &Path, restore: &DbRestore, note: &Value) -> Result<Settled<DbResponse>, Failure> {
    // What a crash has left in the middle is taken back by SQLite when the file is opened, and it has to be allowed to.
    let found = tables(&open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?, &mut || Ok(()))?;
    if difference(&restore.backup.tables, &found).is_none() {
        return Ok(Settled::Happened(DbResponse::Restored, "the database has every row of the backup, and no other".to_owned()));
    }
    let before: Vec<DbTable> = serde_json::from_value(note["before"].clone()).unwrap_or_default();
    Ok(match difference(&before, &found) {
        None => Settled::DidNot("the database has what it had before".to_owned()),
        Some(difference) => Settled::Unknown(format!("it has neither what it had before nor what the backup has: {difference}")),
    })
}

/// A file beside the database, on the same disk, that is gone when the call ends. What a crashed host has left of it is removed first.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(path: &Path, job: &Job<'_>) -> Result<Self, Failure> {
        let scratch = Self(path.with_file_name(format!(".{}", job.scratch())));
        scratch.remove().map_err(|error| fault::plain("db.connect", format!("`{}` cannot be removed: {error}", scratch.0.display())))?;
        Ok(scratch)
    }

    fn remove(&self) -> std::io::Result<()> {
        for kept in ["", "-journal", "-wal", "-shm"] {
            let mut file = self.0.clone().into_os_string();
            file.push(kept);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, file = %self.0.display(), "a scratch file is left");
        }
    }
}

fn make(path: &Path, scratch: &Scratch, order: &DbBackupOrder, job: &Job<'_>) -> Result<DbBackup, Failure> {
    let source = read_only(path)?;
    // A transaction for reading: every page is of this moment, whoever writes meanwhile.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(|error| lost(&error))?;
    let mut to = open(&scratch.0, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    pages(&source, &mut to, job)?;
    // The copy is one file, whatever its source keeps beside itself.
    to.pragma_update(None, "journal_mode", "DELETE").map_err(|error| lost(&error))?;
    drop(to);
    let copied = read_only(&scratch.0)?;
    let tables = tables(&copied, &mut || job.may_go_on())?;
    drop(copied);
    let mut file = File::open(&scratch.0).map_err(|error| fault::plain("db.error", format!("the copy cannot be read: {error}")))?;
    expect(order, &tables, file.metadata().ok().map(|metadata| metadata.len()))?;
    let mut sink = job.work.context.artifacts.create(&order.artifact)?;
    copy(&mut file, |piece| job.may_go_on().and_then(|()| sink.append(piece)))?;
    let (database, engine) = (job.work.terms.id.clone(), job.work.terms.engine);
    let (format, server_version) = (backup::format(engine).to_owned(), rusqlite::version().to_owned());
    Ok(DbBackup { artifact: sink.finish()?, database, engine: engine.word().to_owned(), format, server_version, tables })
}

/// The backup as a file that has been looked through and compared.
fn tried(scratch: &Scratch, backup: &DbBackup, job: &Job<'_>) -> Result<Connection, Failure> {
    let unwritten = |error: std::io::Error| {
        let code = if error.kind() == std::io::ErrorKind::StorageFull { "db.full" } else { "db.error" };
        fault::plain(code, format!("`{}` cannot be written: {error}", scratch.0.display()))
    };
    let mut file = File::options().write(true).create_new(true).open(&scratch.0).map_err(unwritten)?;
    copy(&mut *job.open(backup)?, |piece| job.may_go_on().and_then(|()| file.write_all(piece).map_err(unwritten)))?;
    drop(file);
    let connection = read_only(&scratch.0)?;
    let says: String = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0)).map_err(|error| lost(&error))?;
    if says != "ok" {
        return Err(fault::plain("db.backup-differs", format!("`{}` is damaged: {says}", backup.artifact.id)));
    }
    same(backup, &tables(&connection, &mut || job.may_go_on())?)?;
    Ok(connection)
}

fn put_back(path: &Path, scratch: &Scratch, DbRestore { backup, over }: &DbRestore, job: &Job<'_>) -> Result<(), Failure> {
    let mut target = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let things: i64 = target.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(|error| lost(&error))?;
    if things > 0 && !over {
        let text = format!("database `{}` has {things} tables, indexes or other things in it: `restore-over` takes their place", job.work.terms.id);
        return Err(fault::plain("db.not-empty", text));
    }
    // Tried before anything is touched.
    let source = tried(scratch, backup, job)?;
    let before = tables(&target, &mut || job.may_go_on())?;
    job.work.context.notes.note(&json!({ "before": before }))?;
    pages(&source, &mut target, job)
}

fn read_only(path: &Path) -> Result<Connection, Failure> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| match lost(&error) {
        Failure::Failed(problem) => fault::plain("db.connect", format!("`{}`: {}", path.display(), problem.message)),
        failure @ (Failure::Denied(_) | Failure::TimedOut(_) | Failure::InDoubt(_)) => failure,
    })?;
    connection.busy_timeout(BUSY).map_err(|error| lost(&error))?;
    Ok(connection)
}

/// Copies every page. All of them are there at the end, or none is.
fn pages(source: &Connection, to: &mut Connection, job: &Job<'_>) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| lost(&error);
    let backup = Backup::new(source, to).map_err(failed)?;
    loop {
        job.may_go_on()?;
        match backup.step(PAGES).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Whoever holds it is waited for.
            _ => std::thread::park_timeout(PAUSE),
        }
    }
}

/// Rows and checksum of every table.
fn tables(connection: &Connection, may_go_on: &mut dyn FnMut() -> Result<(), Failure>) -> Result<Vec<DbTable>, Failure> {
    /// Rows between two looks at the deadline.
    const ROWS: u64 = 10_000;
    let failed = |error: rusqlite::Error| lost(&error);
    // A virtual table has no pages of its own; those that it keeps are tables like others.
    let mut named = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        .map_err(failed)?;
    let names = named.query_map((), |row| row.get::<_, String>(0)).and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>).map_err(failed)?;
    let mut tally = Tally::default();
    for name in names {
        tally.table(&name);
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""))).map_err(failed)?;
        let width = statement.column_count();
        let (mut rows, mut count) = (statement.raw_query(), 0_u64);
        while let Some(row) = rows.next().map_err(failed)? {
            let mut hash = RowHash::new();
            for index in 0..width {
                take(&mut hash, row.get_ref(index).map_err(failed)?);
            }
            tally.row(&name, hash);
            count += 1;
            if count.is_multiple_of(ROWS) {
                may_go_on()?;
            }
        }
    }
    tally.finish()
}

/// A value, what kind it is, and where it ends.
fn take(hash: &mut RowHash, value: ValueRef<'_>) {
    let mut say = |kind: u8, bytes: &[u8]| {
        hash.take(&[kind]);
        hash.take(&(bytes.len() as u64).to_le_bytes());
        hash.take(bytes);
    };
    match value {
        ValueRef::Null => say(0, &[]),
        ValueRef::Integer(number) => say(1, &number.to_le_bytes()),
        ValueRef::Real(number) => say(2, &number.to_bits().to_le_bytes()),
        ValueRef::Text(bytes) => say(3, bytes),
        ValueRef::Blob(bytes) => say(4, bytes),
    }
}
