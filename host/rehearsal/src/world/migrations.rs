//! The migrations that the world's databases have seen: none when a scenario begins.

use std::collections::BTreeMap;

use lockstep_model::Failure;
use lockstep_model::request::{DbColumn, DbDirection, DbMigration, DbRows};

use super::Things;

/// In the order in which they were applied: version, title, checksum.
pub(super) type Versions = Vec<[String; 3]>;

/// Of each database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Applied(BTreeMap<String, Versions>);

impl Applied {
    fn versions(&self) -> Vec<String> {
        self.0.iter().flat_map(|(database, all)| all.iter().map(move |[version, ..]| format!("{database}: {version}"))).collect()
    }

    /// A line each.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let (before, after) = (self.versions(), now.versions());
        let gone = before.iter().filter(|version| !after.contains(version)).map(|version| format!("migration {version}: was applied, is not"));
        gone.chain(after.iter().filter(|version| !before.contains(version)).map(|version| format!("migration {version}: was not applied, is"))).collect()
    }
}

impl Things {
    /// As the driver shows it.
    pub(super) fn history(&self, database: &str) -> DbRows {
        let column = |(label, kind): (&str, &str)| DbColumn { label: label.to_owned(), kind: kind.to_owned(), declared: kind.to_owned() };
        let columns = [
            ("version", "text"),
            ("title", "text"),
            ("checksum", "text"),
            ("state", "text"),
            ("statements", "integer"),
            ("done", "integer"),
            ("changed_at", "text"),
        ];
        let row = |[version, title, checksum]: &[String; 3]| {
            let rest = ["applied", "1", "1", "2026-01-01T00:00:00Z"].map(str::to_owned);
            [version.clone(), title.clone(), checksum.clone()].into_iter().chain(rest).map(Some).collect()
        };
        let rows = self.migrations.0.get(database).map(|all| all.iter().map(row).collect()).unwrap_or_default();
        DbRows { columns: columns.map(column).to_vec(), rows, truncated: false }
    }

    /// One more, or the last one less.
    pub(super) fn migrate(&mut self, database: &str, migration: &DbMigration) -> Result<(), Failure> {
        let order = |message: String| Err(Failure::problem("db.migration-order", message));
        let DbMigration { version, title, checksum, direction, .. } = migration;
        let mut all = self.applied(database);
        let migrated = match direction {
            DbDirection::Up if all.iter().any(|[applied, ..]| applied == version) => order(format!("migration {version} has been applied already")),
            DbDirection::Up => {
                all.push([version.clone(), title.clone(), checksum.to_string()]);
                Ok(())
            }
            DbDirection::Down if all.last().is_some_and(|[applied, ..]| applied == version) => {
                all.pop();
                Ok(())
            }
            DbDirection::Down => order(format!("migration {version} is not the one that was applied last")),
        };
        self.restore_migrations(database, all);
        migrated
    }

    /// What a backup of the database has of them.
    pub(super) fn applied(&self, database: &str) -> Versions {
        self.migrations.0.get(database).cloned().unwrap_or_default()
    }

    /// Their history is a table of the database: a restored one has what it had when the backup was made.
    pub(super) fn restore_migrations(&mut self, database: &str, all: Versions) {
        // A world in which nothing is applied any more is the one in which nothing was.
        if all.is_empty() {
            self.migrations.0.remove(database);
        } else {
            self.migrations.0.insert(database.to_owned(), all);
        }
    }
}
