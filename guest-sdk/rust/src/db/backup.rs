//! Backups: what is ordered, and what a backup says of itself.

use std::time::Duration;

use crate::artifact::Artifact;
use crate::bindings::lockstep::contract::db as host;
use crate::units::whole_millis;
use crate::{Failure, Result};

/// A backup being ordered. Nothing happens before it is handed to a [`Database`](super::Database).
#[derive(Debug, Clone)]
#[must_use = "nothing happens before it is made"]
pub struct BackupOrder {
    id: String,
    bytes: Option<u64>,
    rows: Vec<(String, u64)>,
    timeout: Option<Duration>,
}

impl BackupOrder {
    pub(super) fn of(id: String) -> Self {
        Self { id, bytes: None, rows: Vec::new(), timeout: None }
    }

    /// With less it is no backup, and fails with `db.backup-too-small`.
    pub fn at_least_bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// With fewer rows in this table it is no backup. Tables of PostgreSQL are named with their schema: `public.orders`.
    pub fn at_least_rows(mut self, table: impl Into<String>, rows: u64) -> Self {
        self.rows.push((table.into(), rows));
        self
    }

    /// Deadline. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    pub(super) fn ready(&self) -> host::BackupOrder {
        let order = host::BackupOrder::new(&self.id);
        if let Some(bytes) = self.bytes {
            order.at_least_bytes(&bytes.to_string());
        }
        for (table, rows) in &self.rows {
            order.at_least_rows(table, &rows.to_string());
        }
        if let Some(longest) = self.timeout {
            order.timeout(whole_millis(longest));
        }
        order
    }
}

/// A backup that was made in this run.
#[derive(Debug)]
pub struct Backup {
    inner: host::Backup,
    tables: Vec<BackupTable>,
}

/// A table of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTable {
    /// With the schema, where the engine has more than one.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// Of all its rows, in whichever order.
    pub checksum: String,
}

impl Backup {
    pub(super) fn of(inner: host::Backup) -> Self {
        let table = |table: host::BackupTable| BackupTable { name: table.label, rows: table.rows.parse().unwrap_or(u64::MAX), checksum: table.checksum };
        Self { tables: inner.tables().into_iter().map(table).collect(), inner }
    }

    pub(super) fn inner(&self) -> &host::Backup {
        &self.inner
    }

    /// Its bytes.
    pub fn artifact(&self) -> Artifact {
        Artifact::of(self.inner.artifact())
    }

    /// The name of the database in the grant.
    pub fn database(&self) -> String {
        self.inner.database()
    }

    /// `postgresql`, `mariadb`, `mysql` or `sqlite`.
    pub fn engine(&self) -> String {
        self.inner.engine()
    }

    /// `postgresql-archive`, `mariadb-sql`, `mysql-sql` or `sqlite-file`.
    pub fn format(&self) -> String {
        self.inner.format()
    }

    /// As the server said it.
    pub fn server_version(&self) -> String {
        self.inner.server_version()
    }

    /// Every table in it, by name.
    pub fn tables(&self) -> &[BackupTable] {
        &self.tables
    }

    /// How many rows its tables have in all.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).fold(0, u64::saturating_add)
    }

    /// Fails with `step.assertion` unless this table is in it, and has at least so many rows.
    pub fn expect_rows(&self, table: &str, at_least: u64) -> Result<&Self> {
        match self.tables.iter().find(|there| there.name == table) {
            Some(there) if there.rows >= at_least => Ok(self),
            Some(there) => Err(Failure::assertion(format!("table `{table}` has {} rows in the backup, expected at least {at_least}", there.rows))),
            None => Err(Failure::assertion(format!("the backup has no table `{table}`"))),
        }
    }
}
