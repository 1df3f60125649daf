//! Leases and wakes in their tables. What is decided is decided in the transaction that writes it.

use std::path::Path;

use lockstep_journal::lease::{self, Known, Lease, LeaseAsk, LeaseEnd, LeaseKept, LeaseUse};
use lockstep_journal::{StoreError, store::Wake};
use lockstep_model::{RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use crate::error::of_sqlite;
use crate::holder;

/// The outcome of `Store::take_lease`.
pub(crate) type Taken = Result<Lease, Box<LeaseKept>>;

const COLUMNS: &str = "environment, run, token, process, holder, reason, since, beat";

/// Takes a lease for the holder `process` of the store in `dir`.
pub(crate) fn take(connection: &Connection, dir: &Path, process: &str, ask: &LeaseAsk) -> Result<Taken, StoreError> {
    let kept = query(connection, &format!("SELECT {COLUMNS} FROM lease WHERE environment = ?1"), &[&ask.environment])?.pop();
    // Asked before the answer is needed, because the rule cannot fail.
    let begun = match kept.as_ref().and_then(|kept| kept.run) {
        Some(owner) => has_records(connection, owner)?,
        None => false,
    };
    let known = Known { process, lives: &|process| holder::lives(dir, process), begun: &|_| begun };
    let taken = match lease::decide(kept, ask, &known) {
        Ok(taken) => taken,
        Err(kept) => return Ok(Err(kept)),
    };
    let sql = format!("INSERT OR REPLACE INTO lease ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let LeaseKept { environment, token, process, holder, reason, since, beat, .. } = &taken;
    let (run, token_kept) = (ask.run.to_bytes(), to_kept(*token)?);
    execute(connection, &sql, &[environment, &run, &token_kept, process, holder, reason, &since.microseconds(), &beat.microseconds()])?;
    Ok(Ok(Lease { environment: environment.clone(), run: ask.run, token: *token }))
}

/// Notes that the holder lives. False: the lease is another's.
pub(crate) fn renew(connection: &Connection, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE lease SET beat = ?4 WHERE environment = ?1 AND run = ?2 AND token = ?3";
    let (run, token) = (lease.run.to_bytes(), to_kept(lease.token)?);
    Ok(execute(connection, sql, &[&lease.environment, &run, &token, &now.microseconds()])? == 1)
}

/// Whether what is written under the lease may still be written: nobody has a newer token.
pub(crate) fn holds(connection: &Connection, lease: &Lease) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM lease WHERE environment = ?1 AND run = ?2 AND token = ?3";
    let mut found = connection.prepare_cached(sql).map_err(of_sqlite)?;
    found.exists((&lease.environment, lease.run.to_bytes(), to_kept(lease.token)?)).map_err(of_sqlite)
}

/// What becomes of the lease after a batch that was written under it.
pub(crate) fn end(connection: &Connection, used: &LeaseUse) -> Result<(), StoreError> {
    let sql = match used.end {
        LeaseEnd::Kept => return Ok(()),
        LeaseEnd::LetGo => "UPDATE lease SET process = NULL WHERE environment = ?1",
        LeaseEnd::GivenBack => "UPDATE lease SET process = NULL, run = NULL WHERE environment = ?1",
    };
    execute(connection, sql, &[&used.lease.environment]).map(drop)
}

/// Every environment that belongs to a run.
pub(crate) fn all(connection: &Connection) -> Result<Vec<LeaseKept>, StoreError> {
    query(connection, &format!("SELECT {COLUMNS} FROM lease WHERE run IS NOT NULL ORDER BY environment"), &[])
}

/// Notes when a run is to go on.
pub(crate) fn wake(connection: &Connection, wake: Wake) -> Result<(), StoreError> {
    let run = wake.run.to_bytes();
    match wake.at {
        Some(at) => execute(connection, "INSERT OR REPLACE INTO wake (run, at) VALUES (?1, ?2)", &[&run, &at.microseconds()]),
        None => execute(connection, "DELETE FROM wake WHERE run = ?1", &[&run]),
    }
    .map(drop)
}

/// The runs that are due, those that have been for longest first.
pub(crate) fn due(connection: &Connection, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let mut due = connection.prepare_cached("SELECT run FROM wake WHERE at <= ?1 ORDER BY at, run").map_err(of_sqlite)?;
    let runs = due.query_map([now.microseconds()], |row| row.get(0).map(RunId::from_bytes)).map_err(of_sqlite)?;
    runs.collect::<Result<_, _>>().map_err(of_sqlite)
}

fn has_records(connection: &Connection, run: RunId) -> Result<bool, StoreError> {
    let mut first = connection.prepare_cached("SELECT 1 FROM run WHERE run = ?1").map_err(of_sqlite)?;
    Ok(first.query_row([run.to_bytes()], |_| Ok(())).optional().map_err(of_sqlite)?.is_some())
}

fn query(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<Vec<LeaseKept>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(of_sqlite)?;
    let leases = statement.query_map(parameters, lease).map_err(of_sqlite)?;
    leases.collect::<Result<_, _>>().map_err(of_sqlite)
}

fn lease(row: &Row<'_>) -> rusqlite::Result<LeaseKept> {
    Ok(LeaseKept {
        environment: row.get(0)?,
        run: row.get::<_, Option<[u8; 16]>>(1)?.map(RunId::from_bytes),
        token: row.get::<_, i64>(2)?.cast_unsigned(),
        process: row.get(3)?,
        holder: row.get(4)?,
        reason: row.get(5)?,
        since: Timestamp::from_microseconds(row.get(6)?),
        beat: Timestamp::from_microseconds(row.get(7)?),
    })
}

fn execute(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<usize, StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters)).map_err(of_sqlite)
}

fn to_kept(token: u64) -> Result<i64, StoreError> {
    i64::try_from(token).map_err(|_| StoreError::Damaged("a fencing token is out of range".into()))
}
