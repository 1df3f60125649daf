//! `db`: statements with typed parameters, and rows and counts that came back, every value in one canonical text form.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Request, Response, SealedArtifact, TextPlace, line};
use crate::{Content, Digest, EffectClass};

mod backup;

pub use backup::{DbBackup, DbBackupOrder, DbRestore, DbTable};

/// One call of `db`: a database of the grant, and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbRequest {
    /// The id in the grant.
    pub database: String,
    /// What is asked.
    pub ask: DbAsk,
}

/// What is asked of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", content = "with", rename_all = "kebab-case")]
pub enum DbAsk {
    /// `db.database.open`: whether the grant has it. Nothing is connected.
    Open,
    /// `ping`: connect, if need be, and get an answer.
    Ping,
    /// `query`: a statement that only reads.
    Query(DbStatement),
    /// `execute`: one statement, in a transaction of its own where the engine can.
    Execute(DbStatement),
    /// `commit`: all of them or none.
    Commit(DbTransaction),
    /// `make-backup`: all of it into an artifact.
    MakeBackup(DbBackupOrder),
    /// `backup-in`: what the artifact of this id is a backup of.
    BackupIn(SealedArtifact),
    /// `verify-backup`: restored into a scratch database and compared.
    VerifyBackup(DbBackup),
    /// `restore` and `restore-over`.
    Restore(DbRestore),
    /// `migration.history`: the migrations that the database has seen.
    History,
    /// `migration.up` and `migration.down`: a script, and the row of the history that says so.
    Migrate(DbMigration),
}

/// One way of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbMigration {
    /// Which one: its files begin with it.
    pub version: String,
    /// What it is about.
    pub title: String,
    /// Of the script that goes up, whichever way is gone: a changed one is another migration.
    pub checksum: Digest,
    /// Which way.
    pub direction: DbDirection,
    /// Statements with `;` between them.
    pub script: String,
    /// Why no backup of this run need have been verified before. None: one must have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
}

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DbDirection {
    /// To what is new.
    Up,
    /// Back.
    Down,
}

/// A statement and what goes into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbStatement {
    /// Placeholders are `$1` to `$64`, whatever the engine.
    pub sql: String,
    /// For the placeholders, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<DbValue>,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
    /// Rows beyond it are left out. None: more rows than the grant allows are a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_rows: Option<u32>,
    /// The guest says that repeating it does no harm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
}

/// Statements that are committed together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbTransaction {
    /// In order.
    pub parts: Vec<DbPart>,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
    /// The guest says that repeating it does no harm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
}

/// One statement of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbPart {
    /// What is run.
    pub statement: DbStatement,
    /// How many rows it must concern; with any other number all is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_rows: Option<u32>,
}

/// A value for a placeholder. Numbers are text, so that none loses a digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum DbValue {
    /// NULL.
    Null,
    /// A truth value.
    Boolean(bool),
    /// Decimal digits, perhaps with a minus.
    Integer(String),
    /// As Rust writes an `f64`; also `NaN`, `inf`, `-inf`.
    Float(String),
    /// Digits with at most one point, exact.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Content),
    /// An instant of RFC 3339.
    Timestamp(String),
    /// JSON text.
    Json(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "got", content = "with", rename_all = "kebab-case")]
pub enum DbResponse {
    /// For `open`: the engine that the grant names.
    Opened(String),
    /// For `ping`: it answered.
    Alive,
    /// For `query`.
    Rows(DbRows),
    /// For `execute` and `commit`: one for each statement.
    Done(Vec<DbDone>),
    /// For `make-backup` and `backup-in`.
    Backup(DbBackup),
    /// For `verify-backup`: it is in there what was to be kept.
    Verified,
    /// For `restore` and `restore-over`.
    Restored,
    /// For `migrate`: the history says so.
    Migrated,
}

/// What one statement of an effect gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbDone {
    /// Rows concerned, decimal.
    pub affected: String,
    /// What `RETURNING` gave.
    #[serde(default, skip_serializing_if = "DbRows::is_bare")]
    pub returned: DbRows,
}

/// Rows, all in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbRows {
    /// In the order of the statement.
    pub columns: Vec<DbColumn>,
    /// Each with a cell for every column; none is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether rows were left out because the statement limits them.
    pub truncated: bool,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbColumn {
    /// As the server names it.
    pub label: String,
    /// `integer`, `decimal`, …: in which form its cells are.
    pub kind: String,
    /// The type as the server calls it.
    pub declared: String,
}

impl DbRows {
    fn is_bare(&self) -> bool {
        self.columns.is_empty() && self.rows.is_empty() && !self.truncated
    }

    /// Bytes that they take in memory.
    pub fn kept_size(&self) -> usize {
        let cell = |cell: &Option<String>| size_of::<Option<String>>() + cell.as_ref().map_or(0, String::len);
        self.rows.iter().map(|row| size_of::<Vec<Option<String>>>() + row.iter().map(cell).sum::<usize>()).sum()
    }
}

impl DbDirection {
    /// As in the history.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl DbRequest {
    /// The statements that it runs, but for a migration's: those the grant finds in its script.
    pub fn statements(&self) -> Vec<&DbStatement> {
        match &self.ask {
            DbAsk::Open
            | DbAsk::Ping
            | DbAsk::History
            | DbAsk::Migrate(_)
            | DbAsk::MakeBackup(_)
            | DbAsk::BackupIn(_)
            | DbAsk::VerifyBackup(_)
            | DbAsk::Restore(_) => Vec::new(),
            DbAsk::Query(statement) | DbAsk::Execute(statement) => vec![statement],
            DbAsk::Commit(transaction) => transaction.parts.iter().map(|part| &part.statement).collect(),
        }
    }
}

impl DbRequest {
    /// The first statement, for a message.
    pub fn summary_of_sql(&self) -> String {
        self.statements().first().map(|statement| line(statement.sql.trim())).unwrap_or_default()
    }
}

impl Request for DbRequest {
    type Response = DbResponse;

    fn interface(&self) -> &'static str {
        "db"
    }

    fn function(&self) -> &'static str {
        match &self.ask {
            DbAsk::Open => "open",
            DbAsk::Ping => "ping",
            DbAsk::Query(_) => "query",
            DbAsk::Execute(_) => "execute",
            DbAsk::Commit(_) => "commit",
            DbAsk::MakeBackup(_) => "make-backup",
            DbAsk::BackupIn(_) => "backup-in",
            DbAsk::VerifyBackup(_) => "verify-backup",
            DbAsk::Restore(DbRestore { over: false, .. }) => "restore",
            DbAsk::Restore(DbRestore { over: true, .. }) => "restore-over",
            DbAsk::History => "history",
            DbAsk::Migrate(migration) => match migration.direction {
                DbDirection::Up => "migrate-up",
                DbDirection::Down => "migrate-down",
            },
        }
    }

    fn class(&self) -> EffectClass {
        let effect = |idempotent| if idempotent { EffectClass::Idempotent } else { EffectClass::AtMostOnce };
        match &self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) | DbAsk::History | DbAsk::BackupIn(_) => EffectClass::Read,
            DbAsk::MakeBackup(_) | DbAsk::VerifyBackup(_) => EffectClass::Idempotent,
            DbAsk::Restore(_) => EffectClass::AtMostOnce,
            DbAsk::Execute(statement) => effect(statement.idempotent),
            DbAsk::Commit(transaction) => effect(transaction.idempotent),
            DbAsk::Migrate(_) => EffectClass::AtMostOnce,
        }
    }

    fn summary(&self) -> String {
        let database = &self.database;
        match &self.ask {
            DbAsk::Open => line(&format!("open {database}")),
            DbAsk::Ping => line(&format!("ping {database}")),
            DbAsk::Query(statement) | DbAsk::Execute(statement) => line(&format!("{database}: {}", statement.sql.trim())),
            DbAsk::Commit(transaction) => {
                let first = transaction.parts.first().map_or("", |part| part.statement.sql.trim());
                line(&format!("{database}: {} statements: {first}", transaction.parts.len()))
            }
            DbAsk::MakeBackup(order) => line(&format!("back {database} up to {}", order.artifact)),
            DbAsk::BackupIn(artifact) => line(&format!("{database}: what {} is a backup of", artifact.id)),
            DbAsk::VerifyBackup(backup) => line(&format!("{database}: verify {}, a backup of {}", backup.artifact.id, backup.database)),
            DbAsk::Restore(DbRestore { backup, over: false }) => line(&format!("restore {} to the empty {database}", backup.artifact.id)),
            DbAsk::Restore(DbRestore { backup, over: true }) => line(&format!("restore {} over {database}", backup.artifact.id)),
            DbAsk::History => line(&format!("{database}: migrations")),
            DbAsk::Migrate(DbMigration { version, title, direction, .. }) => line(&format!("{database}: {} {version} {title}", direction.word())),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let milliseconds = match &self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::History | DbAsk::BackupIn(_) | DbAsk::VerifyBackup(_) | DbAsk::Restore(_) => None,
            DbAsk::MakeBackup(order) => order.timeout_milliseconds,
            DbAsk::Migrate(migration) => migration.timeout_milliseconds,
            DbAsk::Query(statement) | DbAsk::Execute(statement) => statement.timeout_milliseconds,
            DbAsk::Commit(transaction) => transaction.timeout_milliseconds,
        };
        milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }
}

impl Response for DbResponse {
    fn artifacts(&self) -> Vec<&SealedArtifact> {
        match self {
            Self::Backup(backup) => vec![&backup.artifact],
            Self::Opened(_) | Self::Alive | Self::Rows(_) | Self::Done(_) | Self::Verified | Self::Restored | Self::Migrated => Vec::new(),
        }
    }

    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        let mut rows = |rows: &mut DbRows| {
            rows.columns.iter_mut().for_each(|column| visit(TextPlace::Text(&mut column.label)));
            rows.rows.iter_mut().flatten().flatten().for_each(|cell| visit(TextPlace::Text(cell)));
        };
        match self {
            // What a backup says is compared with another: nothing of it may be changed.
            Self::Opened(_) | Self::Alive | Self::Backup(_) | Self::Verified | Self::Restored | Self::Migrated => {}
            Self::Rows(found) => rows(found),
            Self::Done(all) => all.iter_mut().for_each(|done| rows(&mut done.returned)),
        }
    }
}
