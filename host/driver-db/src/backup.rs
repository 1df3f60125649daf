//! Backups: a copy of the whole database as an artifact, its trial in a scratch database, and its way back.
//!
//! Each engine copies with its own means: PostgreSQL and MariaDB by their programs, which the grant names, SQLite by its backup interface. What a copy is said to
//! have (rows and checksum of each table) is of the very moment that it was made at: counted in the snapshot that `pg_dump` reads, read off the dump itself, or
//! counted in the copy.
//!
//! # Guarantees
//! A dump passes in pieces, whatever its size. Passwords go to programs in files of memory that nobody else can open. A restore stops at the first error. A
//! scratch database has a name that only its call has (the beginning of its key), and is dropped however the call ends; after a crash the call is done again
//! and drops it first.
//! # Caveats
//! MariaDB and MySQL cannot take back what changes a schema: a restore over what was there that fails leaves a part of the backup. Their tables without
//! transactions (MyISAM) are in a dump as they were when it came to them.

use std::future::Future;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use lockstep_gate::artifacts::unreadable;
use lockstep_gate::{CallContext, Settled, Tool, ToolEnd, Tools};
use lockstep_grant::{DbWhere, Engine, Program};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbBackup, DbBackupOrder, DbResponse, DbRestore, DbTable};
use serde_json::Value;

use crate::tally::difference;
use crate::{DbDriver, Work, cancelled, fault, mysql, postgres, sqlite};

/// Digits of the call's key in the name of a scratch database: it is found by them, and nobody else has it.
const KEY_SHOWN: usize = 16;
/// How long a scratch database may take to be dropped after the deadline.
pub(crate) const BURIAL: Duration = Duration::from_secs(10);
/// Pieces between two programs, 64 KiB each.
const QUEUE: usize = 16;

/// What is done with backups.
#[derive(Clone, Copy)]
pub(crate) enum Task<'a> {
    Make(&'a DbBackupOrder),
    Verify(&'a DbBackup),
    Restore(&'a DbRestore),
}

/// A task on its way.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) work: &'a Work<'a>,
    pub(crate) task: Task<'a>,
    tools: &'a dyn Tools,
    began: Instant,
}

impl<'a> Job<'a> {
    pub(crate) fn of(work: &'a Work<'a>, tools: &'a dyn Tools) -> Option<Self> {
        let task = match work.ask {
            DbAsk::MakeBackup(order) => Task::Make(order),
            DbAsk::VerifyBackup(backup) => Task::Verify(backup),
            DbAsk::Restore(restore) => Task::Restore(restore),
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) | DbAsk::Execute(_) | DbAsk::Commit(_) | DbAsk::History | DbAsk::Migrate(_) | DbAsk::BackupIn(_) => {
                return None;
            }
        };
        Some(Self { work, task, tools, began: Instant::now() })
    }

    /// How long it may still take.
    pub(crate) fn left(&self) -> Duration {
        self.work.deadline().saturating_sub(self.began.elapsed())
    }

    /// For a part of it, from now on.
    pub(crate) fn context(&self) -> CallContext<'a> {
        CallContext { time_left: self.left(), ..*self.work.context }
    }

    /// The name of its scratch database.
    pub(crate) fn scratch(&self) -> String {
        let key = self.work.context.idempotency_key;
        format!("lockstep_scratch_{}", &key[..key.len().min(KEY_SHOWN)])
    }

    /// Waits for a part of it until the deadline, or until the operator cancels.
    pub(crate) async fn within<T>(&self, part: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            done = part => done,
            () = tokio::time::sleep(self.left()) => Err(self.work.timed_out()),
            () = cancelled(self.work.context.interrupt) => Err(Failure::TimedOut("cancelled by the operator".to_owned())),
        }
    }

    /// That there is time left, between two pieces.
    pub(crate) fn may_go_on(&self) -> Result<(), Failure> {
        if self.work.context.interrupt.is_cancelled() {
            return Err(Failure::TimedOut("cancelled by the operator".to_owned()));
        }
        if self.left().is_zero() { Err(self.work.timed_out()) } else { Ok(()) }
    }

    /// Runs a program to its end. One that did not start, or was told by nobody to end, is told with this driver's code.
    pub(crate) fn run(&self, tool: Tool<'_>) -> Result<ToolEnd, Failure> {
        self.tools.run(tool, &self.context()).map_err(|failure| match failure {
            Failure::Failed(problem) if problem.retryable => Failure::retryable("db.tool", problem.message),
            Failure::Failed(problem) => fault::plain("db.tool", problem.message),
            other @ (Failure::Denied(_) | Failure::TimedOut(_) | Failure::InDoubt(_)) => other,
        })
    }

    /// A program of the grant.
    pub(crate) fn program<'p>(&self, program: &'p Option<Program>, name: &str) -> Result<&'p Program, Failure> {
        let missing =
            || fault::plain("db.tool", format!("the grant names no `{name}` for database `{}`: add it to `programs` of its `backup`", self.work.terms.id));
        program.as_ref().ok_or_else(missing)
    }

    /// The bytes of a backup.
    pub(crate) fn open(&self, backup: &DbBackup) -> Result<Box<dyn Read + Send>, Failure> {
        Ok(Box::new(self.work.context.artifacts.open(backup.artifact.digest)?))
    }
}

/// Carries a task out.
pub(crate) fn perform(driver: &DbDriver, job: &Job<'_>) -> Result<DbResponse, Failure> {
    match job.task {
        Task::Make(_) => {}
        Task::Verify(backup) | Task::Restore(DbRestore { backup, .. }) => fits(backup, job.work.terms.engine)?,
    }
    match &job.work.terms.at {
        DbWhere::File(path) => sqlite::backup::perform(path, job),
        DbWhere::Server { .. } | DbWhere::Secret(_) => match job.work.terms.engine {
            Engine::Postgresql => postgres::backup::perform(driver, job),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => mysql::backup::perform(driver, job),
        },
    }
}

/// What became of a restore whose outcome was lost.
pub(crate) fn settle(driver: &DbDriver, job: &Job<'_>, note: Option<&Value>) -> Result<Settled<DbResponse>, Failure> {
    let Task::Restore(restore) = job.task else { return Ok(Settled::NobodyToAsk) };
    let Some(note) = note else {
        return Ok(Settled::DidNot("it had not begun to change anything: that would have been noted first".to_owned()));
    };
    match &job.work.terms.at {
        DbWhere::File(path) => sqlite::backup::settle(path, restore, note),
        DbWhere::Server { .. } | DbWhere::Secret(_) => match job.work.terms.engine {
            Engine::Postgresql => postgres::backup::settle(driver, job, note),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => mysql::backup::settle(driver, job, restore),
        },
    }
}

/// What the bytes of this engine's backups are.
pub(crate) fn format(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgresql => "postgresql-archive",
        Engine::Mariadb => "mariadb-sql",
        Engine::Mysql => "mysql-sql",
        Engine::Sqlite => "sqlite-file",
    }
}

fn fits(backup: &DbBackup, engine: Engine) -> Result<(), Failure> {
    if backup.engine == engine.word() && backup.format == format(engine) {
        return Ok(());
    }
    let DbBackup { artifact, engine: made_of, format: found, database, .. } = backup;
    let text =
        format!("`{}` is a backup of `{database}`, which is {made_of} ({found}), and this database is {} ({})", artifact.id, engine.word(), format(engine));
    Err(fault::plain("db.other-backup", text))
}

/// That a backup has come to what was ordered.
pub(crate) fn expect(order: &DbBackupOrder, tables: &[DbTable], bytes: Option<u64>) -> Result<(), Failure> {
    let small = |text: String| Err(fault::plain("db.backup-too-small", text));
    for (label, wanted) in &order.at_least_rows {
        let rows = tables.iter().find(|table| table.label == *label).map(|table| table.rows.as_str());
        match (rows, rows.and_then(|rows| rows.parse::<u64>().ok()) >= wanted.parse().ok()) {
            (Some(_), true) => {}
            (Some(rows), false) => return small(format!("table `{label}` has {rows} rows, expected at least {wanted}")),
            (None, _) => return small(format!("there is no table `{label}`, which was to have at least {wanted} rows")),
        }
    }
    match (bytes, order.at_least_bytes.as_ref().and_then(|wanted| wanted.parse::<u64>().ok())) {
        (Some(bytes), Some(wanted)) if bytes < wanted => small(format!("the backup has {bytes} bytes, expected at least {wanted}")),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// That what was restored is what the backup was made of.
pub(crate) fn same(backup: &DbBackup, found: &[DbTable]) -> Result<(), Failure> {
    match difference(&backup.tables, found) {
        None => Ok(()),
        Some(difference) => Err(fault::plain("db.backup-differs", format!("`{}` does not give what it was made of: {difference}", backup.artifact.id))),
    }
}

/// That a program has ended well.
pub(crate) fn well(name: &str, end: &ToolEnd) -> Result<(), Failure> {
    if end.code == 0 { Ok(()) } else { Err(fault::plain("db.tool", format!("`{name}` ended with {}: {}", end.code, end.complaint))) }
}

/// Drops what was made for a trial, also when the time is over; a failure of that does not hide the first one.
pub(crate) fn after<T>(result: Result<T, Failure>, dropped: Result<(), Failure>) -> Result<T, Failure> {
    match (result, dropped) {
        (Ok(done), Ok(())) => Ok(done),
        (Err(failure), Ok(())) => Err(failure),
        (Ok(_), Err(failure)) => Err(failure),
        (Err(failure), Err(left)) => {
            tracing::warn!(%left, "a scratch database is left");
            Err(failure)
        }
    }
}

/// Waits for a scratch database to be dropped, whatever the deadline says.
pub(crate) async fn bury(dropping: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let late = |_| Err(Failure::retryable("db.connection-lost", "a scratch database could not be dropped in time"));
    tokio::time::timeout(BURIAL, dropping).await.unwrap_or_else(late)
}

/// What one thread writes and a program reads, a few pieces at a time. It ends well only when its writer says so.
pub(crate) struct Pipe {
    pieces: Receiver<Piece>,
    rest: Vec<u8>,
    at: usize,
    ended: bool,
}

enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// The writing end.
#[derive(Clone)]
pub(crate) struct PipeEnd(SyncSender<Piece>);

pub(crate) fn pipe() -> (PipeEnd, Pipe) {
    let (sender, pieces) = sync_channel(QUEUE);
    (PipeEnd(sender), Pipe { pieces, rest: Vec::new(), at: 0, ended: false })
}

impl PipeEnd {
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.send(Piece::Bytes(bytes.to_vec())).map_err(|_| fault::plain("db.tool", "the program that was to read it has ended"))
    }

    /// Says that this was all. Dropped without it, the reader fails.
    pub(crate) fn finish(self) {
        // Who does not read any more need not hear of the end.
        drop(self.0.send(Piece::End));
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() && !self.ended {
            match self.pieces.recv() {
                Ok(Piece::Bytes(bytes)) => (self.rest, self.at) = (bytes, 0),
                Ok(Piece::End) => self.ended = true,
                Err(_) => return Err(io::Error::other("what was to be restored broke off")),
            }
        }
        let count = buffer.len().min(self.rest.len() - self.at);
        buffer[..count].copy_from_slice(&self.rest[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Copies an artifact piece by piece.
pub(crate) fn copy(reader: &mut dyn Read, mut take: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    lockstep_gate::artifacts::pump(reader, |piece| take(piece)).map_err(unreadable)?
}
