//! Blobs in their tables: kept encrypted, listed and removed.
//!
//! The row of a large blob has no bytes but says how many its file has.

use lockstep_journal::StoreError;
use lockstep_journal::sealing::SEALED_LONGER;
use lockstep_journal::store::KeptBlob;
use lockstep_model::Digest;
use rusqlite::{Connection, OptionalExtension};

use crate::error::of_sqlite;

/// The length of what stands for the bytes of a large blob: shorter than any that is sealed.
const POINTER: usize = size_of::<u64>();

/// A blob as its row has it.
pub(crate) enum Row {
    /// Encrypted.
    Sealed(Vec<u8>),
    /// In a file, with so many bytes.
    File(u64),
}

/// What stands in a row for the bytes of a file.
pub(crate) fn pointer(size: u64) -> Vec<u8> {
    size.to_be_bytes().to_vec()
}

impl From<Vec<u8>> for Row {
    fn from(bytes: Vec<u8>) -> Self {
        <[u8; POINTER]>::try_from(bytes).map_or_else(Self::Sealed, |size| Self::File(u64::from_be_bytes(size)))
    }
}

/// Keeps a blob that was sealed, or the pointer to its file, or notes that it is kept once more, when the ledger has `since` records.
pub(crate) fn keep(connection: &Connection, digest: Digest, sealed: &[u8], since: i64) -> Result<(), StoreError> {
    let mut keep = connection.prepare_cached("INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?1, ?2)").map_err(of_sqlite)?;
    keep.execute((digest.0, sealed)).map_err(of_sqlite)?;
    let touch = "INSERT INTO kept (digest, since) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE SET since = excluded.since";
    connection.prepare_cached(touch).and_then(|mut touch| touch.execute((digest.0, since))).map_err(of_sqlite).map(drop)
}

/// Deletes those that were not kept again since the ledger had `kept_before` records, and gives their digests.
pub(crate) fn remove(connection: &Connection, digests: &[Digest], kept_before: i64) -> Result<Vec<Digest>, StoreError> {
    let mut removed = Vec::new();
    for digest in digests {
        let mut old = connection.prepare_cached("DELETE FROM kept WHERE digest = ?1 AND since < ?2").map_err(of_sqlite)?;
        if old.execute((digest.0, kept_before)).map_err(of_sqlite)? == 1 {
            let mut delete = connection.prepare_cached("DELETE FROM blob WHERE digest = ?1").map_err(of_sqlite)?;
            delete.execute([digest.0]).map_err(of_sqlite)?;
            removed.push(*digest);
        }
    }
    Ok(removed)
}

/// Every blob that is kept, and whether it is a file.
pub(crate) fn all(connection: &Connection) -> Result<Vec<(KeptBlob, bool)>, StoreError> {
    let sql = "SELECT digest, length(bytes), since, CASE length(bytes) WHEN 8 THEN bytes END FROM blob JOIN kept USING (digest)";
    let mut statement = connection.prepare_cached(sql).map_err(of_sqlite)?;
    let blobs = statement.query_map([], |row| {
        let (length, since) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?.cast_unsigned());
        let (size, is_file) = match row.get::<_, Option<Vec<u8>>>(3)?.map(Row::from) {
            Some(Row::File(size)) => (size, true),
            Some(Row::Sealed(_)) | None => (length.saturating_sub(SEALED_LONGER), false),
        };
        Ok((KeptBlob { digest: Digest(row.get(0)?), size, since }, is_file))
    });
    blobs.map_err(of_sqlite)?.collect::<Result<_, _>>().map_err(of_sqlite)
}

/// A blob as its row has it.
pub(crate) fn row(connection: &Connection, digest: Digest) -> Result<Option<Row>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT bytes FROM blob WHERE digest = ?1").map_err(of_sqlite)?;
    let bytes = statement.query_row([digest.0], |row| row.get::<_, Vec<u8>>(0)).optional().map_err(of_sqlite)?;
    Ok(bytes.map(Row::from))
}

/// Whether a file of that digest is one that a row names.
pub(crate) fn names_file(connection: &Connection, digest: Digest) -> Result<bool, StoreError> {
    Ok(matches!(row(connection, digest)?, Some(Row::File(_))))
}
