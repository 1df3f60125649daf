//! What a statement does, read off its text by the engine's own grammar, so that a grant can say what may be done to a database.
//!
//! It fails closed: what is not one statement, what the parser does not know, and what the parser and a server could read in two ways is refused. The text
//! that is judged is the text that is sent: placeholders are put into the engine's own form before it is parsed. What no text can show, a function or a
//! trigger that writes, the server catches: the driver runs what is `read` in a read-only transaction.

mod functions;
mod script;
mod text;
mod walk;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_model::request::DbStatement;
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};

pub(crate) use script::statements_of;

/// How deep expressions may be nested.
const DEEPEST: usize = 50;

/// Enough for the deepest tree that the longest chain of operators makes, without optimisation: 64 KiB for each of them.
const DEEP_STACK: usize = 64 << 20;

/// A kind of database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgresql,
    /// MariaDB.
    Mariadb,
    /// MySQL.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Engine {
    pub(crate) const WORDS: [(&'static str, Self); 4] =
        [("postgresql", Self::Postgresql), ("mariadb", Self::Mariadb), ("mysql", Self::Mysql), ("sqlite", Self::Sqlite)];

    /// As in a grant file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Postgresql => &PostgreSqlDialect {},
            Self::Mariadb | Self::Mysql => &MySqlDialect {},
            Self::Sqlite => &SQLiteDialect {},
        }
    }
}

/// What a statement does to a database. Ordered by how much it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatementClass {
    /// It changes nothing.
    Read,
    /// It changes rows that it names, or locks them.
    Write,
    /// It adds to the schema or renames in it.
    Ddl,
    /// It drops, empties or narrows something, or concerns every row of a table.
    Destructive,
}

impl StatementClass {
    /// As in a grant file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Ddl => "ddl",
            Self::Destructive => "destructive",
        }
    }
}

impl fmt::Display for StatementClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A statement as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// With placeholders of the engine.
    pub sql: String,
    /// Which parameter each placeholder stands for, from 0, in the order in which they are bound.
    pub order: Vec<usize>,
    /// What it does.
    pub class: StatementClass,
    /// Whether it changes the schema, whatever else it does: with MariaDB and MySQL, no transaction holds it.
    pub changes_schema: bool,
    /// Whether rows may come back. What changes rows and names none of their columns gives only their number.
    pub returns_rows: bool,
    /// Whether it may do what no transaction takes back: it calls a function that the operator trusts, or one that writes, as a sequence's do.
    pub reaches_beyond: bool,
}

/// Why a statement is refused whatever the grant says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// Two readings.
    #[error("the statement {0}, which a server might read otherwise than the grant does")]
    Ambiguous(&'static str),
    /// A placeholder of another form, or one without a parameter.
    #[error("{0}")]
    Placeholder(String),
    /// Not understood.
    #[error("the statement is not one that can be judged: {0}")]
    Unparsable(String),
    /// None, or more than one.
    #[error("{0} statements where there must be one: pass several to a transaction, one by one")]
    Several(usize),
    /// Understood, and of a kind that is never allowed.
    #[error("{0}")]
    Refused(String),
    /// A function that nobody has said to be harmless.
    #[error("function {0} is not known to be harmless")]
    Function(String),
    /// Nothing to run.
    #[error("the script has no statement")]
    Empty,
    /// More than a script may have.
    #[error("the script has more than {0} statements")]
    TooMany(usize),
    /// Too much to judge.
    #[error("the statement has more than {0} names and operators")]
    TooLong(usize),
}

/// What statements were found to do, by the text that is sent, with one engine and one list of functions: a procedure says the same one again and again, and
/// to judge one takes longer than to run it.
#[derive(Debug, Clone, Default)]
pub struct Judged(Arc<Mutex<HashMap<String, walk::Found>>>);

impl Judged {
    /// So many are remembered; then it begins anew.
    const MOST: usize = 64;
    /// A longer one is judged each time.
    const LONGEST: usize = 4 << 10;

    fn of(&self, sql: &str) -> Option<walk::Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(sql).copied()
    }

    fn remember(&self, sql: &str, found: walk::Found) {
        let mut judged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if judged.len() >= Self::MOST {
            judged.clear();
        }
        if sql.len() <= Self::LONGEST {
            judged.insert(sql.to_owned(), found);
        }
    }
}

/// Judges one statement. `functions` are those that the operator trusts besides the known ones, and `judged` is of the same engine and functions.
///
/// # Errors
/// Why it is refused.
pub fn compile(engine: Engine, statement: &DbStatement, functions: &[String], judged: &Judged) -> Result<Compiled, SqlError> {
    let text::Sent { sql, order } = text::sent(engine, engine.dialect(), statement)?;
    let found = judged.of(&sql).map_or_else(|| judge_apart(engine, &sql, functions).inspect(|found| judged.remember(&sql, *found)), Ok)?;
    let walk::Found { class, changes_schema, returns_rows, reaches_beyond } = found;
    Ok(Compiled { sql, order, class, changes_schema, returns_rows, reaches_beyond })
}

fn judge_apart(engine: Engine, sql: &str, functions: &[String]) -> Result<walk::Found, SqlError> {
    // The parser and what it makes are recursive, to the last drop: they have a stack of their own.
    let judge = || judge(engine, sql, functions);
    let judged = std::thread::scope(|scope| std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, judge).map(|thread| thread.join()));
    let Ok(Ok(judged)) = judged else { return Err(SqlError::Unparsable("the parser could not be run".to_owned())) };
    judged
}

fn judge(engine: Engine, sql: &str, functions: &[String]) -> Result<walk::Found, SqlError> {
    let dialect = engine.dialect();
    let unparsable = |error: ParserError| {
        SqlError::Unparsable(match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => format!("nested deeper than {DEEPEST}"),
        })
    };
    let parsed = Parser::new(dialect).with_recursion_limit(DEEPEST).try_with_sql(sql).and_then(|mut parser| parser.parse_statements()).map_err(unparsable)?;
    let [one] = parsed.as_slice() else { return Err(SqlError::Several(parsed.len())) };
    walk::walk(engine, one, functions)
}

#[cfg(test)]
mod tests;
