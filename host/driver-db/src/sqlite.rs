//! SQLite: a file that is there. What reads has it open for reading only; what writes waits for whoever writes now, and not for ever.

pub(crate) mod backup;
mod migrations;
mod watch;

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_gate::Settled;
use lockstep_grant::Compiled;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbColumn, DbDone, DbResponse, DbRows, DbStatement, DbValue};
use rusqlite::config::DbConfig;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, OpenFlags, OptionalExtension as _};

use crate::rows::{self, Gather, check_count};
use crate::{Work, fault, history, value};
pub(crate) use watch::Watch;

/// How long another writer is waited for: then the caller may try again, and an operator's wish to cancel is heard.
const BUSY: Duration = Duration::from_secs(5);

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS lockstep_ledger (call_key TEXT NOT NULL PRIMARY KEY, done TEXT NOT NULL, \
    made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)";

pub(crate) fn perform(watch: &Watch, path: &Path, work: &Work<'_>) -> Result<DbResponse, Failure> {
    let connection = open(path, work)?;
    let interrupt = work.context.interrupt;
    let unwatched = |error| Failure::retryable("db.connect", format!("nobody can look after the statement: {error}"));
    let watched = watch.over(&connection, work.deadline(), interrupt).map_err(unwatched)?;
    match inside(&connection, work) {
        Err(failure) if watched.is_over() && failure.code() != "in-doubt" => {
            tracing::debug!(%failure, "a statement was interrupted");
            Err(if interrupt.is_cancelled() { Failure::TimedOut("cancelled by the operator".to_owned()) } else { work.timed_out() })
        }
        result => result,
    }
}

fn open(path: &Path, work: &Work<'_>) -> Result<Connection, Failure> {
    // Never made: a path with a slip in it would be an empty database.
    let flags = if work.reads() { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| match lost(&error) {
        Failure::Failed(problem) => fault::plain("db.connect", format!("`{}`: {}", path.display(), problem.message)),
        failure => failure,
    })?;
    let set = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY.min(work.deadline()))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
        if work.reads() { connection.pragma_update(None, "query_only", true) } else { Ok(()) }
    };
    set().map_err(|error| lost(&error))?;
    Ok(connection)
}

fn inside(connection: &Connection, work: &Work<'_>) -> Result<DbResponse, Failure> {
    let batch = |sql: &str| connection.execute_batch(sql).map_err(|error| lost(&error));
    // The first statement of a read finds out whether the file is a database at all.
    batch(if work.reads() { "BEGIN; SELECT count(*) FROM sqlite_schema" } else { "BEGIN IMMEDIATE" })?;
    // A deferred constraint is only looked at by the COMMIT: a dry run does not hear of it.
    let end = if work.tentative { "ROLLBACK" } else { "COMMIT" };
    let mut done = Vec::new();
    match work.ask {
        DbAsk::History => done.push(DbDone { affected: "0".to_owned(), returned: history::shown(migrations::rows(connection)?) }),
        DbAsk::Migrate(migration) => {
            migrations::perform(connection, work, migration)?;
            batch(end)?;
            return Ok(work.answer(done));
        }
        DbAsk::Open
        | DbAsk::Ping
        | DbAsk::Query(_)
        | DbAsk::Execute(_)
        | DbAsk::Commit(_)
        | DbAsk::MakeBackup(_)
        | DbAsk::BackupIn(_)
        | DbAsk::VerifyBackup(_)
        | DbAsk::Restore(_) => {}
    }
    let ledger = work.terms.ledger && !work.reads() && !work.tentative;
    if ledger && let Some(recorded) = enter(connection, work)? {
        return Ok(recorded);
    }
    for (index, (statement, expected)) in work.parts().into_iter().enumerate() {
        let (affected, returned) = one(connection, work, &work.terms.statements[index], statement)?;
        check_count(index, expected, affected)?;
        done.push(DbDone { affected: affected.to_string(), returned });
    }
    if ledger {
        let text = serde_json::to_string(&done).map_err(|error| fault::plain("db.error", error.to_string()))?;
        let update = "UPDATE lockstep_ledger SET done = ?1 WHERE call_key = ?2";
        connection.execute(update, (text, work.context.idempotency_key)).map_err(|error| lost(&error))?;
    }
    batch(end)?;
    Ok(work.answer(done))
}

/// Enters the call into the ledger. When it is there, it has been done, and this is what came of it.
fn enter(connection: &Connection, work: &Work<'_>) -> Result<Option<DbResponse>, Failure> {
    let key = work.context.idempotency_key;
    connection.execute_batch(LEDGER).map_err(|error| lost(&error))?;
    let entered = connection.execute("INSERT OR IGNORE INTO lockstep_ledger (call_key, done) VALUES (?1, '')", (key,)).map_err(|error| lost(&error))?;
    if entered == 1 {
        return Ok(None);
    }
    looked_up(connection, key)?.map(|done| Work::recorded(&done)).transpose()
}

fn looked_up(connection: &Connection, key: &str) -> Result<Option<String>, Failure> {
    let look = "SELECT done FROM lockstep_ledger WHERE call_key = ?1";
    connection.query_row(look, (key,), |row| row.get(0)).optional().map_err(|error| lost(&error))
}

/// Runs one statement: how many rows it concerned, and which came back.
fn one(connection: &Connection, work: &Work<'_>, compiled: &Compiled, statement: &DbStatement) -> Result<(u64, DbRows), Failure> {
    let failed = |error: Error| lost(&error);
    let mut prepared = connection.prepare(&compiled.sql).map_err(failed)?;
    if work.reads() && !prepared.readonly() {
        return Err(fault::plain("db.read-only", "the statement writes, as SQLite reads it"));
    }
    for (position, index) in compiled.order.iter().enumerate() {
        prepared.raw_bind_parameter(position + 1, parameter(&statement.parameters[*index])?).map_err(failed)?;
    }
    let labels: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let columns = labels.iter().map(|label| DbColumn { label: label.clone(), kind: String::new(), declared: String::new() }).collect();
    let mut gather = Gather::new(work.terms, statement, columns);
    let before = connection.total_changes();
    let mut found = prepared.raw_query();
    while let Some(row) = found.next().map_err(failed)? {
        if !gather.wants_more() {
            if work.reads() {
                break;
            }
            continue;
        }
        let mut cells = Vec::with_capacity(labels.len());
        for (index, label) in labels.iter().enumerate() {
            let value = row.get_ref(index).map_err(failed)?;
            let column = &mut gather.columns()[index];
            column.kind = joined(label, &column.kind, kind(value))?.to_owned();
            column.declared.clone_from(&column.kind);
            cells.push(text(label, value)?);
        }
        gather.keep(cells)?;
    }
    drop(found);
    let affected = if labels.is_empty() || !work.reads() { connection.total_changes() - before } else { 0 };
    Ok((affected, gather.finish()))
}

/// In which form a value is; none for NULL.
fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "",
        ValueRef::Integer(_) => "integer",
        ValueRef::Real(_) => "float",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "bytes",
    }
}

/// The form of a column that had values of one form so far, and has one of another now. Whole numbers are floats as they are; nothing else is two things.
fn joined<'k>(label: &str, before: &'k str, now: &'k str) -> Result<&'k str, Failure> {
    match (before, now) {
        ("", kind) | (kind, "") => Ok(kind),
        (before, now) if before == now => Ok(now),
        ("integer", "float") | ("float", "integer") => Ok("float"),
        (before, now) => {
            let message = format!("column `{label}` has values that are {before} and others that are {now}: write `CAST(\"{label}\" AS TEXT)`");
            Err(fault::plain("db.column-type", message))
        }
    }
}

fn text(label: &str, value: ValueRef<'_>) -> Result<Option<String>, Failure> {
    Ok(Some(match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => rows::float(number),
        ValueRef::Text(bytes) => rows::text(label, bytes)?,
        ValueRef::Blob(bytes) => STANDARD.encode(bytes),
    }))
}

fn parameter(given: &DbValue) -> Result<Value, Failure> {
    Ok(match given {
        DbValue::Null => Value::Null,
        DbValue::Boolean(flag) => Value::Integer((*flag).into()),
        DbValue::Integer(text) => Value::Integer(text.parse().map_err(|_| value::wrong("SQLite has no integer of more than 64 bits: bind it as text"))?),
        DbValue::Float(text) => match value::float(text)? {
            number if number.is_nan() => return Err(value::wrong("SQLite has no NaN")),
            number => Value::Real(number),
        },
        DbValue::Decimal(text) | DbValue::Text(text) | DbValue::Json(text) => Value::Text(text.clone()),
        DbValue::Bytes(bytes) => Value::Blob(bytes.0.clone()),
        DbValue::Timestamp(text) => Value::Text(value::instant(text)?),
    })
}

fn lost(error: &Error) -> Failure {
    match error {
        Error::SqliteFailure(code, message) => fault::by_result(code.extended_code, message.as_deref().unwrap_or("SQLite refused")),
        Error::SqlInputError { error, msg, .. } => fault::by_result(error.extended_code, msg),
        other => fault::plain("db.error", other.to_string()),
    }
}

/// Looks the call up in the ledger, behind whoever still writes.
pub(crate) fn settle(path: &Path, work: &Work<'_>) -> Result<Settled<DbResponse>, Failure> {
    let connection = open(path, work)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| lost(&error))?;
    if let DbAsk::Migrate(migration) = work.ask {
        return migrations::settled(&connection, work, migration);
    }
    let there: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'lockstep_ledger'", (), |row| row.get(0)).map_err(|error| lost(&error))?;
    if there == 0 {
        return Ok(Settled::DidNot("there is no ledger yet".to_owned()));
    }
    match looked_up(&connection, work.context.idempotency_key)? {
        Some(done) => Ok(Settled::Happened(Work::recorded(&done)?, "the ledger has it".to_owned())),
        None => Ok(Settled::DidNot("the ledger does not have it".to_owned())),
    }
}
