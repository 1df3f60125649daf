//! Blobs in their tables: kept encrypted, listed and removed.

use lockstep_journal::StoreError;
use lockstep_journal::sealing::SEALED_LONGER;
use lockstep_journal::store::KeptBlob;
use lockstep_model::Digest;
use rusqlite::{Connection, OptionalExtension};

use crate::error::of_sqlite;

/// Keeps a blob that was sealed, or notes that it is kept once more, when the ledger has `since` records.
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

/// Every blob that is kept.
pub(crate) fn all(connection: &Connection) -> Result<Vec<KeptBlob>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT digest, length(bytes), since FROM blob JOIN kept USING (digest)").map_err(of_sqlite)?;
    let blobs = statement.query_map([], |row| {
        let (size, since) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?.cast_unsigned());
        Ok(KeptBlob { digest: Digest(row.get(0)?), size: size.saturating_sub(SEALED_LONGER), since })
    });
    blobs.map_err(of_sqlite)?.collect::<Result<_, _>>().map_err(of_sqlite)
}

/// A blob as it lies there, encrypted.
pub(crate) fn sealed(connection: &Connection, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT bytes FROM blob WHERE digest = ?1").map_err(of_sqlite)?;
    statement.query_row([digest.0], |row| row.get(0)).optional().map_err(of_sqlite)
}
