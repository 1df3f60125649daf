//! The store in memory keeps the contract of every store.

use lockstep_journal::memory::MemoryStore;
use lockstep_journal::store::Store;
use lockstep_journal::store_contract::{StoreHarness, contract};
use lockstep_model::Digest;

struct Memory(MemoryStore);

impl StoreHarness for Memory {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.0.clone())
    }

    fn damage_blob(&self, digest: Digest) {
        assert!(self.0.damage_blob(digest, b"other bytes".to_vec()));
    }
}

#[test]
fn the_memory_store_keeps_the_contract() {
    contract(|| Box::new(Memory(MemoryStore::new())));
}
