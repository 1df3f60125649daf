//! What every store must do, as one test body: a new store runs `contract` and has then shown that it keeps what the trait promises.

#![expect(clippy::unwrap_used, reason = "a contract is broken by panicking, as every test")]

use lockstep_model::{Digest, RunId, RunOutcome, StepId, Timestamp};

use crate::blobs::BlobError;
use crate::checkpoint::Verifier;
use crate::event::{Event, RunFinished, ValueRemembered};
use crate::ledger;
use crate::record::{Record, SealedRecord};
use crate::store::{Batch, Durability, Store, StoreError};
use crate::verify::{VerifyOptions, verify};

/// One store of the kind under test.
pub trait StoreHarness {
    /// Opens it; it is made the first time. The handle opened before has been dropped.
    fn open(&self) -> Box<dyn Store>;

    /// Changes the kept bytes of a blob behind the store's back.
    fn damage_blob(&self, digest: Digest);
}

/// Runs every clause of the contract, each on a fresh store.
///
/// # Panics
/// When a clause is broken.
pub fn contract(make: impl Fn() -> Box<dyn StoreHarness>) {
    let clauses = [
        a_new_store_is_empty,
        records_come_back_in_order_and_survive_reopening,
        the_ledger_is_the_order_of_commits,
        a_batch_is_kept_whole_or_not_at_all,
        a_second_writer_of_a_run_gets_a_conflict,
        a_gap_is_refused_and_the_run_can_go_on,
        written_records_are_seen_at_once_and_survive_reopening,
        blobs_are_kept_once_and_checked,
        blobs_of_a_batch_are_kept_and_forgotten_with_it,
        checkpoints_verify,
        a_scan_starts_and_stops_where_it_is_told,
        eight_runs_are_written_side_by_side,
        secrets_open_for_their_run_only,
    ];
    for clause in clauses {
        clause(&*make());
    }
}

/// Makes a run's records one after another, chained. What they say is of no interest to a store.
#[derive(Debug, Clone)]
pub struct Chain {
    run: RunId,
    next: u64,
    last: Digest,
}

impl Chain {
    /// The chain of the `number`th run.
    pub fn of_run(number: u64) -> Self {
        Self { run: RunId::from_parts(1_700_000_000_000 + number, number.into()), next: 0, last: Digest::ZERO }
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The next record, with a text of `length` bytes in it.
    ///
    /// # Panics
    /// Never: what is made here has a canonical form.
    pub fn record(&mut self, length: usize) -> SealedRecord {
        let step = StepId::parse("step").unwrap();
        let event = match length {
            0 => Event::RunFinished(RunFinished { outcome: RunOutcome::Succeeded }),
            _ => Event::ValueRemembered(ValueRemembered { step, key: "k".into(), value: "x".repeat(length) }),
        };
        let time = Timestamp::from_microseconds(i64::try_from(self.next).unwrap());
        let sealed = Record { run: self.run, seq: self.next, time, actor: "lockstep".into(), event, prev: self.last }.seal().unwrap();
        self.next += 1;
        self.last = sealed.hash;
        sealed
    }

    /// The next records as a batch.
    pub fn batch(&mut self, count: usize) -> Batch {
        Batch { records: (0..count).map(|_| self.record(40)).collect(), ..Batch::default() }
    }
}

fn a_new_store_is_empty(harness: &dyn StoreHarness) {
    let store = harness.open();
    assert_eq!(store.head().unwrap().size, 0);
    assert_eq!(store.head().unwrap().root, ledger::root(&[]));
    assert!(store.runs().unwrap().is_empty());
    assert!(store.records(Chain::of_run(1).run()).unwrap().is_empty());
    assert!(store.checkpoints().unwrap().is_empty());
    assert!(verify(&*store, VerifyOptions::default()).unwrap().is_sound());
}

fn records_come_back_in_order_and_survive_reopening(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut one, mut two) = (Chain::of_run(1), Chain::of_run(2));
    let batches = [two.batch(3), one.batch(1), two.batch(2), one.batch(4)];
    for batch in &batches {
        store.append(batch.clone(), Durability::Durable).unwrap();
    }
    let records = |run| batches.iter().flat_map(|batch| batch.records.clone()).filter(|kept| kept.record.run == run).collect::<Vec<_>>();
    let check = |store: &dyn Store| {
        assert_eq!(store.records(one.run()).unwrap(), records(one.run()));
        assert_eq!(store.records(two.run()).unwrap(), records(two.run()));
        assert_eq!(store.runs().unwrap(), [two.run(), one.run()], "oldest first");
    };
    check(&*store);
    drop(store);
    check(&*harness.open());
}

fn the_ledger_is_the_order_of_commits(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut one, mut two) = (Chain::of_run(1), Chain::of_run(2));
    let mut appended = Vec::new();
    for count in [1, 2, 5, 1] {
        for chain in [&mut one, &mut two] {
            let batch = chain.batch(count);
            appended.extend(batch.records.clone());
            store.append(batch, Durability::Durable).unwrap();
        }
    }
    let mut scanned = Vec::new();
    let mut visit = |entry: crate::store::RawEntry<'_>| {
        assert_eq!(entry.index, scanned.len() as u64);
        let read = SealedRecord::read(entry.bytes.to_vec()).unwrap();
        assert_eq!((read.record.run, read.record.seq, read.hash), (entry.run, entry.seq, entry.hash));
        scanned.push(read);
        true
    };
    store.scan(0, &mut visit).unwrap();
    assert_eq!(scanned, appended);
    let hashes: Vec<_> = appended.iter().map(|record| record.hash).collect();
    assert_eq!(store.head().unwrap().root, ledger::root(&hashes));
    assert_eq!(store.head().unwrap().size, hashes.len() as u64);
}

fn a_batch_is_kept_whole_or_not_at_all(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut one, mut two) = (Chain::of_run(1), Chain::of_run(2));
    store.append(one.batch(2), Durability::Durable).unwrap();
    let before = store.head().unwrap();
    // The records of the second run are sound, the first run's are there already.
    let records = [two.batch(2).records, Chain::of_run(1).batch(2).records].concat();
    let batch = Batch { records, blobs: vec![b"never".to_vec()], checkpoint: true, ..Batch::default() };
    assert!(matches!(store.append(batch, Durability::Durable), Err(StoreError::Conflict { run, seq: 0 }) if run == one.run()));
    assert_eq!(store.head().unwrap(), before);
    assert!(store.records(two.run()).unwrap().is_empty());
    assert!(store.blob(Digest::of(b"never")).unwrap().is_none());
    assert!(store.checkpoints().unwrap().is_empty());
}

fn a_second_writer_of_a_run_gets_a_conflict(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut first = Chain::of_run(1);
    store.append(first.batch(3), Durability::Durable).unwrap();
    let mut second = first.clone();
    store.append(first.batch(1), Durability::Durable).unwrap();
    let refused = store.append(second.batch(1), Durability::Durable);
    assert!(matches!(refused, Err(StoreError::Conflict { run, seq: 3 }) if run == first.run()), "{refused:?}");
    store.append(first.batch(1), Durability::Durable).unwrap();
    assert_eq!(store.records(first.run()).unwrap().len(), 5);
}

fn a_gap_is_refused_and_the_run_can_go_on(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    store.append(chain.batch(1), Durability::Durable).unwrap();
    let lost = chain.batch(1);
    let next = chain.batch(1);
    let refused = store.append(next.clone(), Durability::Durable);
    assert!(matches!(refused, Err(StoreError::Gap { seq: 2, expected: 1, .. })), "{refused:?}");
    store.append(lost, Durability::Durable).unwrap();
    store.append(next, Durability::Durable).unwrap();
    assert_eq!(store.records(chain.run()).unwrap().len(), 3);
}

fn written_records_are_seen_at_once_and_survive_reopening(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    for number in 1..=20 {
        store.append(chain.batch(1), Durability::Written).unwrap();
        assert_eq!(store.records(chain.run()).unwrap().len(), number);
    }
    let head = store.head().unwrap();
    drop(store);
    let store = harness.open();
    assert_eq!(store.head().unwrap(), head);
    store.append(chain.batch(1), Durability::Durable).unwrap();
    assert_eq!(store.records(chain.run()).unwrap().len(), 21);
}

fn blobs_are_kept_once_and_checked(harness: &dyn StoreHarness) {
    let store = harness.open();
    let digest = store.keep_blob(b"bytes").unwrap();
    assert_eq!(digest, Digest::of(b"bytes"));
    assert_eq!(store.keep_blob(b"bytes").unwrap(), digest);
    assert_eq!(store.blob(digest).unwrap().as_deref(), Some(b"bytes".as_slice()));
    assert!(store.blob(Digest::of(b"other")).unwrap().is_none());
    let large = vec![7; 3_000_000];
    let empty = store.keep_blob(b"").unwrap();
    let digest_of_large = store.keep_blob(&large).unwrap();
    drop(store);
    harness.damage_blob(digest);
    let store = harness.open();
    assert!(matches!(store.blob(digest), Err(BlobError::Corrupt(corrupt)) if corrupt == digest));
    assert_eq!(store.blob(digest_of_large).unwrap(), Some(large));
    assert_eq!(store.blob(empty).unwrap(), Some(Vec::new()));
}

fn blobs_of_a_batch_are_kept_and_forgotten_with_it(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    let blobs = vec![b"stays".to_vec(), b"goes".to_vec()];
    store.append(Batch { blobs, ..chain.batch(1) }, Durability::Written).unwrap();
    assert!(store.blob(Digest::of(b"goes")).unwrap().is_some());
    let forget = vec![Digest::of(b"goes"), Digest::of(b"was never there")];
    store.append(Batch { forget, ..chain.batch(1) }, Durability::Durable).unwrap();
    drop(store);
    let store = harness.open();
    assert!(store.blob(Digest::of(b"goes")).unwrap().is_none());
    assert!(store.blob(Digest::of(b"stays")).unwrap().is_some());
    assert!(verify(&*store, VerifyOptions::default()).unwrap().is_sound());
}

fn checkpoints_verify(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    let mut heads = Vec::new();
    for count in [3, 1, 4] {
        store.append(Batch { checkpoint: true, ..chain.batch(count) }, Durability::Durable).unwrap();
        heads.push(store.head().unwrap());
    }
    store.append(chain.batch(2), Durability::Durable).unwrap();
    let note = store.checkpoint().unwrap();
    heads.push(store.head().unwrap());
    assert_eq!(store.checkpoint().unwrap(), note, "the same head is signed once");
    let key = store.verifier_key();
    drop(store);
    let store = harness.open();
    assert_eq!(store.verifier_key(), key);
    let verifier = Verifier::parse(&key).unwrap();
    let opened: Vec<_> = store.checkpoints().unwrap().iter().map(|note| verifier.open(note).unwrap()).collect();
    assert_eq!(opened, heads);
    let report = verify(&*store, VerifyOptions { checkpoint: Some(&note), ..VerifyOptions::default() }).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.runs, report.checkpoints), (10, 1, 5));
}

fn a_scan_starts_and_stops_where_it_is_told(harness: &dyn StoreHarness) {
    let store = harness.open();
    store.append(Chain::of_run(1).batch(10), Durability::Durable).unwrap();
    let mut seen = Vec::new();
    let mut visit = |entry: crate::store::RawEntry<'_>| {
        seen.push(entry.index);
        entry.index < 6
    };
    store.scan(4, &mut visit).unwrap();
    assert_eq!(seen, [4, 5, 6]);
    let mut none = true;
    let mut visit = |_: crate::store::RawEntry<'_>| {
        none = false;
        true
    };
    store.scan(10, &mut visit).unwrap();
    store.scan(u64::MAX, &mut visit).unwrap();
    assert!(none);
}

fn eight_runs_are_written_side_by_side(harness: &dyn StoreHarness) {
    const BATCHES: usize = 25;
    let store = harness.open();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let store = &store;
            scope.spawn(move || {
                let mut chain = Chain::of_run(number);
                for round in 0..BATCHES {
                    let batch = Batch { checkpoint: round % 8 == 0, ..chain.batch(2) };
                    let durability = if round % 2 == 0 { Durability::Durable } else { Durability::Written };
                    store.append(batch, durability).unwrap();
                }
            });
        }
    });
    let report = verify(&*store, VerifyOptions::default()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.runs), (8 * 2 * BATCHES as u64, 8));
    assert_eq!(report.head, store.head().unwrap());
}

fn secrets_open_for_their_run_only(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (run, other) = (Chain::of_run(1).run(), Chain::of_run(2).run());
    let sealed = store.seal_secret(run, "token", b"hunter2").unwrap();
    assert_ne!(store.seal_secret(run, "token", b"hunter2").unwrap(), sealed, "no two sealed values look alike");
    drop(store);
    let store = harness.open();
    assert_eq!(store.open_secret(run, "token", &sealed).unwrap(), b"hunter2");
    assert!(matches!(store.open_secret(other, "token", &sealed), Err(StoreError::NotSealedHere(_))));
    assert!(matches!(store.open_secret(run, "key", &sealed), Err(StoreError::NotSealedHere(_))));
}
