//! A store changed behind the program's back, in its file: `verify` names the record, and nothing is built on it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{Flaw, VerifyOptions, VerifyReport, verify};
use lockstep_model::RunId;
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Tampered {
    _temporary: TempDir,
    dir: PathBuf,
    runs: [RunId; 3],
}

/// Sixty records of three runs, taking turns, and a checkpoint after the last.
fn sixty_records() -> Tampered {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    let mut chains = [Chain::of_run(1), Chain::of_run(2), Chain::of_run(3)];
    for number in 0..60 {
        store.append(Batch { checkpoint: number == 59, ..chains[number % 3].batch(1) }, Durability::Durable).unwrap();
    }
    Tampered { _temporary: temporary, dir, runs: chains.map(|chain| chain.run()) }
}

impl Tampered {
    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.dir, Options { create: false, read_only: true, max_bytes: None }).unwrap()
    }

    fn run_sql(&self, sql: &str) {
        rusqlite::Connection::open(self.dir.join("store.db")).unwrap().execute_batch(sql).unwrap();
    }

    fn report(&self) -> VerifyReport {
        verify(&self.open(), VerifyOptions::default()).unwrap()
    }

    fn flaws(&self) -> Vec<(Flaw, Option<RunId>, Option<u64>)> {
        self.report().findings.iter().map(|finding| (finding.flaw, finding.run, finding.seq)).collect()
    }
}

#[test]
fn one_byte_changed_in_the_file_names_the_record() {
    let store = sixty_records();
    let file = store.dir.join("store.db");
    let whole = fs::read(&file).unwrap();
    let needle = b"\"key\":\"k\"";
    let places: Vec<_> = whole.windows(needle.len()).enumerate().filter(|(_, window)| window == needle).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 60, "every record lies in the file as it is");
    let mut named = Vec::new();
    for place in places {
        let mut bytes = whole.clone();
        bytes[place + 7] = b'K';
        fs::write(&file, bytes).unwrap();
        let flaws = store.flaws();
        assert!(matches!(flaws[..], [(Flaw::Changed, Some(_), Some(_))]), "{flaws:?}");
        named.push((flaws[0].1.unwrap(), flaws[0].2.unwrap()));
        // The record is not handed out either, so that nothing is built on it.
        assert!(matches!(store.open().records(flaws[0].1.unwrap()), Err(StoreError::Damaged(words)) if words.contains("was changed")));
    }
    named.sort_unstable();
    let every: Vec<_> = store.runs.iter().flat_map(|run| (0..20).map(|seq| (*run, seq))).collect();
    assert_eq!(named, every, "each of them was found as itself");
}

#[test]
fn a_deleted_row_is_found() {
    let store = sixty_records();
    store.run_sql("DELETE FROM record WHERE idx = 31");
    assert_eq!(store.flaws(), [(Flaw::LedgerGap, None, None), (Flaw::Missing, Some(store.runs[1]), Some(10))]);
}

#[test]
fn a_deleted_end_is_found_by_the_checkpoint() {
    let store = sixty_records();
    store.run_sql("DELETE FROM record WHERE idx >= 50");
    assert_eq!(store.flaws(), [(Flaw::Truncated, None, None), (Flaw::Truncated, None, None)]);
}

#[test]
fn exchanged_contents_are_found() {
    let store = sixty_records();
    store.run_sql(
        "CREATE TEMP TABLE kept AS SELECT * FROM record WHERE idx IN (3, 6);
         UPDATE record SET (bytes, hash) = (SELECT bytes, hash FROM kept WHERE idx = 6) WHERE idx = 3;
         UPDATE record SET (bytes, hash) = (SELECT bytes, hash FROM kept WHERE idx = 3) WHERE idx = 6;",
    );
    assert_eq!(store.flaws()[0], (Flaw::Misfiled, Some(store.runs[0]), Some(1)));
}

#[test]
fn a_row_that_is_no_entry_is_damage() {
    let store = sixty_records();
    store.run_sql("UPDATE record SET run = x'00' WHERE idx = 40");
    let findings = store.report().findings;
    assert_eq!(findings[0].to_string(), "the store: it cannot be read: ledger entry 40 has no run");
}

#[test]
fn a_ledger_that_does_not_fit_its_head_is_not_added_to() {
    for (sql, words) in [
        ("UPDATE head SET size = 58", "its ledger has 60 records, 58 by its kept head"),
        ("DELETE FROM record WHERE idx = 59", "its ledger has 59 records, 60 by its kept head"),
        ("UPDATE head SET frontier = x'00'", "the ledger's head is malformed"),
    ] {
        let store = sixty_records();
        store.run_sql(sql);
        let refused = SqliteStore::open(&store.dir, Options::default()).unwrap_err().to_string();
        assert_eq!(refused, format!("the store is damaged: {words}"));
        assert!(!store.report().is_sound());
    }
}
