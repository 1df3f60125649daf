//! Migrations from files: `0001_orders.up.sql` and `0001_orders.down.sql` in a folder of a mount. What the database has seen stands in its own history.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Database, Rows};
use crate::bindings::lockstep::contract::db as host;
use crate::units::whole_millis;
use crate::{Failure, Result, files};

/// Reads the migrations in a folder. A file `VERSION_title.up.sql` goes up, `VERSION_title.down.sql` goes back; a version is digits, in the order of their number. Other
/// files ending in `.sql` fail, so that a slip of a name leaves nothing out.
///
/// ```no_run
/// use lockstep::prelude::*;
///
/// fn record(_: &Ctx) -> Result<db::History> {
///     db::open("shop")?.history()
/// }
///
/// fn up(_: &Ctx) -> Result<Vec<String>> {
///     db::migrations("/migrations")?.up(&db::open("shop")?)
/// }
///
/// fn back(ctx: &Ctx) -> Result<()> {
///     // To where the database was when `record` looked, however many migrations that are.
///     db::migrations("/migrations")?.down_to(&db::open("shop")?, &ctx.output::<db::History>("record")?)?;
///     Ok(())
/// }
/// ```
pub fn migrations(folder: &str) -> Result<Migrations> {
    let mut found: BTreeMap<u64, Found> = BTreeMap::new();
    for name in files::entries(folder)?.into_iter().filter(|name| name.ends_with(".sql")) {
        let named = Named::parse(&name)
            .ok_or_else(|| Failure::assertion(format!("{folder}/{name} is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql")))?;
        let text = files::read_text(&format!("{folder}/{name}"))?;
        let entry = found.entry(named.number).or_default();
        let same = entry.version.is_empty() || (entry.version.as_str(), entry.title.as_str()) == (named.version, named.title);
        let place = if named.up { &mut entry.up } else { &mut entry.down };
        if !same || place.replace(text).is_some() {
            return Err(Failure::assertion(format!("{folder} has two migrations of the number {}", named.number)));
        }
        (entry.version, entry.title) = (named.version.to_owned(), named.title.to_owned());
    }
    let all = found.into_values().map(|Found { version, title, up, down }| match up {
        Some(up) => Ok(Migration { version, title, up, down }),
        None => Err(Failure::assertion(format!("{folder}: migration {version} goes back and has no file that goes up"))),
    });
    Ok(Migrations { all: all.collect::<Result<_>>()?, timeout: None, reason: None })
}

#[derive(Default)]
struct Found {
    version: String,
    title: String,
    up: Option<String>,
    down: Option<String>,
}

/// A file's name, taken apart.
struct Named<'a> {
    number: u64,
    version: &'a str,
    title: &'a str,
    up: bool,
}

impl<'a> Named<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (stem, up) = name.strip_suffix(".up.sql").map(|stem| (stem, true)).or_else(|| Some((name.strip_suffix(".down.sql")?, false)))?;
        let (version, title) = stem.split_once('_')?;
        let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { version.parse().ok()? } else { return None };
        (!title.is_empty()).then_some(Self { number, version, title, up })
    }
}

#[derive(Debug, Clone)]
struct Migration {
    version: String,
    title: String,
    up: String,
    down: Option<String>,
}

/// The migrations of a folder, in their order.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `up` or `down_to`"]
pub struct Migrations {
    all: Vec<Migration>,
    timeout: Option<Duration>,
    reason: Option<String>,
}

/// A migration that a database has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Which one.
    pub version: String,
    /// What it is about.
    pub title: String,
    /// Of its script that goes up.
    pub checksum: String,
    /// `applied`, `taken-back`, `unfinished` or `unfinished-back`.
    pub state: String,
}

/// The migrations that a database has seen, in the order in which they were applied: what a step returns before it migrates, to go back there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History(Vec<Applied>);

/// How a folder and a database stand to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Versions that are applied.
    pub applied: Vec<String>,
    /// Versions that are not.
    pub pending: Vec<String>,
    /// Versions that were applied with another script than the folder has now.
    pub changed: Vec<String>,
    /// Versions that are applied and not in the folder.
    pub missing: Vec<String>,
    /// Versions of which only a part is done.
    pub unfinished: Vec<String>,
}

impl History {
    pub(super) fn of(rows: &Rows) -> Result<Self> {
        let applied = |row: super::Row<'_>| -> Result<Applied> {
            Ok(Applied { version: row.get("version")?, title: row.get("title")?, checksum: row.get("checksum")?, state: row.get("state")? })
        };
        rows.iter().map(applied).collect::<Result<_>>().map(Self)
    }

    /// Everything, what was taken back as well.
    pub fn all(&self) -> &[Applied] {
        &self.0
    }

    /// The versions that are applied, in the order in which they were.
    pub fn versions(&self) -> Vec<&str> {
        self.0.iter().filter(|applied| applied.state == "applied").map(|applied| applied.version.as_str()).collect()
    }

    fn find(&self, version: &str) -> Option<&Applied> {
        self.0.iter().find(|applied| applied.version == version)
    }

    fn unfinished(&self) -> Option<&Applied> {
        self.0.iter().find(|applied| applied.state.starts_with("unfinished"))
    }
}

impl Migrations {
    /// Deadline of each migration, after which the server is told to stop. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Says why no backup of the database need have been verified in this run. The reason stands in the journal.
    pub fn without_backup(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The versions, in their order.
    pub fn versions(&self) -> Vec<&str> {
        self.all.iter().map(|migration| migration.version.as_str()).collect()
    }

    /// How folder and database stand to each other.
    pub fn status(&self, database: &Database) -> Result<Status> {
        Ok(self.compared(&database.history()?))
    }

    fn compared(&self, history: &History) -> Status {
        let mut status = Status::default();
        for migration in &self.all {
            let list = match history.find(&migration.version) {
                Some(applied) if applied.state.starts_with("unfinished") => &mut status.unfinished,
                Some(applied) if applied.state == "applied" && applied.checksum != migration.ready(None, None).checksum() => &mut status.changed,
                Some(applied) if applied.state == "applied" => &mut status.applied,
                Some(_) | None => &mut status.pending,
            };
            list.push(migration.version.clone());
        }
        let known = self.versions();
        status.missing = history
            .0
            .iter()
            .filter(|applied| applied.state != "taken-back" && !known.contains(&applied.version.as_str()))
            .map(|applied| applied.version.clone())
            .collect();
        status
    }

    /// Applies every migration that is not, in order, and says which. One that a crash or a failure left unfinished is gone on with first. Fails with
    /// `step.assertion`, before anything is done, when a script was changed after it had been applied or the folder lacks one that is applied.
    pub fn up(&self, database: &Database) -> Result<Vec<String>> {
        let status = self.status(database)?;
        if let Some(version) = status.changed.first() {
            return Err(Failure::assertion(format!("migration {version} was changed after it had been applied: write a new one")));
        }
        if let Some(version) = status.missing.first() {
            return Err(Failure::assertion(format!("migration {version} is applied, and there is no file of it")));
        }
        let mut done = Vec::new();
        for version in status.unfinished.iter().chain(&status.pending) {
            self.found(version)?.ready(self.timeout, self.reason.as_deref()).up(&database.inner).map_err(Failure::from_host)?;
            done.push(version.clone());
        }
        Ok(done)
    }

    /// Takes back what was applied since `recorded`, last in first out, and says which. Nothing is taken back that was applied before, and nothing at all when
    /// the folder lacks a file that goes back, or somebody else has taken back what was recorded.
    pub fn down_to(&self, database: &Database, recorded: &History) -> Result<Vec<String>> {
        let history = database.history()?;
        if let Some(applied) = history.unfinished().filter(|applied| applied.state == "unfinished") {
            return Err(Failure::assertion(format!("migration {} is unfinished: go on with it, or restore the backup", applied.version)));
        }
        let (before, now) = (recorded.versions(), history.versions());
        if let Some(gone) = before.iter().find(|version| !now.contains(version)) {
            return Err(Failure::assertion(format!("migration {gone} was applied when it was recorded, and is not any more: somebody else has migrated")));
        }
        let begun = history.unfinished().map(|applied| applied.version.as_str());
        let back: Vec<&str> = begun.into_iter().chain(now.into_iter().rev().filter(|version| !before.contains(version))).collect();
        for version in &back {
            if self.found(version)?.down.is_none() {
                return Err(Failure::assertion(format!("migration {version} has no file that goes back: restore the backup")));
            }
        }
        for version in &back {
            self.found(version)?.ready(self.timeout, self.reason.as_deref()).down(&database.inner).map_err(Failure::from_host)?;
        }
        Ok(back.into_iter().map(str::to_owned).collect())
    }

    fn found(&self, version: &str) -> Result<&Migration> {
        let found = self.all.iter().find(|migration| migration.version == version);
        found.ok_or_else(|| Failure::assertion(format!("migration {version} is applied, and there is no file of it")))
    }
}

impl Migration {
    fn ready(&self, timeout: Option<Duration>, reason: Option<&str>) -> host::Migration {
        let migration = host::Migration::new(&self.version, &self.title, &self.up);
        if let Some(script) = &self.down {
            migration.down_script(script);
        }
        if let Some(longest) = timeout {
            migration.timeout(whole_millis(longest));
        }
        if let Some(reason) = reason {
            migration.without_backup(reason);
        }
        migration
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn a_files_name_says_version_title_and_direction() {
        let named = Named::parse("0012_orders_by_mail.down.sql").unwrap();
        assert_eq!((named.number, named.version, named.title, named.up), (12, "0012", "orders_by_mail", false));
        for wrong in ["0001.up.sql", "_a.up.sql", "a_b.up.sql", "1_.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql"] {
            assert!(Named::parse(wrong).is_none(), "{wrong}");
        }
    }
}
