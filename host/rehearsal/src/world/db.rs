//! Answers `db` by the scenario's `[[db]]`, statement by statement: what a transaction does not keep, the world does not either.

use std::time::Duration;

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_journal::event::CallId;
use lockstep_model::Failure;
use lockstep_model::request::{
    DbAsk, DbBackup, DbBackupOrder, DbDone, DbMigration, DbPart, DbRequest, DbResponse, DbRestore, DbStatement, DbTable, DbTransaction,
};

use super::{Capability, Scripted, State, World};
use crate::scenario::{DbMatch, one_line};

/// What a rule names to answer what is no statement, and is answered without one too.
const PING: &str = "ping";
const MAKE: &str = "make-backup";
const VERIFY: &str = "verify-backup";
const RESTORE: &str = "restore";
const RESTORE_OVER: &str = "restore-over";
/// What a rule names to answer `history`.
const HISTORY: &str = "migrations";

impl Driver<DbRequest> for World {
    fn perform(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        let request = call.request();
        self.perform(call, context, |state, id| match &request.ask {
            DbAsk::Open => scripted(Ok(DbResponse::Opened(call.terms().engine.word().to_owned()))),
            DbAsk::Ping => self.unless_said(state, id, request, PING, |_| Ok(DbResponse::Alive)),
            DbAsk::MakeBackup(order) => {
                state.backed_up.insert(order.artifact.clone(), state.things.applied(&request.database));
                self.unless_said(state, id, request, MAKE, |said| {
                    let tables = said.map_or_else(|| as_ordered(order), |said| tables(&said));
                    made(order, call, tables, context).map(DbResponse::Backup)
                })
            }
            // The gate answers it, from the journal.
            DbAsk::BackupIn(artifact) => scripted(Err(Failure::problem("db.no-backup", format!("artifact `{}` is no backup", artifact.id)))),
            DbAsk::VerifyBackup(_) => self.unless_said(state, id, request, VERIFY, |_| Ok(DbResponse::Verified)),
            DbAsk::Restore(restore) => self.restore(state, id, request, restore),
            DbAsk::Query(statement) => self.statement(state, id, request, statement).then(|done| DbResponse::Rows(done.returned)),
            DbAsk::Execute(statement) => self.statement(state, id, request, statement).then(|done| DbResponse::Done(vec![done])),
            DbAsk::Commit(transaction) => self.transaction(state, id, request, transaction),
            DbAsk::History => self.history(state, id, request),
            DbAsk::Migrate(migration) => self.migrate(state, id, request, migration),
        })
    }
}

impl World {
    fn answer(&self, state: &mut State, request: &DbRequest, sql: &str) -> Result<Scripted<DbDone>, Vec<String>> {
        let is_about = |rule: &DbMatch| rule.database == request.database && rule.sql.matches(sql.as_bytes());
        self.pick(state, (Capability::Db, &self.scenario.db), is_about, |done, _| done)
    }

    /// As a rule says, or as it goes when none is about it.
    fn unless_said(
        &self,
        state: &mut State,
        id: &CallId,
        request: &DbRequest,
        asked: &str,
        gives: impl FnOnce(Option<DbDone>) -> Result<DbResponse, Failure>,
    ) -> Scripted<DbResponse> {
        match self.answer(state, request, asked) {
            Ok(Scripted { gives: said, delay, rule }) => Scripted { gives: said.and_then(|done| gives(Some(done))), delay, rule },
            Err(near) if near.is_empty() => scripted(gives(None)),
            Err(near) => self.unanswered_db(state, id, request, asked, near),
        }
    }

    fn history(&self, state: &mut State, id: &CallId, request: &DbRequest) -> Scripted<DbResponse> {
        let rows = state.things.history(&request.database);
        self.unless_said(state, id, request, HISTORY, |_| Ok(DbResponse::Rows(rows)))
    }

    fn migrate(&self, state: &mut State, id: &CallId, request: &DbRequest, migration: &DbMigration) -> Scripted<DbResponse> {
        let what = format!("{} {} {}", migration.direction.word(), migration.version, migration.title);
        let Scripted { gives, delay, rule } = self.unless_said(state, id, request, &what, |_| Ok(DbResponse::Migrated));
        let gives = gives.and_then(|gave| state.things.migrate(&request.database, migration).map(|()| gave));
        Scripted { gives, delay, rule }
    }

    fn restore(&self, state: &mut State, id: &CallId, request: &DbRequest, restore: &DbRestore) -> Scripted<DbResponse> {
        let asked = if restore.over { RESTORE_OVER } else { RESTORE };
        let restored = self.unless_said(state, id, request, asked, |_| Ok(DbResponse::Restored));
        if restored.gives.is_ok() {
            let before = state.backed_up.get(&restore.backup.artifact.id).cloned().unwrap_or_default();
            state.things.restore_migrations(&request.database, before);
        }
        restored
    }

    fn statement(&self, state: &mut State, id: &CallId, request: &DbRequest, statement: &DbStatement) -> Scripted<DbDone> {
        let sql = one_line(&statement.sql);
        let found = self.answer(state, request, &sql).unwrap_or_else(|near| self.unanswered_db(state, id, request, &sql, near));
        found.then(|mut done| {
            let most = statement.limit_rows.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            done.returned.truncated = done.returned.rows.len() > most;
            done.returned.rows.truncate(most);
            done
        })
    }

    fn transaction(&self, state: &mut State, id: &CallId, request: &DbRequest, transaction: &DbTransaction) -> Scripted<DbResponse> {
        let (before, mut took, mut all) = (state.things.clone(), Duration::ZERO, Vec::new());
        for (index, part) in transaction.parts.iter().enumerate() {
            let Scripted { gives, delay, .. } = self.statement(state, id, request, &part.statement);
            took = took.saturating_add(delay);
            match gives.and_then(|done| counted(index, part, done)) {
                Ok(done) => all.push(done),
                Err(failure) => {
                    // What ran out of time may have been kept: there the rule's word counts.
                    if !matches!(failure, Failure::TimedOut(_)) {
                        state.things = before;
                    }
                    return Scripted { gives: Err(failure), delay: took, rule: None };
                }
            }
        }
        Scripted { gives: Ok(DbResponse::Done(all)), delay: took, rule: None }
    }
}

/// As the driver counts.
fn counted(index: usize, part: &DbPart, done: DbDone) -> Result<DbDone, Failure> {
    match part.expect_rows {
        Some(expected) if done.affected != expected.to_string() => {
            let (affected, number) = (&done.affected, index + 1);
            let message = format!("statement {number} concerned {affected} rows where {expected} were expected; nothing of the transaction was kept");
            Err(Failure::problem("db.row-count", message))
        }
        Some(_) | None => Ok(done),
    }
}

/// Without a word about it every table is there, with as many rows as were asked for.
fn as_ordered(order: &DbBackupOrder) -> Vec<DbTable> {
    let checksum = || "0".repeat(16);
    order.at_least_rows.iter().map(|(label, rows)| DbTable { label: label.clone(), rows: rows.clone(), checksum: checksum() }).collect()
}

/// The rows of an answer: each a table and its number of rows.
fn tables(said: &DbDone) -> Vec<DbTable> {
    let cell = |row: &[Option<String>], index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    said.returned.rows.iter().map(|row| DbTable { label: cell(row, 0), rows: cell(row, 1), checksum: "0".repeat(16) }).collect()
}

fn made(order: &DbBackupOrder, call: &Granted<DbRequest>, tables: Vec<DbTable>, context: &CallContext<'_>) -> Result<DbBackup, Failure> {
    let (database, engine) = (call.request().database.clone(), call.terms().engine.word().to_owned());
    for (table, wanted) in &order.at_least_rows {
        let rows = tables.iter().find(|there| there.label == *table).and_then(|there| there.rows.parse::<u64>().ok());
        if rows < wanted.parse().ok() {
            return Err(Failure::problem("db.backup-too-small", format!("table `{table}` has {} rows, expected at least {wanted}", rows.unwrap_or_default())));
        }
    }
    let mut sink = context.artifacts.create(&order.artifact)?;
    sink.append(format!("a rehearsed backup of {database}\n").as_bytes())?;
    let (format, server_version) = (format!("{engine}-rehearsed"), "rehearsed".to_owned());
    Ok(DbBackup { artifact: sink.finish()?, database, engine, format, server_version, tables })
}

fn scripted<T>(gives: Result<T, Failure>) -> Scripted<T> {
    Scripted { gives, delay: Duration::ZERO, rule: None }
}

impl<T> Scripted<T> {
    fn then<U>(self, gives: impl FnOnce(T) -> U) -> Scripted<U> {
        Scripted { gives: self.gives.map(gives), delay: self.delay, rule: self.rule }
    }
}
