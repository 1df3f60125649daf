//! The history of migrations, `lockstep_migrations`: what may be done next, told from its rows, the same for every engine.
//!
//! A row is written in the transaction of its migration where the engine has one for it. Where what changes the schema commits by itself, the row says how
//! many statements are done, and whether one is under way: after a crash the migration goes on behind them.

use lockstep_gate::Settled;
use lockstep_model::Failure;
use lockstep_model::request::{DbColumn, DbDirection, DbMigration, DbResponse, DbRows};

use crate::fault;

/// Makes the table where it is not.
pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS lockstep_migrations (version VARCHAR(64) NOT NULL PRIMARY KEY, title VARCHAR(200) NOT NULL, \
    checksum VARCHAR(71) NOT NULL, place INTEGER NOT NULL, direction VARCHAR(4) NOT NULL, statements INTEGER NOT NULL, done INTEGER NOT NULL, \
    under_way INTEGER NOT NULL, call_key VARCHAR(64) NOT NULL, changed_at VARCHAR(40) NOT NULL)";
/// In the order in which they were applied.
pub(crate) const ROWS: &str =
    "SELECT version, title, checksum, place, direction, statements, done, under_way, call_key, changed_at FROM lockstep_migrations ORDER BY place";

/// What the contract gives of a row.
const COLUMNS: [(&str, &str); 7] =
    [("version", "text"), ("title", "text"), ("checksum", "text"), ("state", "text"), ("statements", "integer"), ("done", "integer"), ("changed_at", "text")];

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    version: String,
    title: String,
    checksum: String,
    /// Its number among those applied.
    place: usize,
    direction: String,
    statements: usize,
    pub(crate) done: usize,
    /// Whether the statement behind those that are done was begun, and committed by itself or not: nobody has heard.
    pub(crate) under_way: bool,
    call_key: String,
    changed_at: String,
}

/// What is to be done for a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: this call has done it.
    Nothing,
    /// The statements that its row does not have as done. With the row that there was, for when none comes to be done.
    From(Box<(Entry, Option<Entry>)>),
}

impl Entry {
    /// From the cells of [`ROWS`].
    pub(crate) fn of(cells: Vec<Option<String>>) -> Result<Self, Failure> {
        let unreadable = || fault::plain("db.migration-history", "`lockstep_migrations` has a row that Lockstep has not written");
        let cells: Vec<String> = cells.into_iter().collect::<Option<_>>().ok_or_else(unreadable)?;
        let Ok([version, title, checksum, place, direction, statements, done, under_way, call_key, changed_at]) = <[String; 10]>::try_from(cells) else {
            return Err(unreadable());
        };
        let number = |text: String| text.parse::<usize>().map_err(|_| unreadable());
        let (place, statements, done, under_way) = (number(place)?, number(statements)?, number(done)?, number(under_way)? != 0);
        Ok(Self { version, title, checksum, place, direction, statements, done, under_way, call_key, changed_at })
    }

    /// For [`insertion`], in its order.
    pub(crate) fn values(&self) -> [String; 9] {
        let Self { version, title, checksum, place, direction, statements, done, under_way, call_key, .. } = self;
        let number = |number: usize| number.to_string();
        let (place, statements, done, under_way) = (number(*place), number(*statements), number(*done), number(usize::from(*under_way)));
        [version.clone(), title.clone(), checksum.clone(), place, direction.clone(), statements, done, under_way, call_key.clone()]
    }

    /// Which one.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// As if every statement were done.
    pub(crate) fn finished(&self) -> Self {
        Self { done: self.statements, under_way: false, ..self.clone() }
    }

    fn is_whole(&self) -> bool {
        self.done == self.statements && !self.under_way
    }

    fn is_applied(&self) -> bool {
        self.is_whole() && self.direction == DbDirection::Up.word()
    }

    fn state(&self) -> &'static str {
        match (self.is_whole(), self.direction == DbDirection::Up.word()) {
            (true, true) => "applied",
            (true, false) => "taken-back",
            (false, true) => "unfinished",
            (false, false) => "unfinished-back",
        }
    }

    fn is_by(&self, migration: &DbMigration, key: &str) -> bool {
        self.call_key == key && self.direction == migration.direction.word()
    }
}

/// Writes a row. `now` is the engine's own expression of the time.
pub(crate) fn insertion(placeholder: impl Fn(usize) -> String, now: &str) -> String {
    let values: Vec<String> = (1..=9).map(placeholder).collect();
    let columns = "version, title, checksum, place, direction, statements, done, under_way, call_key, changed_at";
    format!("INSERT INTO lockstep_migrations ({columns}) VALUES ({}, {now})", values.join(", "))
}

/// What the rows say that is to be done, for the call of this key.
///
/// # Errors
/// When it is not its turn, or not the migration that was applied.
pub(crate) fn next(rows: &[Entry], migration: &DbMigration, statements: usize, key: &str) -> Result<Next, Failure> {
    let version = &migration.version;
    let row = rows.iter().find(|row| row.version == *version);
    if let Some(other) = rows.iter().find(|row| !row.is_whole() && row.version != *version) {
        return Err(unfinished(other));
    }
    if let Some(row) = row
        && (migration.direction == DbDirection::Down || row.is_applied() || !row.is_whole())
        && row.checksum != migration.checksum.to_string()
    {
        let message = format!("migration {version} was applied with another script ({}, now {}): write a new migration", row.checksum, migration.checksum);
        return Err(fault::plain("db.migration-changed", message));
    }
    let fresh = |place| Entry {
        version: version.clone(),
        title: migration.title.clone(),
        checksum: migration.checksum.to_string(),
        place,
        direction: migration.direction.word().to_owned(),
        statements,
        done: 0,
        under_way: false,
        call_key: key.to_owned(),
        changed_at: String::new(),
    };
    let last = rows.iter().filter(|row| row.is_applied()).max_by_key(|row| row.place);
    let from = |entry, before| Next::From(Box::new((entry, before)));
    match (row, migration.direction) {
        (Some(row), _) if row.is_by(migration, key) && row.is_whole() => Ok(Next::Nothing),
        (Some(row), direction) if !row.is_whole() && (row.under_way || row.direction != direction.word() || row.statements != statements) => {
            Err(unfinished(row))
        }
        (Some(row), _) if !row.is_whole() => Ok(from(Entry { call_key: key.to_owned(), ..row.clone() }, Some(row.clone()))),
        (Some(row), DbDirection::Up) if row.is_applied() => Err(order(format!("migration {version} has been applied already"))),
        (_, DbDirection::Up) => Ok(from(fresh(rows.iter().map(|row| row.place).max().unwrap_or_default() + 1), row.cloned())),
        (Some(row), DbDirection::Down) => match last {
            Some(last) if last.version == *version => Ok(from(fresh(row.place), Some(row.clone()))),
            Some(last) if row.is_applied() => Err(order(format!("migration {} was applied after {version}, and is to be taken back first", last.version))),
            Some(_) | None => Err(order(format!("migration {version} is not applied"))),
        },
        (None, DbDirection::Down) => Err(order(format!("migration {version} is not applied"))),
    }
}

fn order(message: String) -> Failure {
    fault::plain("db.migration-order", message)
}

fn unfinished(row: &Entry) -> Failure {
    let Entry { version, direction, statements, done, under_way, .. } = row;
    let next = if *under_way { format!(", and nobody knows whether statement {} happened", done + 1) } else { String::new() };
    fault::plain("db.migration-unfinished", format!("of migration {version} ({direction}) {done} of {statements} statements are done{next}"))
}

/// What became of the call of this key. To be asked only when nobody is at it any more.
pub(crate) fn settled(rows: &[Entry], migration: &DbMigration, key: &str) -> Settled<DbResponse> {
    match rows.iter().find(|row| row.version == migration.version && row.is_by(migration, key)) {
        None => Settled::DidNot("the history of migrations does not have it".to_owned()),
        Some(row) if row.is_whole() => Settled::Happened(DbResponse::Migrated, "the history of migrations has it".to_owned()),
        Some(row) if row.under_way => {
            let Entry { version, statements, done, .. } = row;
            let number = done + 1;
            Settled::Unknown(format!(
                "statement {number} of {statements} of migration {version} was under way, and commits by itself: look whether it happened; if so, set `done` to {number} in its \
                 row of `lockstep_migrations`; set `under_way` to 0 there in any case, and say that the call did not happen: it goes on from there"
            ))
        }
        Some(row) => Settled::DidNot(format!("{} of {} statements are done, and it goes on behind them", row.done, row.statements)),
    }
}

/// For the contract.
pub(crate) fn shown(rows: Vec<Entry>) -> DbRows {
    let column = |(label, kind): &(&str, &str)| DbColumn { label: (*label).to_owned(), kind: (*kind).to_owned(), declared: (*kind).to_owned() };
    let row = |row: Entry| {
        let state = row.state().to_owned();
        [row.version, row.title, row.checksum, state, row.statements.to_string(), row.done.to_string(), row.changed_at].map(Some).to_vec()
    };
    DbRows { columns: COLUMNS.iter().map(column).collect(), rows: rows.into_iter().map(row).collect(), truncated: false }
}

#[cfg(test)]
mod tests;
