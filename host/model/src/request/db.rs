//! `db`: statements with typed parameters, and rows and counts that came back, every value in one canonical text form.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Request, Response, TextPlace, line};
use crate::{Content, EffectClass};

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

impl DbRequest {
    /// The statements that it runs.
    pub fn statements(&self) -> Vec<&DbStatement> {
        match &self.ask {
            DbAsk::Open | DbAsk::Ping => Vec::new(),
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
        }
    }

    fn class(&self) -> EffectClass {
        let effect = |idempotent| if idempotent { EffectClass::Idempotent } else { EffectClass::AtMostOnce };
        match &self.ask {
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) => EffectClass::Read,
            DbAsk::Execute(statement) => effect(statement.idempotent),
            DbAsk::Commit(transaction) => effect(transaction.idempotent),
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
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let milliseconds = match &self.ask {
            DbAsk::Open | DbAsk::Ping => None,
            DbAsk::Query(statement) | DbAsk::Execute(statement) => statement.timeout_milliseconds,
            DbAsk::Commit(transaction) => transaction.timeout_milliseconds,
        };
        milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }
}

impl Response for DbResponse {
    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        let mut rows = |rows: &mut DbRows| {
            rows.columns.iter_mut().for_each(|column| visit(TextPlace::Text(&mut column.label)));
            rows.rows.iter_mut().flatten().flatten().for_each(|cell| visit(TextPlace::Text(cell)));
        };
        match self {
            Self::Opened(_) | Self::Alive => {}
            Self::Rows(found) => rows(found),
            Self::Done(all) => all.iter_mut().for_each(|done| rows(&mut done.returned)),
        }
    }
}
