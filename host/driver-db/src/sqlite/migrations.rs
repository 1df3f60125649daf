//! Migrations on SQLite: each is one transaction with its row of the history, schema and all.

use lockstep_gate::Settled;
use lockstep_model::Failure;
use lockstep_model::request::{DbMigration, DbResponse};
use rusqlite::{Connection, params_from_iter};

use super::{lost, one, text};
use crate::history::{self, Entry, Next};
use crate::{NO_VALUES, Work};

const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";
const THERE: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'lockstep_migrations'";

/// The rows; none where there is no table yet.
pub(super) fn rows(connection: &Connection) -> Result<Vec<Entry>, Failure> {
    let failed = |error| lost(&error);
    let there: i64 = connection.query_row(THERE, (), |row| row.get(0)).map_err(failed)?;
    if there == 0 {
        return Ok(Vec::new());
    }
    let mut prepared = connection.prepare(history::ROWS).map_err(failed)?;
    let count = prepared.column_count();
    let (mut found, mut entries) = (prepared.query(()).map_err(failed)?, Vec::new());
    while let Some(row) = found.next().map_err(failed)? {
        let cells = (0..count).map(|index| text("lockstep_migrations", row.get_ref(index).map_err(failed)?)).collect::<Result<_, Failure>>()?;
        entries.push(Entry::of(cells)?);
    }
    Ok(entries)
}

/// Does it, in the transaction that has begun.
pub(super) fn perform(connection: &Connection, work: &Work<'_>, migration: &DbMigration) -> Result<(), Failure> {
    let failed = |error| lost(&error);
    let entry = match history::next(&rows(connection)?, migration, work.terms.statements.len(), work.context.idempotency_key)? {
        Next::Nothing => return Ok(()),
        Next::From(way) => way.0.finished(),
    };
    connection.execute_batch(history::TABLE).map_err(failed)?;
    for statement in &*work.terms.statements {
        one(connection, work, statement, &NO_VALUES)?;
    }
    connection.execute("DELETE FROM lockstep_migrations WHERE version = ?1", (entry.version(),)).map_err(failed)?;
    let insertion = history::insertion(|number| format!("?{number}"), NOW);
    connection.execute(&insertion, params_from_iter(entry.values())).map_err(failed).map(drop)
}

/// What the history has of the call.
pub(super) fn settled(connection: &Connection, work: &Work<'_>, migration: &DbMigration) -> Result<Settled<DbResponse>, Failure> {
    Ok(history::settled(&rows(connection)?, migration, work.context.idempotency_key))
}
