//! A ledger of 1,000 records: every byte flipped, every record deleted, repeated and swapped, every end cut off. Each is found, and the record is named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tampered;

use lockstep_journal::memory::MemoryStore;
use lockstep_journal::store::{Batch, Durability, Store};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{Flaw, VerifyOptions, verify};
use lockstep_model::RunId;
use tampered::{Kept, Tampered};

/// As many as findings are told apart, so that a flaw in each of them is named.
const RUNS: usize = 100;
const RECORDS: usize = 1_000;

/// Runs that take turns, with records of all lengths, and four checkpoints.
fn thousand_records() -> Tampered {
    let store = MemoryStore::new();
    let mut chains: Vec<_> = (0..RUNS as u64).map(Chain::of_run).collect();
    for number in 0..RECORDS {
        let records = vec![chains[number % RUNS].record(1 + number * 7 % 90)];
        store.append(Batch { records, checkpoint: number % 250 == 249, ..Batch::default() }, Durability::Durable).unwrap();
    }
    Tampered::copy_of(&store)
}

/// Flaw, run and number of each finding.
fn found(store: &Tampered, checkpoint: Option<&str>) -> Vec<(Flaw, Option<RunId>, Option<u64>)> {
    let report = verify(store, VerifyOptions { checkpoint, ..VerifyOptions::default() }).unwrap();
    report.findings.iter().map(|finding| (finding.flaw, finding.run, finding.seq)).collect()
}

#[test]
fn every_flipped_byte_of_a_thousand_records_is_found_and_its_record_named() {
    let mut whole = thousand_records();
    // What is signed has its own tests; here it would only cost time.
    whole.checkpoints.clear();
    let mut store = whole.clone();
    let mut flipped = 0;
    // Neighbours are of different runs, and the first flaw of each run is told: a byte of each is flipped at once.
    for first in (0..RECORDS).step_by(RUNS) {
        let row = first..first + RUNS;
        let named = |entry: &Kept| (Flaw::Changed, Some(entry.run), Some(entry.seq));
        let longest = whole.entries[row.clone()].iter().map(|entry| entry.bytes.len()).max().unwrap();
        for at in 0..longest + 32 {
            let mut expected = Vec::new();
            for entry in &mut store.entries[row.clone()] {
                // Behind a record's bytes come the 32 of the hash that is kept beside it.
                let length = entry.bytes.len();
                let Some(byte) = entry.bytes.iter_mut().chain(&mut entry.hash.0).nth(at) else { continue };
                *byte ^= 1 << (at % 8);
                flipped += usize::from(at < length);
                expected.push(named(entry));
            }
            let findings = found(&store, None);
            assert_eq!(findings[..expected.len()], expected, "byte {at} of entries {first} and after");
            store.entries[row.clone()].clone_from_slice(&whole.entries[row.clone()]);
        }
    }
    assert_eq!(flipped, whole.entries.iter().map(|entry| entry.bytes.len()).sum::<usize>());
}

#[test]
fn each_of_a_thousand_records_is_missed_when_it_is_deleted() {
    let whole = thousand_records();
    for index in 0..RECORDS {
        let mut store = whole.clone();
        let deleted = store.entries.remove(index);
        // A thorough forger leaves no gap in the ledger's own count, and no head that tells.
        store.tidy();
        let findings = found(&store, None);
        // After the last record of a run nothing of the run tells that there was one more: what was signed does.
        let last_of_its_run = index >= RECORDS - RUNS;
        let expected = if last_of_its_run { (Flaw::CheckpointDiffers, None, None) } else { (Flaw::Missing, Some(deleted.run), Some(deleted.seq)) };
        let truncated = (Flaw::Truncated, None, None);
        assert!(findings.contains(&expected) || (last_of_its_run && findings == [truncated]), "entry {index}: {findings:?}");
    }
}

#[test]
fn each_of_a_thousand_records_is_named_when_it_is_there_twice() {
    let whole = thousand_records();
    for index in 0..RECORDS {
        let mut store = whole.clone();
        let copy = store.entries[index].clone();
        store.entries.insert((index * 31) % RECORDS, copy.clone());
        store.tidy();
        let findings = found(&store, None);
        // Before its own place the copy is met first, and another is missed there.
        let named = findings.iter().any(|(flaw, run, _)| [Flaw::Repeated, Flaw::Missing].contains(flaw) && *run == Some(copy.run));
        assert!(named, "entry {index}: {findings:?}");
    }
}

#[test]
fn each_of_a_thousand_records_is_found_when_it_has_changed_places() {
    let whole = thousand_records();
    for index in 0..RECORDS - RUNS {
        let (run, seq) = (whole.entries[index].run, whole.entries[index].seq);
        // With the next record of its own run, and with a neighbour of another run.
        let mut store = whole.clone();
        store.entries.swap(index, index + RUNS);
        store.tidy();
        assert!(found(&store, None).contains(&(Flaw::Missing, Some(run), Some(seq))), "entry {index}");
        let mut store = whole.clone();
        store.entries.swap(index, index + 1);
        store.tidy();
        let findings = found(&store, None);
        // Where a checkpoint stands between the two, the first one that differs is told.
        assert_eq!(findings, [(Flaw::CheckpointDiffers, None, None)], "entry {index}");
    }
}

#[test]
fn every_cut_end_of_a_thousand_records_is_found_with_a_checkpoint_kept_elsewhere() {
    let mut whole = thousand_records();
    let elsewhere = whole.checkpoints.pop().unwrap();
    for length in 0..RECORDS {
        let mut store = whole.clone();
        store.entries.truncate(length);
        // The forger takes along what was signed since.
        store.checkpoints.truncate(length / 250);
        store.tidy();
        assert_eq!(found(&store, None), [], "nothing in the store tells that it had more than {length} records");
        assert_eq!(found(&store, Some(&elsewhere)), [(Flaw::Truncated, None, None)], "{length} records");
    }
}
