//! A store changed behind the program's back, in its file: `verify` names the record, and nothing is built on it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use lockstep_journal::store::{Batch, Durability, RawEntry, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{Flaw, MOST_FINDINGS, VerifyError, VerifyOptions, VerifyReport, verify};
use lockstep_model::RunId;
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Tampered {
    _temporary: TempDir,
    dir: PathBuf,
    runs: Vec<RunId>,
}

/// Records of so many runs, taking turns, and a checkpoint after the last.
fn records_of(runs: usize, total: usize) -> Tampered {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    let mut chains: Vec<_> = (1..=runs as u64).map(Chain::of_run).collect();
    for number in 0..total {
        let records = vec![chains[number % runs].record(1 + number * 7 % 90)];
        let last = number + 1 == total;
        // One sync for all: a thousand would take longer than the test.
        let durability = if last { Durability::Durable } else { Durability::Written };
        store.append(Batch { records, checkpoint: last, ..Batch::default() }, durability).unwrap();
    }
    Tampered { _temporary: temporary, dir, runs: chains.iter().map(Chain::run).collect() }
}

/// Where each record lies in the file, in the order of the ledger, and whose it is.
fn places_of_records(store: &Tampered, file: &[u8]) -> Vec<(Range<usize>, RunId, u64)> {
    let mut places = Vec::new();
    let mut visit = |entry: RawEntry<'_>| {
        let at = file.windows(entry.bytes.len()).position(|window| window == entry.bytes).unwrap();
        places.push((at..at + entry.bytes.len(), entry.run, entry.seq));
        true
    };
    store.open().scan(0, &mut visit).unwrap();
    places
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

/// Every seventh byte of every record, and each of them in turn over the eight bits: all of them, as in memory, would take minutes of reading files.
const STRIDE: usize = 7;

#[test]
fn every_seventh_byte_of_a_thousand_records_changed_in_the_file_names_the_record() {
    // As many runs as findings are told apart: a byte of each is changed at once.
    let runs = MOST_FINDINGS;
    let store = records_of(runs, 1_000);
    let file = store.dir.join("store.db");
    let whole = fs::read(&file).unwrap();
    let places = places_of_records(&store, &whole);
    for (number, row) in places.chunks(runs).enumerate() {
        let longest = row.iter().map(|(place, ..)| place.len()).max().unwrap();
        for at in (number % STRIDE..longest).step_by(STRIDE) {
            let mut bytes = whole.clone();
            let mut expected = Vec::new();
            for (place, run, seq) in row.iter().filter(|(place, ..)| at < place.len()) {
                bytes[place.start + at] ^= 1 << (at / STRIDE % 8);
                expected.push((Flaw::Changed, Some(*run), Some(*seq)));
            }
            fs::write(&file, bytes).unwrap();
            assert_eq!(store.flaws()[..expected.len()], expected, "byte {at} of the {number}th record of each run");
        }
    }
}

#[test]
fn a_record_changed_in_the_file_is_not_handed_out() {
    let store = records_of(3, 60);
    let file = store.dir.join("store.db");
    let mut bytes = fs::read(&file).unwrap();
    let (place, run, _) = places_of_records(&store, &bytes)[30].clone();
    let key = bytes[place.clone()].windows(3).position(|window| window == b"\"k\"").unwrap();
    bytes[place.start + key + 1] = b'K';
    fs::write(&file, bytes).unwrap();
    assert!(matches!(store.open().records(run), Err(StoreError::Damaged(words)) if words.contains("was changed")));
}

#[test]
fn a_byte_changed_anywhere_in_the_file_is_found_or_changes_nothing() {
    let store = records_of(20, 200);
    let file = store.dir.join("store.db");
    let whole = fs::read(&file).unwrap();
    let journal = |report: &VerifyReport| (report.records, report.runs, report.head);
    let sound = journal(&store.report());
    // Pages have their own heads, counters and free space around the records. Some bytes mean nothing; none makes another journal of it.
    for at in (0..whole.len()).step_by(whole.len() / 1_500) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&file, bytes).unwrap();
        let options = Options { create: false, read_only: true, max_bytes: None };
        let report = SqliteStore::open(&store.dir, options).map_err(VerifyError::Store).and_then(|store| verify(&store, VerifyOptions::default()));
        if let Ok(report) = report {
            assert!(!report.is_sound() || journal(&report) == sound, "byte {at}: {report:?}");
        }
    }
}

#[test]
fn a_deleted_row_is_found() {
    let store = records_of(3, 60);
    store.run_sql("DELETE FROM record WHERE idx = 31");
    assert_eq!(store.flaws(), [(Flaw::LedgerGap, None, None), (Flaw::Missing, Some(store.runs[1]), Some(10))]);
}

#[test]
fn a_deleted_end_is_found_by_the_checkpoint() {
    let store = records_of(3, 60);
    store.run_sql("DELETE FROM record WHERE idx >= 50");
    assert_eq!(store.flaws(), [(Flaw::Truncated, None, None), (Flaw::Truncated, None, None)]);
}

#[test]
fn exchanged_contents_are_found() {
    let store = records_of(3, 60);
    store.run_sql(
        "CREATE TEMP TABLE kept AS SELECT * FROM record WHERE idx IN (3, 6);
         UPDATE record SET (bytes, hash) = (SELECT bytes, hash FROM kept WHERE idx = 6) WHERE idx = 3;
         UPDATE record SET (bytes, hash) = (SELECT bytes, hash FROM kept WHERE idx = 3) WHERE idx = 6;",
    );
    assert_eq!(store.flaws()[0], (Flaw::Misfiled, Some(store.runs[0]), Some(1)));
}

#[test]
fn a_row_that_is_no_entry_is_damage() {
    let store = records_of(3, 60);
    store.run_sql("UPDATE record SET run = x'00' WHERE idx = 40");
    let findings = store.report().findings;
    assert_eq!(findings[0].to_string(), "the store: it cannot be read: ledger entry 40 has no run");
}

#[test]
fn a_run_that_would_be_read_to_an_earlier_end_is_found() {
    for sql in [
        "UPDATE run SET next = next - 1, last = (SELECT before FROM record WHERE idx = last) WHERE first = 1",
        "UPDATE run SET next = 1, last = first WHERE first = 1; UPDATE run SET next = next + 19 WHERE first = 2",
        "DELETE FROM run WHERE first = 0",
    ] {
        let store = records_of(3, 60);
        store.run_sql(sql);
        assert_eq!(store.report().findings[0].to_string(), "the store: it cannot be read: its table of runs does not fit its records", "{sql}");
    }
}

#[test]
fn a_record_that_cannot_be_reached_is_damage() {
    let store = records_of(3, 60);
    store.run_sql("UPDATE record SET before = 3 WHERE idx = 9");
    let refused = store.open().records(store.runs[0]).unwrap_err().to_string();
    assert_eq!(refused, format!("the store is damaged: record 2 of run {} is not where it should be", store.runs[0]));
}

#[test]
fn a_ledger_that_does_not_fit_its_head_is_not_added_to() {
    for (sql, words) in [
        ("UPDATE head SET size = 58", "its ledger has 60 records, 58 by its kept head"),
        ("DELETE FROM record WHERE idx = 59", "its ledger has 59 records, 60 by its kept head"),
        ("UPDATE head SET frontier = x'00'", "the ledger's head is malformed"),
    ] {
        let store = records_of(3, 60);
        store.run_sql(sql);
        let refused = SqliteStore::open(&store.dir, Options::default()).unwrap_err().to_string();
        assert_eq!(refused, format!("the store is damaged: {words}"));
        assert!(!store.report().is_sound());
    }
}
