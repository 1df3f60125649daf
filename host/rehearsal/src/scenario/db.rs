//! `[[db]]`: which statements of a database are answered, and with what.

use lockstep_grant::Glob;
use lockstep_grant::read::{Item, Section};
use lockstep_model::request::{DbColumn, DbDone, DbRows};
use serde_json::Value;

use super::answers::{Known, answer, failure, rest};
use super::json::json;
use super::{Answer, DbMatch, Rule};

/// What an answer can fail with, and whether the driver says that trying again may help.
const FAILURES: &[(&str, bool)] = &[
    ("db.connect", true),
    ("db.connection-lost", true),
    ("db.serialization", true),
    ("db.auth", false),
    ("db.tls", false),
    ("db.engine", false),
    ("db.unknown", false),
    ("db.corrupt", false),
    ("db.limit", false),
    ("db.read-only", false),
    ("db.syntax", false),
    ("db.undefined", false),
    ("db.permission", false),
    ("db.value", false),
    ("db.parameter", false),
    ("db.column-type", false),
    ("db.invalid-utf8", false),
    ("db.unique-violation", false),
    ("db.foreign-key", false),
    ("db.check", false),
    ("db.not-null", false),
    ("db.transaction", false),
    ("db.migration-changed", false),
    ("db.migration-order", false),
    ("db.migration-unfinished", false),
    ("db.migration-history", false),
    ("db.full", false),
    ("db.backup-differs", false),
    ("db.backup-too-small", false),
    ("db.not-empty", false),
    ("db.other-backup", false),
    ("db.tool", false),
    ("db.error", false),
];

/// The forms that a value can have, as the contract names them.
const KINDS: &[&str] = &["boolean", "integer", "decimal", "float", "date", "time", "timestamp", "timestamp-tz", "interval", "bytes", "uuid", "json", "text"];

const KEYS: &[&str] = &["database", "sql", "when", "answers", "columns", "rows", "affected", "delay", "fail", "set", "times"];
const ANSWER_KEYS: &[&str] = &["columns", "rows", "affected", "delay", "fail", "set", "times"];
/// The most rows that a statement can be said to concern.
const MOST_ROWS: u64 = 1 << 53;

pub(super) fn rule(item: &Item<'_, '_>, known: &Known) -> Option<Rule<DbMatch, DbDone>> {
    let section = item.section(KEYS)?;
    let database = section.need("database", "\"main\"").and_then(|item| item.text()).map(str::to_owned);
    let sql = section.need("sql", "\"SELECT count(*) FROM orders*\"").and_then(|item| item.parsed(|text| Glob::parse(&one_line(text))));
    let (when, answers) = rest(item, &section, known, ANSWER_KEYS, given);
    Some(Rule { place: item.place(), matches: DbMatch { database: database?, sql: sql? }, when, answers })
}

/// A statement however its lines are broken.
pub(crate) fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn given(section: &Section<'_, '_>, known: &Known) -> Answer<DbDone> {
    let columns = section.get("columns").map(|item| item.items()).unwrap_or_default();
    let columns: Vec<&str> = columns.iter().filter_map(|item| item.text()).collect();
    let rows = section.get("rows").map(|item| item.items()).unwrap_or_default();
    let width = if columns.is_empty() { rows.first().map_or(0, |row| row.items().len()) } else { columns.len() };
    let rows: Vec<Vec<Value>> = rows.iter().map(|row| values(row, width)).collect();
    let columns = (0..width).map(|index| column(index, columns.get(index).copied(), &rows)).collect();
    let affected = section.get("affected").and_then(|item| item.number(0..=MOST_ROWS)).unwrap_or(rows.len() as u64).to_string();
    let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    let gives = DbDone { affected, returned: DbRows { columns, rows, truncated: false } };
    answer(section, known, failure(section, FAILURES, &["columns", "rows", "affected"]).map_or(Ok(gives), Err))
}

fn values(row: &Item<'_, '_>, width: usize) -> Vec<Value> {
    let items = row.items();
    if items.len() != width {
        row.reject(format_args!("a row of {} values where there are {width} columns", items.len()));
    }
    let value = |item: &Item<'_, '_>| {
        let value = json(item.value()).map_err(|error| item.reject(error)).ok()?;
        if value.is_array() || value.as_object().is_some_and(|table| !table.is_empty()) {
            item.reject("a value is a text, a number or a flag; NULL is `{}`, and everything else its text");
        }
        Some(value)
    };
    items.iter().filter_map(value).collect()
}

/// `label`, or `label kind`; otherwise the first value that is not NULL says of which kind they are.
fn column(index: usize, said: Option<&str>, rows: &[Vec<Value>]) -> DbColumn {
    let (label, kind) = match said.map(|said| (said, said.rsplit_once(' '))) {
        Some((_, Some((label, kind)))) if KINDS.contains(&kind) => (label.to_owned(), Some(kind)),
        Some((label, _)) => (label.to_owned(), None),
        None => (format!("column{}", index + 1), None),
    };
    let first = rows.iter().filter_map(|row| row.get(index)).find(|value| !value.is_object());
    let kind = kind.unwrap_or(match first {
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(number)) if number.is_i64() => "integer",
        Some(Value::Number(_)) => "float",
        Some(Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => "text",
    });
    DbColumn { label, kind: kind.to_owned(), declared: kind.to_owned() }
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
