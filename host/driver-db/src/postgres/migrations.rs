//! Migrations on PostgreSQL: each is one transaction with its row of the history, and who migrates holds a lock until that has ended.

use lockstep_gate::Settled;
use lockstep_grant::DbTerms;
use lockstep_model::Failure;
use lockstep_model::request::{DbMigration, DbResponse, DbValue};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Parameter, connect, lost};
use crate::history::{self, Entry, Next};
use crate::server::Server;
use crate::{Work, cancelled};
use lockstep_tls::Trust;

/// Held until the transaction has ended: whoever comes after a crash waits for what still runs.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('lockstep_migrations'))";
const THERE: &str = "SELECT 1 WHERE to_regclass('lockstep_migrations') IS NOT NULL";
const NOW: &str = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

/// The rows; none where there is no table yet.
pub(super) async fn rows(client: &Client, terms: &DbTerms) -> Result<Vec<Entry>, Failure> {
    let failed = |error: tokio_postgres::Error| lost(&error, terms);
    let there = client.simple_query(THERE).await.map_err(failed)?;
    if !there.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))) {
        return Ok(Vec::new());
    }
    let found = client.simple_query(history::ROWS).await.map_err(failed)?;
    let entries = found.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(Entry::of((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())),
        _ => None,
    });
    entries.collect()
}

/// Takes the lock and enters the migration into the history, as done: both are kept together or not at all. None when it has been done.
pub(super) async fn enter(client: &Client, work: &Work<'_>, migration: &DbMigration) -> Result<Option<()>, Failure> {
    let failed = |error: tokio_postgres::Error| lost(&error, work.terms);
    client.batch_execute(LOCK).await.map_err(failed)?;
    let rows = rows(client, work.terms).await?;
    let entry = match history::next(&rows, migration, work.terms.statements.len(), work.context.idempotency_key)? {
        Next::Nothing => return Ok(None),
        Next::From(way) => way.0.finished(),
    };
    client.batch_execute(history::TABLE).await.map_err(failed)?;
    for (sql, values) in [
        ("DELETE FROM lockstep_migrations WHERE version = $1".to_owned(), vec![entry.version().to_owned()]),
        (history::insertion(|number| format!("${number}"), NOW), entry.values().to_vec()),
    ] {
        let values = values.into_iter().map(|value| Parameter::of(&DbValue::Text(value))).collect::<Result<Vec<_>, _>>()?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        client.execute(&sql, &values).await.map_err(failed)?;
    }
    Ok(Some(()))
}

/// What the history has of the call, behind whoever is still at it.
pub(crate) async fn settle(trust: &Trust, server: &Server, work: &Work<'_>, migration: &DbMigration) -> Result<Settled<DbResponse>, Failure> {
    let asking = async {
        loop {
            match look(trust, server, work, migration).await {
                Err(failure) if failure.is_retryable() => tokio::time::sleep(super::PAUSE).await,
                looked => return looked,
            }
        }
    };
    tokio::select! {
        settled = asking => settled,
        () = tokio::time::sleep(work.deadline()) => Ok(Settled::Unknown(format!("the history of migrations was asked for over {:?} and did not tell", work.deadline()))),
        () = cancelled(work.context.interrupt) => Ok(Settled::Unknown("cancelled by the operator".to_owned())),
    }
}

async fn look(trust: &Trust, server: &Server, work: &Work<'_>, migration: &DbMigration) -> Result<Settled<DbResponse>, Failure> {
    let session = connect(trust, server, work.terms).await?;
    session.client.batch_execute(&format!("BEGIN; {LOCK}")).await.map_err(|error| lost(&error, work.terms))?;
    let rows = rows(&session.client, work.terms).await?;
    Ok(history::settled(&rows, migration, work.context.idempotency_key))
}
