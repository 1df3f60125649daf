//! Answers `db` by the scenario's `[[db]]`, statement by statement: what a transaction does not keep, the world does not either.

use std::time::Duration;

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_journal::event::CallId;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbDone, DbPart, DbRequest, DbResponse, DbStatement, DbTransaction};

use super::{Capability, Scripted, State, World};
use crate::scenario::{DbMatch, one_line};

/// What a rule names to answer `ping`, which is answered without one too.
const PING: &str = "ping";

impl Driver<DbRequest> for World {
    fn perform(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        let request = call.request();
        self.perform(call, context, |state, id| match &request.ask {
            DbAsk::Open => scripted(Ok(DbResponse::Opened(call.terms().engine.word().to_owned()))),
            DbAsk::Ping => match self.answer(state, request, PING) {
                Ok(found) => found.then(|_| DbResponse::Alive),
                Err(near) if near.is_empty() => scripted(Ok(DbResponse::Alive)),
                Err(near) => self.unanswered_db(state, id, request, PING, near),
            },
            DbAsk::Query(statement) => self.statement(state, id, request, statement).then(|done| DbResponse::Rows(done.returned)),
            DbAsk::Execute(statement) => self.statement(state, id, request, statement).then(|done| DbResponse::Done(vec![done])),
            DbAsk::Commit(transaction) => self.transaction(state, id, request, transaction),
        })
    }
}

impl World {
    fn answer(&self, state: &mut State, request: &DbRequest, sql: &str) -> Result<Scripted<DbDone>, Vec<String>> {
        let is_about = |rule: &DbMatch| rule.database == request.database && rule.sql.matches(sql.as_bytes());
        self.pick(state, (Capability::Db, &self.scenario.db), is_about, |done, _| done)
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

fn scripted<T>(gives: Result<T, Failure>) -> Scripted<T> {
    Scripted { gives, delay: Duration::ZERO, rule: None }
}

impl<T> Scripted<T> {
    fn then<U>(self, gives: impl FnOnce(T) -> U) -> Scripted<U> {
        Scripted { gives: self.gives.map(gives), delay: self.delay, rule: self.rule }
    }
}
