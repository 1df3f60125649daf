//! Operators' acts on their way to the process that drives a run, and what became of them.

use lockstep_journal::StoreError;
use lockstep_journal::act::{Act, ActAnswer, KEPT, PostedAct};
use lockstep_model::{RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::error::of_sqlite;

/// Posts an act and gives its number. What nobody waits for any more goes: so the table stays as small as an hour's acts.
pub(crate) fn post(connection: &Connection, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError> {
    let act = serde_json::to_string(act).map_err(|error| StoreError::Medium(format!("the act cannot be written: {error}")))?;
    let old = Timestamp::from_microseconds(now.microseconds().saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX)));
    let sql = "DELETE FROM act WHERE posted < ?1 AND (answer IS NOT NULL OR run NOT IN (SELECT run FROM lease WHERE run IS NOT NULL))";
    connection.prepare_cached(sql).and_then(|mut delete| delete.execute([old.microseconds()])).map_err(of_sqlite)?;
    let sql = "INSERT INTO act (run, actor, posted, act) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql).map_err(of_sqlite)?;
    let id = insert.insert((run.to_bytes(), actor, now.microseconds(), act)).map_err(of_sqlite)?;
    Ok(id.cast_unsigned())
}

/// The acts on a run that nobody has answered yet, oldest first.
pub(crate) fn open(connection: &Connection, run: RunId) -> Result<Vec<PostedAct>, StoreError> {
    let sql = "SELECT id, actor, posted, act FROM act WHERE run = ?1 AND answer IS NULL ORDER BY id";
    let mut statement = connection.prepare_cached(sql).map_err(of_sqlite)?;
    let mut rows = statement.query([run.to_bytes()]).map_err(of_sqlite)?;
    let mut acts = Vec::new();
    while let Some(row) = rows.next().map_err(of_sqlite)? {
        let id = row.get::<_, i64>(0).map_err(of_sqlite)?.cast_unsigned();
        let act: String = row.get(3).map_err(of_sqlite)?;
        let act = serde_json::from_str(&act).map_err(|error| StoreError::Damaged(format!("act {id} on run {run} cannot be read: {error}")))?;
        let posted_at = Timestamp::from_microseconds(row.get(2).map_err(of_sqlite)?);
        acts.push(PostedAct { id, run, actor: row.get(1).map_err(of_sqlite)?, posted_at, act });
    }
    Ok(acts)
}

/// What became of an act; none: nobody has answered it, or there is none of that number.
pub(crate) fn answer(connection: &Connection, id: u64) -> Result<Option<ActAnswer>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT answer FROM act WHERE id = ?1").map_err(of_sqlite)?;
    let answer: Option<Option<String>> = statement.query_row([id.cast_signed()], |row| row.get(0)).optional().map_err(of_sqlite)?;
    let read = |answer: String| serde_json::from_str(&answer).map_err(|error| StoreError::Damaged(format!("the answer to act {id} cannot be read: {error}")));
    answer.flatten().map(read).transpose()
}

/// Notes what became of an act.
pub(crate) fn set_answer(connection: &Connection, id: u64, answer: &ActAnswer) -> Result<(), StoreError> {
    let answer = serde_json::to_string(answer).map_err(|error| StoreError::Medium(format!("the answer cannot be written: {error}")))?;
    let mut update = connection.prepare_cached("UPDATE act SET answer = ?2 WHERE id = ?1").map_err(of_sqlite)?;
    update.execute((id.cast_signed(), answer)).map_err(of_sqlite).map(drop)
}
