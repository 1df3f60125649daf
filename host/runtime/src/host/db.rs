//! `db`: a database is a name until something is asked of it; statements are gathered and checked beside this, in `statement`.

pub mod backup;
pub mod migration;
pub mod statement;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbBackup, DbDone, DbRequest, DbResponse, DbRestore, DbRows, SealedArtifact};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::db;
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::unexpected;
use backup::Order;
use statement::{Draft, Together};

const LONGEST_ID: usize = 64;

/// A database that the grant has.
pub struct Database {
    id: String,
    engine: String,
}

/// What statements came to.
pub struct Done(Vec<DbDone>);

impl Kept for Database {}

impl Kept for Done {
    fn size(&self) -> usize {
        self.0.iter().map(|done| done.affected.len() + done.returned.kept_size()).sum()
    }
}

impl Context {
    fn ask_database(&mut self, function: &'static str, database: &Resource<Database>, ask: DbAsk) -> Result<DbResponse, Refusal> {
        let database = self.kept(database)?.id.clone();
        self.ask(function, DbRequest { database, ask })
    }

    fn done(&mut self, function: &'static str, database: &Resource<Database>, ask: DbAsk) -> Result<Resource<Done>, Refusal> {
        match self.ask_database(function, database, ask)? {
            DbResponse::Done(done) => Ok(self.keep(Done(done))?),
            other => Err(unanswered(&other, function)),
        }
    }

    fn backup(&mut self, function: &'static str, database: &Resource<Database>, ask: DbAsk) -> Result<Resource<DbBackup>, Refusal> {
        match self.ask_database(function, database, ask)? {
            DbResponse::Backup(backup) => Ok(self.keep(backup)?),
            other => Err(unanswered(&other, function)),
        }
    }

    fn restored(&mut self, function: &'static str, database: &Resource<Database>, restore: DbRestore) -> Result<(), Refusal> {
        match self.ask_database(function, database, DbAsk::Restore(restore))? {
            DbResponse::Restored => Ok(()),
            other => Err(unanswered(&other, function)),
        }
    }

    fn cell_of(&self, rows: &Resource<DbRows>, row: u32, column: u32) -> Result<Option<String>> {
        let rows = self.kept(rows)?;
        Ok(rows.rows.get(row as usize).and_then(|row| row.get(column as usize)).cloned().flatten())
    }
}

/// An answer to something else.
fn unanswered(answer: &DbResponse, function: &'static str) -> Refusal {
    tracing::error!(?answer, function, "an answer to another call");
    unexpected(function).into()
}

impl db::Host for Context {}

impl db::HostDatabase for Context {
    fn open(&mut self, id: String) -> Result<Resource<Database>, Refusal> {
        if id.len() > LONGEST_ID {
            return Err(Failure::fixed_limit("db.limit", format!("a database's id of {} bytes, at most {LONGEST_ID}", id.len())).into());
        }
        match self.ask("db.database.open", DbRequest { database: id.clone(), ask: DbAsk::Open })? {
            DbResponse::Opened(engine) => Ok(self.keep(Database { id, engine })?),
            other => Err(unanswered(&other, "db.database.open")),
        }
    }

    fn engine(&mut self, database: Resource<Database>) -> Result<String> {
        Ok(self.kept(&database)?.engine.clone())
    }

    fn ping(&mut self, database: Resource<Database>) -> Result<(), Refusal> {
        match self.ask_database("db.database.ping", &database, DbAsk::Ping)? {
            DbResponse::Alive => Ok(()),
            other => Err(unanswered(&other, "db.database.ping")),
        }
    }

    fn query(&mut self, database: Resource<Database>, statement: Resource<Draft>) -> Result<Resource<DbRows>, Refusal> {
        let statement = self.kept(&statement)?.finished()?;
        match self.ask_database("db.database.query", &database, DbAsk::Query(statement))? {
            DbResponse::Rows(rows) => Ok(self.keep(rows)?),
            other => Err(unanswered(&other, "db.database.query")),
        }
    }

    fn execute(&mut self, database: Resource<Database>, statement: Resource<Draft>) -> Result<Resource<Done>, Refusal> {
        let statement = self.kept(&statement)?.finished()?;
        self.done("db.database.execute", &database, DbAsk::Execute(statement))
    }

    fn commit(&mut self, database: Resource<Database>, transaction: Resource<Together>) -> Result<Resource<Done>, Refusal> {
        let transaction = self.kept(&transaction)?.finished()?;
        self.done("db.database.commit", &database, DbAsk::Commit(transaction))
    }

    fn make_backup(&mut self, database: Resource<Database>, order: Resource<Order>) -> Result<Resource<DbBackup>, Refusal> {
        let order = self.kept(&order)?.finished()?;
        self.backup("db.database.make-backup", &database, DbAsk::MakeBackup(order))
    }

    fn backup_in(&mut self, database: Resource<Database>, artifact: Resource<SealedArtifact>) -> Result<Resource<DbBackup>, Refusal> {
        let artifact = self.kept(&artifact)?.clone();
        self.backup("db.database.backup-in", &database, DbAsk::BackupIn(artifact))
    }

    fn verify_backup(&mut self, database: Resource<Database>, backup: Resource<DbBackup>) -> Result<(), Refusal> {
        let backup = self.kept(&backup)?.clone();
        match self.ask_database("db.database.verify-backup", &database, DbAsk::VerifyBackup(backup))? {
            DbResponse::Verified => Ok(()),
            other => Err(unanswered(&other, "db.database.verify-backup")),
        }
    }

    fn restore(&mut self, database: Resource<Database>, backup: Resource<DbBackup>) -> Result<(), Refusal> {
        let backup = self.kept(&backup)?.clone();
        self.restored("db.database.restore", &database, DbRestore { backup, over: false })
    }

    fn restore_over(&mut self, database: Resource<Database>, backup: Resource<DbBackup>) -> Result<(), Refusal> {
        let backup = self.kept(&backup)?.clone();
        self.restored("db.database.restore-over", &database, DbRestore { backup, over: true })
    }

    fn drop(&mut self, database: Resource<Database>) -> Result<()> {
        self.forget(database)
    }
}

impl db::HostDone for Context {
    fn count(&mut self, done: Resource<Done>) -> Result<u32> {
        Ok(u32::try_from(self.kept(&done)?.0.len()).unwrap_or(u32::MAX))
    }

    fn affected(&mut self, done: Resource<Done>, statement: u32) -> Result<String> {
        Ok(self.kept(&done)?.0.get(statement as usize).map_or_else(|| "0".to_owned(), |done| done.affected.clone()))
    }

    fn returned(&mut self, done: Resource<Done>, statement: u32) -> Result<Resource<DbRows>> {
        let rows = self.kept(&done)?.0.get(statement as usize).map(|done| done.returned.clone()).unwrap_or_default();
        self.keep(rows)
    }

    fn drop(&mut self, done: Resource<Done>) -> Result<()> {
        self.forget(done)
    }
}

impl db::HostRows for Context {
    fn columns(&mut self, rows: Resource<DbRows>) -> Result<Vec<db::Column>> {
        let column = |column: &lockstep_model::request::DbColumn| db::Column {
            label: column.label.clone(),
            kind: column.kind.clone(),
            declared: column.declared.clone(),
        };
        Ok(self.kept(&rows)?.columns.iter().map(column).collect())
    }

    fn count(&mut self, rows: Resource<DbRows>) -> Result<u32> {
        Ok(u32::try_from(self.kept(&rows)?.rows.len()).unwrap_or(u32::MAX))
    }

    fn cell(&mut self, rows: Resource<DbRows>, row: u32, column: u32) -> Result<Option<String>> {
        self.cell_of(&rows, row, column)
    }

    fn cell_bytes(&mut self, rows: Resource<DbRows>, row: u32, column: u32) -> Result<Option<Vec<u8>>> {
        let is_bytes = self.kept(&rows)?.columns.get(column as usize).is_some_and(|column| column.kind == "bytes");
        let cell = self.cell_of(&rows, row, column)?;
        Ok(cell.map(|text| if is_bytes { STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()) } else { text.into_bytes() }))
    }

    fn truncated(&mut self, rows: Resource<DbRows>) -> Result<bool> {
        Ok(self.kept(&rows)?.truncated)
    }

    fn drop(&mut self, rows: Resource<DbRows>) -> Result<()> {
        self.forget(rows)
    }
}
