//! Databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it.

mod backup;
mod migrations;
mod rows;
mod value;

use std::time::Duration;

use crate::artifact::Artifact;
use crate::bindings::lockstep::contract::db as host;
use crate::units::whole_millis;
use crate::{Failure, Result};

pub use backup::{Backup, BackupOrder, BackupTable};
pub use migrations::{Applied, History, Migrations, Status, migrations};
pub use rows::{Cell, Column, Row, Rows};
pub use value::{Decimal, Instant, Json, Value};

/// The database that the grant has under this name. Nothing is connected yet.
///
/// ```no_run
/// use lockstep::prelude::*;
///
/// fn close_old_orders(_: &Ctx) -> Result<u64> {
///     let shop = db::open("main")?.expect_engine("postgresql")?;
///     let open: u64 = shop.query(db::sql("SELECT count(*) FROM orders WHERE state = $1").bind("open"))?.value()?;
///     ensure!(open < 1_000, "{open} orders are open: somebody should look first");
///     shop.commit(
///         db::transaction()
///             .add(db::sql("UPDATE orders SET state = $1 WHERE state = $2").bind("closed").bind("open"))
///             .add(db::sql("INSERT INTO notes (text, closed) VALUES ($1, $2)").bind("closed by hand").bind(open as i64)).expect_rows(1),
///     )?;
///     Ok(open)
/// }
/// ```
pub fn open(name: &str) -> Result<Database> {
    host::Database::open(name).map(|inner| Database { name: name.to_owned(), inner }).map_err(Failure::from_host)
}

/// Begins a statement.
pub fn sql(text: impl Into<String>) -> Statement {
    Statement { text: text.into(), values: Vec::new(), timeout: None, limit: None, idempotent: false }
}

/// Begins a transaction.
pub fn transaction() -> Transaction {
    Transaction { parts: Vec::new(), timeout: None, idempotent: false }
}

/// Begins the order of a backup, whose artifact gets this id.
pub fn backup(id: impl Into<String>) -> BackupOrder {
    BackupOrder::of(id.into())
}

/// A database of the grant.
pub struct Database {
    name: String,
    inner: host::Database,
}

impl Database {
    /// What the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`.
    pub fn engine(&self) -> String {
        self.inner.engine()
    }

    /// Fails with `step.assertion` unless it is this engine: what follows was written for it.
    pub fn expect_engine(self, engine: &str) -> Result<Self> {
        let found = self.engine();
        if found == engine { Ok(self) } else { Err(Failure::assertion(format!("database `{}` is {found}, expected {engine}", self.name))) }
    }

    /// Connects, if need be, and gets an answer.
    pub fn ping(&self) -> Result<()> {
        self.inner.ping().map_err(Failure::from_host)
    }

    /// Runs a statement that only reads.
    pub fn query(&self, statement: Statement) -> Result<Rows> {
        self.inner.query(&statement.ready()).map(Rows::of).map_err(Failure::from_host)
    }

    /// Runs one statement, in a transaction of its own.
    pub fn execute(&self, statement: Statement) -> Result<Done> {
        self.inner.execute(&statement.ready()).map(|done| Done::of(&done)).map_err(Failure::from_host)
    }

    /// Copies the whole database into an artifact, as it is at one moment. Ordered once more under the same id, as by a step that is tried again, it is the
    /// backup that was made first.
    ///
    /// ```no_run
    /// use lockstep::prelude::*;
    ///
    /// fn back_up(_: &Ctx) -> Result<u64> {
    ///     let shop = db::open("main")?;
    ///     let backup = shop.backup(db::backup("before-release").at_least_bytes(500 << 20).at_least_rows("public.orders", 1_000))?;
    ///     shop.verify_backup(&backup)?;
    ///     Ok(backup.rows())
    /// }
    ///
    /// fn put_it_back(_: &Ctx) -> Result<()> {
    ///     let shop = db::open("main")?;
    ///     shop.restore_over(&shop.backup_named("before-release")?)
    /// }
    /// ```
    pub fn backup(&self, order: BackupOrder) -> Result<Backup> {
        self.inner.make_backup(&order.ready()).map(Backup::of).map_err(Failure::from_host)
    }

    /// The backup that an earlier step has made under this id. Fails when the run has none.
    pub fn backup_named(&self, id: &str) -> Result<Backup> {
        self.backup_in(&crate::artifact::by_id(id)?)
    }

    /// What an artifact is a backup of. Fails when it is none.
    pub fn backup_in(&self, artifact: &Artifact) -> Result<Backup> {
        self.inner.backup_in(artifact.sealed()).map(Backup::of).map_err(Failure::from_host)
    }

    /// Restores a backup into a scratch database that the host makes and drops, and compares rows and checksum of every table. Touches nothing else.
    pub fn verify_backup(&self, backup: &Backup) -> Result<()> {
        self.inner.verify_backup(backup.inner()).map_err(Failure::from_host)
    }

    /// Restores a backup into this database, which has to be empty.
    pub fn restore(&self, backup: &Backup) -> Result<()> {
        self.inner.restore(backup.inner()).map_err(Failure::from_host)
    }

    /// Restores a backup into this database in the place of everything that is in it.
    pub fn restore_over(&self, backup: &Backup) -> Result<()> {
        self.inner.restore_over(backup.inner()).map_err(Failure::from_host)
    }

    /// The migrations that it has seen.
    pub fn history(&self) -> Result<History> {
        host::Migration::history(&self.inner).map_err(Failure::from_host).and_then(|rows| History::of(&Rows::of(rows)))
    }

    /// Runs all statements and commits them, or keeps nothing of them.
    pub fn commit(&self, transaction: Transaction) -> Result<Done> {
        self.inner.commit(&transaction.ready()).map(|done| Done::of(&done)).map_err(Failure::from_host)
    }
}

/// A statement being built. Nothing happens before it is handed to a [`Database`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before it is run"]
pub struct Statement {
    text: String,
    values: Vec<Value>,
    timeout: Option<Duration>,
    limit: Option<u32>,
    idempotent: bool,
}

impl Statement {
    /// The value of the next placeholder: text, numbers, flags, bytes, an [`Option`] of them, a [`Decimal`], an [`Instant`] or [`Json`].
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Deadline, after which the server is told to stop. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Has the first rows, at most so many.
    pub fn limit_rows(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Says that repeating it does no harm, so that a crash does not leave it in doubt.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    fn ready(&self) -> host::Statement {
        let statement = host::Statement::new(&self.text);
        for value in &self.values {
            value.bind(&statement);
        }
        if let Some(longest) = self.timeout {
            statement.timeout(whole_millis(longest));
        }
        if let Some(rows) = self.limit {
            statement.limit_rows(rows);
        }
        if self.idempotent {
            statement.idempotent();
        }
        statement
    }
}

/// Statements that are committed together.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before it is committed"]
pub struct Transaction {
    parts: Vec<(Statement, Option<u32>)>,
    timeout: Option<Duration>,
    idempotent: bool,
}

impl Transaction {
    /// Adds a statement.
    #[expect(clippy::should_implement_trait, reason = "nothing is summed up")]
    pub fn add(mut self, statement: Statement) -> Self {
        self.parts.push((statement, None));
        self
    }

    /// How many rows the statement added last must concern: with any other number nothing is kept.
    pub fn expect_rows(mut self, rows: u32) -> Self {
        if let Some((_, expected)) = self.parts.last_mut() {
            *expected = Some(rows);
        }
        self
    }

    /// Deadline, after which the server is told to stop. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Says that repeating it does no harm, so that a crash does not leave it in doubt.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    fn ready(&self) -> host::Transaction {
        let transaction = host::Transaction::new();
        for (statement, expected) in &self.parts {
            transaction.add(&statement.ready());
            if let Some(rows) = expected {
                transaction.expect_rows(*rows);
            }
        }
        if let Some(longest) = self.timeout {
            transaction.timeout(whole_millis(longest));
        }
        if self.idempotent {
            transaction.idempotent();
        }
        transaction
    }
}

/// What statements that change something came to.
#[derive(Debug, Clone)]
pub struct Done {
    affected: Vec<u64>,
    returned: Vec<Rows>,
}

impl Done {
    fn of(done: &host::Done) -> Self {
        let all = 0..done.count();
        let affected = all.clone().map(|statement| done.affected(statement).parse().unwrap_or(u64::MAX)).collect();
        Self { affected, returned: all.map(|statement| Rows::of(done.returned(statement))).collect() }
    }

    /// How many rows the first statement concerned.
    pub fn rows(&self) -> u64 {
        self.affected.first().copied().unwrap_or_default()
    }

    /// How many rows each statement concerned.
    pub fn all_rows(&self) -> &[u64] {
        &self.affected
    }

    /// What `RETURNING` gave, of each statement.
    pub fn returned(&self) -> &[Rows] {
        &self.returned
    }

    /// Fails with `step.assertion` unless the first statement concerned so many rows. It has been committed all the same: to keep nothing otherwise, use
    /// [`Transaction::expect_rows`].
    pub fn expect_rows(self, rows: u64) -> Result<Self> {
        let found = self.rows();
        if found == rows { Ok(self) } else { Err(Failure::assertion(format!("{found} rows were concerned, expected {rows}"))) }
    }
}
