//! Performs `db` calls: one statement or one transaction each, on PostgreSQL, MariaDB, MySQL and SQLite; and backups of whole databases, see `backup`.
//!
//! The only crate that links the clients of databases. Every call is a transaction of its own: a read in one that the server holds to reading, an effect in
//! one whose end can be asked for afterwards: by the transaction's id where the server tells (PostgreSQL), else by a row of the same transaction
//! (`lockstep_ledger`, where the grant allows it).
//!
//! # Guarantees
//! A statement is sent prepared, its values beside it and never in it, and a server takes one statement in such a message. A deadline and a cancel reach the
//! server, and it knows the deadline itself, for when this host dies meanwhile. No row longer than the grant's `bytes` is taken into memory from PostgreSQL. What the server's certificate says is verified unless the grant says
//! `tls = "off"` or the connection stays on this machine.
//! # Caveats
//! Connections are kept between calls: what a session can be made to remember (variables, temporary tables, settings) the grant refuses. A table of MariaDB or MySQL
//! without transactions (MyISAM) keeps what a statement does, whatever becomes of the call. SQLite itself has
//! the row that it is at in memory, however long it is.

mod backup;
mod fault;
mod history;
mod line;
mod mysql;
mod postgres;
mod rows;
mod server;
mod sqlite;
mod tally;
mod tentative;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lockstep_gate::{CallContext, Driver, Interrupt, Settled, Tools, Trial};
use lockstep_grant::{DbTerms, DbWhere, Engine, Granted};
use lockstep_model::request::{DbAsk, DbDone, DbMigration, DbPart, DbRequest, DbResponse, DbStatement};
use lockstep_model::{EffectClass, Failure};
use lockstep_tls::Trust;
use serde_json::Value;

use crate::backup::Job;
use crate::line::{Kept, Mover};
use crate::server::Server;

/// How often the operator's wish to cancel is looked for.
const GLANCE: Duration = Duration::from_millis(100);
/// How much longer than this host the server waits before it stops a statement by itself: this host is to be the first, and to say why. It is for the host
/// that has died meanwhile.
const GRACE: Duration = Duration::from_secs(2);
/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// For a statement of a migration's script: nothing is bound, and nobody wants its rows.
static NO_VALUES: DbStatement = DbStatement { sql: String::new(), parameters: Vec::new(), timeout_milliseconds: None, limit_rows: Some(0), idempotent: false };

/// Talks to databases. Calls may come from many threads at once, but not from those of an asynchronous runtime: each blocks its thread.
pub struct DbDriver {
    trust: Trust,
    postgres: Kept<postgres::Session>,
    mysql: Kept<mysql::Session>,
    sqlite: sqlite::Watch,
    /// Starts what makes backups and restores them.
    tools: Arc<dyn Tools>,
}

/// One call, as it was granted.
#[derive(Clone, Copy)]
struct Work<'a> {
    call: &'a Granted<DbRequest>,
    terms: &'a DbTerms,
    ask: &'a DbAsk,
    context: &'a CallContext<'a>,
    /// It is rolled back in the end.
    tentative: bool,
}

impl<'a> Work<'a> {
    fn of(call: &'a Granted<DbRequest>, context: &'a CallContext<'a>) -> Self {
        Self { call, terms: call.terms(), ask: &call.request().ask, context, tentative: false }
    }

    fn server(&self) -> Result<Server, Failure> {
        Server::of(self.terms, |id| std::str::from_utf8(self.call.secret(id)?.expose()).ok())
    }

    /// The statements that are run, each with how many rows it must concern.
    fn parts(&self) -> Vec<(&'a DbStatement, Option<u32>)> {
        match self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::History | DbAsk::MakeBackup(_) | DbAsk::BackupIn(_) | DbAsk::VerifyBackup(_) | DbAsk::Restore(_) => Vec::new(),
            DbAsk::Migrate(_) => self.terms.statements.iter().map(|_| (&NO_VALUES, None)).collect(),
            DbAsk::Query(statement) | DbAsk::Execute(statement) => vec![(statement, None)],
            DbAsk::Commit(transaction) => transaction.parts.iter().map(|DbPart { statement, expect_rows }| (statement, *expect_rows)).collect(),
        }
    }

    fn reads(&self) -> bool {
        match self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) | DbAsk::History | DbAsk::MakeBackup(_) | DbAsk::BackupIn(_) | DbAsk::VerifyBackup(_) => true,
            DbAsk::Execute(_) | DbAsk::Commit(_) | DbAsk::Migrate(_) | DbAsk::Restore(_) => false,
        }
    }

    /// The answer to what has been asked, from what its statements gave.
    fn answer(&self, mut done: Vec<DbDone>) -> DbResponse {
        match self.ask {
            DbAsk::Query(_) | DbAsk::History => DbResponse::Rows(done.pop().map(|done| done.returned).unwrap_or_default()),
            // Backups are no statements.
            DbAsk::Open | DbAsk::Ping | DbAsk::MakeBackup(_) | DbAsk::BackupIn(_) | DbAsk::VerifyBackup(_) | DbAsk::Restore(_) => DbResponse::Alive,
            DbAsk::Execute(_) | DbAsk::Commit(_) => DbResponse::Done(done),
            DbAsk::Migrate(_) => DbResponse::Migrated,
        }
    }

    fn deadline(&self) -> Duration {
        self.context.time_left.min(LONGEST)
    }

    fn timed_out(&self) -> Failure {
        Failure::TimedOut(format!("{:?} had passed, and database `{}` was told to stop", self.deadline(), self.terms.id))
    }

    /// What the ledger has of a call, as its answer.
    fn recorded(done: &str) -> Result<DbResponse, Failure> {
        let unreadable = |error| fault::plain("db.error", format!("the row that the call left in `lockstep_ledger` cannot be read: {error}"));
        serde_json::from_str::<Vec<DbDone>>(done).map(DbResponse::Done).map_err(unreadable)
    }
}

/// Whether the id of its transaction is noted before its COMMIT. A migration is asked for by its row of the history, and a restore notes for itself.
fn is_noted(call: &Granted<DbRequest>) -> bool {
    let asked_by_id = matches!(call.request().ask, DbAsk::Execute(_) | DbAsk::Commit(_));
    call.terms().engine == Engine::Postgresql && call.class() == EffectClass::AtMostOnce && asked_by_id
}

/// How long a server is told that a statement may take, when this host will wait so long for it.
fn servers_deadline(left: Duration) -> Duration {
    /// More milliseconds are no number that servers take.
    const LONGEST: Duration = Duration::from_secs(20 * 86_400);
    left.saturating_add(GRACE).min(LONGEST)
}

/// Returns once the operator cancels.
async fn cancelled(interrupt: &Interrupt) {
    while !interrupt.is_cancelled() {
        tokio::time::sleep(GLANCE).await;
    }
}

impl DbDriver {
    /// Nothing is connected to yet. `tools` starts the programs of the engines.
    pub fn new(tools: Arc<dyn Tools>) -> Self {
        let trust = Trust::new("db.tls", "the database");
        Self { trust, postgres: Kept::default(), mysql: Kept::default(), sqlite: sqlite::Watch::default(), tools }
    }

    fn run(&self, work: &Work<'_>) -> Result<DbResponse, Failure> {
        if matches!(work.ask, DbAsk::Open) {
            return Ok(DbResponse::Opened(work.terms.engine.word().to_owned()));
        }
        if let Some(job) = Job::of(work, &*self.tools) {
            return backup::perform(self, &job);
        }
        if let DbWhere::File(path) = &work.terms.at {
            return sqlite::perform(&self.sqlite, path, work);
        }
        let server = work.server()?;
        match work.terms.engine {
            Engine::Postgresql => postgres::perform(&self.postgres, &self.trust, &server, work),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => mysql::perform(&self.mysql, &self.trust, &server, work),
        }
    }

    fn find_out(&self, work: &Work<'_>, note: Option<&Value>) -> Result<Settled<DbResponse>, Failure> {
        if let Some(job) = Job::of(work, &*self.tools) {
            return backup::settle(self, &job, note);
        }
        if let DbAsk::Migrate(migration) = work.ask {
            return self.look_up(work, migration);
        }
        if work.terms.engine != Engine::Postgresql
            && (!work.terms.ledger || work.terms.statements.iter().any(|statement| mysql::unheld(work.terms.engine, statement)))
        {
            return Ok(Settled::NobodyToAsk);
        }
        if let DbWhere::File(path) = &work.terms.at {
            return sqlite::settle(path, work);
        }
        let (server, mover) = (work.server()?, Mover::new()?);
        match work.terms.engine {
            Engine::Postgresql => mover.wait(postgres::settle(&self.trust, &server, work, note)),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => mover.wait(mysql::settle(&self.trust, &server, work)),
        }
    }
}

impl DbDriver {
    /// What the history of migrations says of a call.
    fn look_up(&self, work: &Work<'_>, migration: &DbMigration) -> Result<Settled<DbResponse>, Failure> {
        if let DbWhere::File(path) = &work.terms.at {
            return sqlite::settle(path, work);
        }
        let (server, mover) = (work.server()?, Mover::new()?);
        match work.terms.engine {
            Engine::Postgresql => mover.wait(postgres::migrations::settle(&self.trust, &server, work, migration)),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => mover.wait(mysql::migrations::settle(&self.trust, &server, work, migration)),
        }
    }
}

impl Driver<DbRequest> for DbDriver {
    fn perform(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        self.run(&Work::of(call, context))
    }

    fn notes_first(&self, call: &Granted<DbRequest>) -> bool {
        is_noted(call) && !call.terms().statements.iter().any(|statement| statement.reaches_beyond)
    }

    fn try_out(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Trial<DbResponse> {
        tentative::trial(self, Work { tentative: true, ..Work::of(call, context) })
    }

    fn settle(&self, call: &Granted<DbRequest>, note: Option<&Value>, context: &CallContext<'_>) -> Settled<DbResponse> {
        self.find_out(&Work::of(call, context), note).unwrap_or_else(|failure| Settled::Unknown(failure.to_string()))
    }
}
