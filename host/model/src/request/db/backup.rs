//! Backups of databases: what is ordered, and what a backup says of itself, so that nobody has to guess by a file's name.

use serde::{Deserialize, Serialize};

use super::super::SealedArtifact;

/// A backup to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbBackupOrder {
    /// The id of its artifact.
    pub artifact: String,
    /// A smaller one is none. Decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_bytes: Option<String>,
    /// Tables, each with the rows that it must have, decimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least_rows: Vec<(String, String)>,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
}

/// A backup that was made. The host alone says so: a guest has no way to make one up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbBackup {
    /// Its bytes.
    pub artifact: SealedArtifact,
    /// The id in the grant of the database that it was made of.
    pub database: String,
    /// As the grant names it.
    pub engine: String,
    /// What the bytes are, which decides what restores them.
    pub format: String,
    /// As the server said it.
    pub server_version: String,
    /// By name.
    pub tables: Vec<DbTable>,
}

/// A table in a backup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbTable {
    /// With the schema, where an engine has more than one.
    pub label: String,
    /// How many rows it has, decimal.
    pub rows: String,
    /// The sum of its rows' hashes, so that their order does not matter: 16 hexadecimal digits.
    pub checksum: String,
}

/// A restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DbRestore {
    /// What is restored.
    pub backup: DbBackup,
    /// In the place of what is there; else nothing may be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

impl DbBackup {
    /// Bytes that it takes in memory.
    pub fn kept_size(&self) -> usize {
        let tables = self.tables.iter().map(|table| size_of::<DbTable>() + table.label.len() + table.rows.len() + table.checksum.len()).sum::<usize>();
        tables + self.artifact.id.len() + self.database.len() + self.engine.len() + self.format.len() + self.server_version.len()
    }
}
