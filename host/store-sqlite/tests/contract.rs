//! The embedded store keeps the contract of every store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use lockstep_journal::Store;
use lockstep_journal::store_contract::{StoreHarness, contract};
use lockstep_model::Digest;
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Sqlite(TempDir);

impl StoreHarness for Sqlite {
    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.0.path().join("store"), Options::default()).unwrap())
    }

    fn damage_blob(&self, digest: Digest) {
        let file = self.0.path().join("store/blobs").join(digest.hex());
        if file.exists() {
            let mut bytes = fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&file, bytes).unwrap();
            return;
        }
        let database = rusqlite::Connection::open(self.0.path().join("store/store.db")).unwrap();
        assert_eq!(database.execute("UPDATE blob SET bytes = x'00' WHERE digest = ?1", [digest.0]).unwrap(), 1);
    }
}

#[test]
fn the_embedded_store_keeps_the_contract() {
    contract(|| Box::new(Sqlite(TempDir::new().unwrap())));
}
