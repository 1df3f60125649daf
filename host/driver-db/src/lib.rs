//! Performs `db` calls: one statement or one transaction each, on PostgreSQL, MariaDB, MySQL and SQLite.
//!
//! The only crate that links the clients of databases. Every call is a transaction of its own: a read in one that the server holds to reading, an effect in
//! one whose end can be asked for afterwards: by the transaction's id where the server tells (PostgreSQL), else by a row of the same transaction
//! (`lockstep_ledger`, where the grant allows it).
//!
//! # Guarantees
//! A statement is sent prepared, its values beside it and never in it, and a server takes one statement in such a message. A deadline and a cancel reach the
//! server. No row longer than the grant's `bytes` is taken into memory from PostgreSQL. What the server's certificate says is verified unless the grant says
//! `tls = "off"` or the connection stays on this machine.
//! # Caveats
//! Connections are kept between calls: what a session can be made to remember (variables, temporary tables, settings) the grant refuses. SQLite itself has
//! the row that it is at in memory, however long it is.

mod fault;
mod mysql;
mod postgres;
mod rows;
mod server;
mod sqlite;
mod tls;
mod value;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use lockstep_gate::{CallContext, Driver, Interrupt, Settled};
use lockstep_grant::{DbTerms, DbWhere, Engine, Granted};
use lockstep_model::request::{DbAsk, DbDone, DbPart, DbRequest, DbResponse, DbStatement};
use lockstep_model::{EffectClass, Failure};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::server::Server;
use crate::tls::Trust;

/// How often the operator's wish to cancel is looked for.
const GLANCE: Duration = Duration::from_millis(100);
/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Talks to databases. Calls may come from many threads at once, but not from those of an asynchronous runtime: each blocks its thread.
pub struct DbDriver {
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
    trust: Trust,
    postgres: postgres::Kept,
    mysql: mysql::Kept,
}

/// One call, as it was granted.
#[derive(Clone, Copy)]
struct Work<'a> {
    call: &'a Granted<DbRequest>,
    terms: &'a DbTerms,
    ask: &'a DbAsk,
    class: EffectClass,
    context: &'a CallContext<'a>,
}

impl<'a> Work<'a> {
    fn of(call: &'a Granted<DbRequest>, context: &'a CallContext<'a>) -> Self {
        Self { call, terms: call.terms(), ask: &call.request().ask, class: call.class(), context }
    }

    fn server(&self) -> Result<Server, Failure> {
        Server::of(self.terms, |id| std::str::from_utf8(self.call.secret(id)?.expose()).ok())
    }

    /// The statements that are run, each with how many rows it must concern.
    fn parts(&self) -> Vec<(&'a DbStatement, Option<u32>)> {
        match self.ask {
            DbAsk::Open | DbAsk::Ping => Vec::new(),
            DbAsk::Query(statement) | DbAsk::Execute(statement) => vec![(statement, None)],
            DbAsk::Commit(transaction) => transaction.parts.iter().map(|DbPart { statement, expect_rows }| (statement, *expect_rows)).collect(),
        }
    }

    fn reads(&self) -> bool {
        match self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) => true,
            DbAsk::Execute(_) | DbAsk::Commit(_) => false,
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

/// Returns once the operator cancels.
async fn cancelled(interrupt: &Interrupt) {
    while !interrupt.is_cancelled() {
        tokio::time::sleep(GLANCE).await;
    }
}

impl DbDriver {
    /// Starts the one thread that moves the bytes of all calls.
    ///
    /// # Errors
    /// When the host has no thread or no descriptors left.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("db").enable_io().enable_time().build()?;
        Ok(Self { runtime: Some(runtime), trust: Trust::default(), postgres: postgres::Kept::default(), mysql: mysql::Kept::default() })
    }

    fn runtime(&self) -> Result<&Runtime, Failure> {
        self.runtime.as_ref().ok_or_else(|| fault::plain("db.connect", "the db driver has been shut down"))
    }

    fn run(&self, work: &Work<'_>) -> Result<DbResponse, Failure> {
        if matches!(work.ask, DbAsk::Open) {
            return Ok(DbResponse::Opened(work.terms.engine.word().to_owned()));
        }
        if let DbWhere::File(path) = &work.terms.at {
            return sqlite::perform(path, work);
        }
        let server = work.server()?;
        let runtime = self.runtime()?;
        match work.terms.engine {
            Engine::Postgresql => runtime.block_on(postgres::perform(&self.postgres, &self.trust, &server, work)),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => runtime.block_on(mysql::perform(&self.mysql, &self.trust, &server, work)),
        }
    }

    fn find_out(&self, work: &Work<'_>, note: Option<&Value>) -> Result<Settled<DbResponse>, Failure> {
        if work.terms.engine != Engine::Postgresql
            && (!work.terms.ledger || work.terms.statements.iter().any(|statement| mysql::unheld(work.terms.engine, statement)))
        {
            return Ok(Settled::NobodyToAsk);
        }
        if let DbWhere::File(path) = &work.terms.at {
            return sqlite::settle(path, work);
        }
        let server = work.server()?;
        let runtime = self.runtime()?;
        match work.terms.engine {
            Engine::Postgresql => runtime.block_on(postgres::settle(&self.trust, &server, work, note)),
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => runtime.block_on(mysql::settle(&self.trust, &server, work)),
        }
    }
}

impl Driver<DbRequest> for DbDriver {
    fn perform(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        self.run(&Work::of(call, context))
    }

    fn settle(&self, call: &Granted<DbRequest>, note: Option<&Value>, context: &CallContext<'_>) -> Settled<DbResponse> {
        self.find_out(&Work::of(call, context), note).unwrap_or_else(|failure| Settled::Unknown(failure.to_string()))
    }
}

impl Drop for DbDriver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
