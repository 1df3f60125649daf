//! Statements and transactions of a guest, checked as they are built. What breaks a rule is not kept; the call that runs it says so.

use lockstep_model::request::{DbPart, DbStatement, DbTransaction, DbValue};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::db;
use crate::context::{Context, Kept};

const LONGEST_SQL: usize = 256 << 10;
const MOST_VALUES: usize = 64;
const LONGEST_VALUES: usize = 16 << 20;
const LONGEST_NUMBER: usize = 1 << 10;
const LONGEST_TIMEOUT: u32 = 86_400_000;
const MOST_STATEMENTS: usize = 256;
/// How every marker of a secret begins.
const MARKER: &str = "{{secret:";

/// A statement being built.
pub struct Draft {
    statement: DbStatement,
    wrong: Option<Failure>,
}

/// A transaction being built.
pub struct Together {
    transaction: DbTransaction,
    wrong: Option<Failure>,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        size(&self.statement)
    }
}

impl Kept for Together {
    fn size(&self) -> usize {
        self.transaction.parts.iter().map(|part| size_of::<DbPart>() + size(&part.statement)).sum()
    }
}

fn size(statement: &DbStatement) -> usize {
    statement.sql.len() + statement.parameters.iter().map(|value| size_of::<DbValue>() + length(value)).sum::<usize>()
}

fn length(value: &DbValue) -> usize {
    match value {
        DbValue::Null | DbValue::Boolean(_) => 0,
        DbValue::Integer(text) | DbValue::Float(text) | DbValue::Decimal(text) | DbValue::Text(text) | DbValue::Timestamp(text) | DbValue::Json(text) => {
            text.len()
        }
        DbValue::Bytes(bytes) => bytes.len(),
    }
}

pub(super) fn limit(what: String) -> Failure {
    Failure::fixed_limit("db.limit", what)
}

pub(super) fn parameter(what: impl Into<String>) -> Failure {
    Failure::problem("db.parameter", what)
}

pub(super) fn check_timeout(milliseconds: u32) -> Result<u32, Failure> {
    if milliseconds <= LONGEST_TIMEOUT { Ok(milliseconds) } else { Err(limit(format!("a timeout of {milliseconds} milliseconds, at most {LONGEST_TIMEOUT}"))) }
}

fn number(text: String, points: usize) -> Result<String, Failure> {
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let found = digits.bytes().filter(|byte| *byte == b'.').count();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && digits.bytes().any(|byte| byte.is_ascii_digit());
    if text.len() > LONGEST_NUMBER {
        Err(limit(format!("a number of {} characters, at most {LONGEST_NUMBER}", text.len())))
    } else if plain && found <= points {
        Ok(text)
    } else {
        Err(parameter("a number is decimal digits, perhaps with a minus before them, and a decimal has at most one point"))
    }
}

pub(super) fn text(text: String) -> Result<String, Failure> {
    if text.contains(MARKER) { Err(parameter("a secret's marker would be stored as it is: a database is no place where secrets are put in")) } else { Ok(text) }
}

impl Draft {
    fn new(sql: String) -> Self {
        let (statement, wrong) = if sql.len() > LONGEST_SQL {
            (DbStatement::default(), Some(limit(format!("a statement of {} bytes, at most {LONGEST_SQL}", sql.len()))))
        } else {
            match text(sql) {
                Ok(sql) => (DbStatement { sql, ..DbStatement::default() }, None),
                Err(wrong) => (DbStatement::default(), Some(wrong)),
            }
        };
        Self { statement, wrong }
    }

    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut DbStatement, T)) {
        match checked {
            Ok(value) => say(&mut self.statement, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn bind(&mut self, value: Result<DbValue, Failure>) {
        let bound = &self.statement.parameters;
        let all: usize = bound.iter().map(length).sum();
        let checked = value.and_then(|value| {
            if bound.len() >= MOST_VALUES || all + length(&value) > LONGEST_VALUES {
                return Err(limit(format!("more than {MOST_VALUES} values or {LONGEST_VALUES} bytes of them")));
            }
            Ok(value)
        });
        self.say(checked, |statement, value| statement.parameters.push(value));
    }

    pub(super) fn finished(&self) -> Result<DbStatement, Failure> {
        self.wrong.clone().map_or_else(|| Ok(self.statement.clone()), Err)
    }
}

impl Together {
    fn add(&mut self, statement: Result<DbStatement, Failure>) {
        let added = statement.and_then(|statement| {
            let within = |what: &str| parameter(format!("`{what}` is said of the transaction, not of a statement within it"));
            if statement.idempotent {
                return Err(within("idempotent"));
            }
            if statement.timeout_milliseconds.is_some() {
                return Err(within("timeout"));
            }
            if self.transaction.parts.len() >= MOST_STATEMENTS || self.size() + size(&statement) > LONGEST_VALUES {
                return Err(limit(format!("more than {MOST_STATEMENTS} statements or {LONGEST_VALUES} bytes of them")));
            }
            Ok(statement)
        });
        match added {
            Ok(statement) => self.transaction.parts.push(DbPart { statement, expect_rows: None }),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn expect_rows(&mut self, rows: u32) {
        match self.transaction.parts.last_mut() {
            Some(part) => part.expect_rows = Some(rows),
            None => {
                self.wrong.get_or_insert_with(|| parameter("`expect-rows` is about the statement added last, and there is none"));
            }
        }
    }

    pub(super) fn finished(&self) -> Result<DbTransaction, Failure> {
        match &self.wrong {
            Some(wrong) => Err(wrong.clone()),
            None if self.transaction.parts.is_empty() => Err(parameter("a transaction without statements")),
            None => Ok(self.transaction.clone()),
        }
    }
}

impl db::HostStatement for Context {
    fn new(&mut self, sql: String) -> Result<Resource<Draft>> {
        self.gate("db.statement")?;
        self.keep(Draft::new(sql))
    }

    fn bind_null(&mut self, statement: Resource<Draft>) -> Result<()> {
        self.change(&statement, |draft| draft.bind(Ok(DbValue::Null)))
    }

    fn bind_boolean(&mut self, statement: Resource<Draft>, value: bool) -> Result<()> {
        self.change(&statement, |draft| draft.bind(Ok(DbValue::Boolean(value))))
    }

    fn bind_integer(&mut self, statement: Resource<Draft>, value: String) -> Result<()> {
        self.change(&statement, |draft| draft.bind(number(value, 0).map(DbValue::Integer)))
    }

    fn bind_float(&mut self, statement: Resource<Draft>, value: f64) -> Result<()> {
        let text = if value.is_nan() { "NaN".to_owned() } else { format!("{value:?}") };
        self.change(&statement, |draft| draft.bind(Ok(DbValue::Float(text))))
    }

    fn bind_decimal(&mut self, statement: Resource<Draft>, value: String) -> Result<()> {
        self.change(&statement, |draft| draft.bind(number(value, 1).map(DbValue::Decimal)))
    }

    fn bind_text(&mut self, statement: Resource<Draft>, value: String) -> Result<()> {
        self.change(&statement, |draft| draft.bind(text(value).map(DbValue::Text)))
    }

    fn bind_bytes(&mut self, statement: Resource<Draft>, value: Vec<u8>) -> Result<()> {
        self.change(&statement, |draft| draft.bind(Ok(DbValue::Bytes(Content(value)))))
    }

    fn bind_timestamp(&mut self, statement: Resource<Draft>, value: String) -> Result<()> {
        let checked = if value.len() <= LONGEST_NUMBER { text(value) } else { Err(parameter("a timestamp is written as RFC 3339 says")) };
        self.change(&statement, |draft| draft.bind(checked.map(DbValue::Timestamp)))
    }

    fn bind_json(&mut self, statement: Resource<Draft>, value: String) -> Result<()> {
        let is_json = serde_json::from_str::<serde_json::Value>(&value).is_ok();
        let checked = if is_json { text(value) } else { Err(parameter("a value that is to be JSON is none")) };
        self.change(&statement, |draft| draft.bind(checked.map(DbValue::Json)))
    }

    fn timeout(&mut self, statement: Resource<Draft>, milliseconds: u32) -> Result<()> {
        self.change(&statement, |draft| draft.say(check_timeout(milliseconds), |statement, time| statement.timeout_milliseconds = Some(time)))
    }

    fn limit_rows(&mut self, statement: Resource<Draft>, rows: u32) -> Result<()> {
        self.change(&statement, |draft| draft.statement.limit_rows = Some(rows))
    }

    fn idempotent(&mut self, statement: Resource<Draft>) -> Result<()> {
        self.change(&statement, |draft| draft.statement.idempotent = true)
    }

    fn drop(&mut self, statement: Resource<Draft>) -> Result<()> {
        self.forget(statement)
    }
}

impl db::HostTransaction for Context {
    fn new(&mut self) -> Result<Resource<Together>> {
        self.gate("db.transaction")?;
        self.keep(Together { transaction: DbTransaction::default(), wrong: None })
    }

    fn add(&mut self, transaction: Resource<Together>, statement: Resource<Draft>) -> Result<()> {
        let statement = self.kept(&statement)?.finished();
        self.change(&transaction, |together| together.add(statement))
    }

    fn expect_rows(&mut self, transaction: Resource<Together>, rows: u32) -> Result<()> {
        self.change(&transaction, |together| together.expect_rows(rows))
    }

    fn timeout(&mut self, transaction: Resource<Together>, milliseconds: u32) -> Result<()> {
        self.change(&transaction, |together| match check_timeout(milliseconds) {
            Ok(time) => together.transaction.timeout_milliseconds = Some(time),
            Err(wrong) => {
                together.wrong.get_or_insert(wrong);
            }
        })
    }

    fn idempotent(&mut self, transaction: Resource<Together>) -> Result<()> {
        self.change(&transaction, |together| together.transaction.idempotent = true)
    }

    fn drop(&mut self, transaction: Resource<Together>) -> Result<()> {
        self.forget(transaction)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::DbValue;

    use super::{Draft, Together, number};

    #[test]
    fn a_number_is_digits_and_nothing_that_a_server_would_read_otherwise() {
        for right in ["0", "-12", "123456789012345678901234567890"] {
            assert_eq!(number(right.to_owned(), 0).unwrap(), right);
        }
        assert!(number("1.5".to_owned(), 1).is_ok() && number("1.5".to_owned(), 0).is_err());
        for wrong in ["", "-", ".", "1e5", "0x1", "1; DROP TABLE t", "--1", "1.2.3", " 1", "NaN"] {
            assert!(number(wrong.to_owned(), 1).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_too_much_is_not_kept_and_a_marker_is_no_value() {
        let mut draft = Draft::new("SELECT 1".to_owned());
        for _ in 0..65 {
            draft.bind(Ok(DbValue::Null));
        }
        assert_eq!((draft.statement.parameters.len(), draft.finished().unwrap_err().code()), (64, "db.limit"));
        assert_eq!(Draft::new("SELECT '{{secret:KEY:0123}}'".to_owned()).finished().unwrap_err().code(), "db.parameter");
        assert_eq!(Draft::new("a".repeat(300_000)).finished().unwrap_err().code(), "db.limit");
    }

    #[test]
    fn a_transaction_has_statements_and_says_by_itself_what_concerns_all_of_them() {
        let mut together = Together { transaction: Default::default(), wrong: None };
        assert_eq!(together.finished().unwrap_err().code(), "db.parameter");
        together.add(Ok(lockstep_model::request::DbStatement { idempotent: true, ..Default::default() }));
        assert!(together.finished().unwrap_err().message().contains("idempotent"));
    }
}
