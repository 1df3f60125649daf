//! Migrations on MariaDB and MySQL. What only changes rows is one transaction with its row of the history; what changes the schema commits by itself, and is
//! done statement by statement, the row saying before and after each how far it has come.

use lockstep_gate::Settled;
use lockstep_grant::DbTerms;
use lockstep_model::Failure;
use lockstep_model::request::{DbMigration, DbResponse};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{COMMIT, Course, PAUSE, commit, connect, lost, one, unheld};
use crate::history::{self, Entry, Next};
use crate::server::Server;
use crate::{NO_VALUES, Work, cancelled};
use lockstep_tls::Trust;

/// Of this connection, and given back with it: whoever comes after a crash waits for what still runs. Names of locks are the whole server's.
const NAME: &str = "CONCAT('lockstep:', MD5(DATABASE()))";
const NOW: &str = "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')";
const NO_TABLE: u16 = 1146;

/// The rows; none where there is no table yet.
pub(super) async fn rows(conn: &mut Conn, terms: &DbTerms) -> Result<Vec<Entry>, Failure> {
    match conn.query::<mysql_async::Row, _>(history::ROWS).await {
        Ok(rows) => rows.into_iter().map(|row| Entry::of((0..row.len()).map(|index| row.get_opt(index)?.ok()).collect())).collect(),
        Err(mysql_async::Error::Server(error)) if error.code == NO_TABLE => Ok(Vec::new()),
        Err(error) => Err(lost(error, terms)),
    }
}

/// Does what of the migration is not done.
pub(super) async fn perform(conn: &mut Conn, work: &Work<'_>, course: &Course, migration: &DbMigration) -> Result<DbResponse, Failure> {
    lock(conn, work).await?;
    let performed = locked(conn, work, course, migration).await;
    if !course.spoilt.get() {
        // A session that is kept must not keep the lock, nor see its rows as they were then.
        course.spoilt.set(conn.query_drop(format!("ROLLBACK; DO RELEASE_LOCK({NAME})")).await.is_err());
    }
    performed
}

async fn lock(conn: &mut Conn, work: &Work<'_>) -> Result<(), Failure> {
    let seconds = work.deadline().as_secs().max(1);
    let got: Option<Option<i64>> = conn.query_first(format!("SELECT GET_LOCK({NAME}, {seconds})")).await.map_err(|error| lost(error, work.terms))?;
    if got.flatten() == Some(1) { Ok(()) } else { Err(Failure::retryable("db.serialization", "somebody else is migrating the database")) }
}

async fn locked(conn: &mut Conn, work: &Work<'_>, course: &Course, migration: &DbMigration) -> Result<DbResponse, Failure> {
    let statements = &work.terms.statements;
    let (entry, before) = match history::next(&rows(conn, work.terms).await?, migration, statements.len(), work.context.idempotency_key)? {
        Next::Nothing => return Ok(DbResponse::Migrated),
        Next::From(way) => *way,
    };
    run(conn, work, history::TABLE).await?;
    if statements.iter().any(|statement| unheld(work.terms.engine, statement)) {
        one_by_one(conn, work, course, entry, before).await?;
    } else {
        run(conn, work, "START TRANSACTION READ WRITE").await?;
        for statement in &**statements {
            one(conn, work, course, statement, &NO_VALUES).await?;
        }
        enter(conn, work, &entry.finished()).await?;
        commit(conn, course, COMMIT).await?;
    }
    Ok(DbResponse::Migrated)
}

/// Statement by statement, each with what the row says of it.
async fn one_by_one(conn: &mut Conn, work: &Work<'_>, course: &Course, mut entry: Entry, before: Option<Entry>) -> Result<(), Failure> {
    for statement in &work.terms.statements[entry.done..] {
        let alone = unheld(work.terms.engine, statement);
        run(conn, work, "START TRANSACTION READ WRITE").await?;
        if alone {
            entry.under_way = true;
            enter(conn, work, &entry).await?;
            commit(conn, course, COMMIT).await?;
        }
        let done = one(conn, work, course, statement, &NO_VALUES).await;
        if let Err(failure) = done {
            let number = entry.done + 1;
            if alone && failure.code() == "db.connection-lost" {
                course.spoilt.set(true);
                return Err(Failure::InDoubt(format!("{}; statement {number} commits by itself", failure.message())));
            }
            entry.under_way = false;
            run(conn, work, "ROLLBACK").await?;
            run(conn, work, "START TRANSACTION READ WRITE").await?;
            match before {
                // Nothing has been done.
                None if entry.done == 0 => remove(conn, work, &entry).await?,
                Some(before) if entry.done == 0 => enter(conn, work, &before).await?,
                Some(_) | None => enter(conn, work, &entry).await?,
            }
            commit(conn, course, COMMIT).await?;
            return Err(failure);
        }
        (entry.done, entry.under_way) = (entry.done + 1, false);
        if alone {
            run(conn, work, "START TRANSACTION READ WRITE").await?;
        }
        enter(conn, work, &entry).await?;
        commit(conn, course, COMMIT).await?;
    }
    Ok(())
}

async fn run(conn: &mut Conn, work: &Work<'_>, sql: &str) -> Result<(), Failure> {
    conn.query_drop(sql).await.map_err(|error| lost(error, work.terms))
}

/// Writes the row, in the place of an earlier one.
async fn enter(conn: &mut Conn, work: &Work<'_>, entry: &Entry) -> Result<(), Failure> {
    remove(conn, work, entry).await?;
    conn.exec_drop(history::insertion(|_| "?".to_owned(), NOW), entry.values().to_vec()).await.map_err(|error| lost(error, work.terms))
}

async fn remove(conn: &mut Conn, work: &Work<'_>, entry: &Entry) -> Result<(), Failure> {
    let sql = "DELETE FROM lockstep_migrations WHERE version = ?";
    conn.exec_drop(sql, (entry.version(),)).await.map_err(|error| lost(error, work.terms))
}

/// What the history has of the call, behind whoever is still at it.
pub(crate) async fn settle(trust: &Trust, server: &Server, work: &Work<'_>, migration: &DbMigration) -> Result<Settled<DbResponse>, Failure> {
    let asking = async {
        loop {
            match look(trust, server, work, migration).await {
                Err(failure) if failure.is_retryable() => tokio::time::sleep(PAUSE).await,
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
    let mut conn = connect(trust, server, work.terms).await?;
    lock(&mut conn, work).await?;
    Ok(history::settled(&rows(&mut conn, work.terms).await?, migration, work.context.idempotency_key))
}
