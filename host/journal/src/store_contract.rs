//! What every store must do, as one test body: a new store runs `contract` and has then shown that it keeps what the trait promises.

#![expect(clippy::unwrap_used, reason = "a contract is broken by panicking, as every test")]

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use lockstep_model::{Digest, RunId, RunOutcome, StepId, Timestamp};

use crate::act::{self, Act, PostedAct};
use crate::blobs::{BlobError, DraftKept};
use crate::checkpoint::Verifier;
use crate::event::{Event, RunFinished, ValueRemembered};
use crate::lease::{Lease, LeaseAsk, LeaseEnd, LeaseUse};
use crate::ledger;
use crate::record::{Record, SealedRecord};
use crate::store::{Batch, Durability, KeptBlob, Store, StoreError, Wake};
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
        a_blob_of_any_size_is_written_and_read_piece_by_piece,
        a_draft_that_is_dropped_leaves_nothing,
        a_large_blob_is_checked_from_its_first_byte_to_its_last,
        a_large_blob_is_listed_and_removed_like_any_other,
        blobs_of_a_batch_are_kept_and_forgotten_with_it,
        blobs_are_removed_unless_they_were_kept_again,
        checkpoints_verify,
        a_scan_starts_and_stops_where_it_is_told,
        eight_runs_are_written_side_by_side,
        secrets_open_for_their_run_only,
        an_environment_belongs_to_one_run_until_it_is_given_back,
        what_is_written_under_an_older_token_is_refused_whole,
        a_run_that_lets_go_keeps_its_environment,
        a_run_that_died_before_its_first_record_leaves_its_environment,
        runs_are_due_in_the_order_of_their_instants,
        acts_are_seen_until_a_batch_answers_them,
        acts_that_nobody_waits_for_any_more_are_forgotten,
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

/// Bytes that are nowhere the same, so that pieces cannot be exchanged unseen.
fn numbered(size: usize) -> Vec<u8> {
    (0..size.div_ceil(8) as u64).flat_map(u64::to_be_bytes).take(size).collect()
}

fn streamed(store: &dyn Store, bytes: &[u8], at_once: usize) -> DraftKept {
    let mut draft = store.draft().unwrap();
    bytes.chunks(at_once).for_each(|bytes| draft.write_all(bytes).unwrap());
    draft.finish().unwrap()
}

fn a_blob_of_any_size_is_written_and_read_piece_by_piece(harness: &dyn StoreHarness) {
    let store = harness.open();
    let sizes = [0, 1, 65_535, 65_536, 1 << 20, (1 << 20) + 1, (1 << 20) + 65_536, 3_000_001];
    let kept = sizes.map(|size| streamed(&*store, &numbered(size), 70_001));
    drop(store);
    let store = harness.open();
    for (size, DraftKept { digest, size: told }) in sizes.into_iter().zip(kept) {
        let bytes = numbered(size);
        assert_eq!((digest, told), (Digest::of(&bytes), size as u64));
        assert_eq!(store.check_blob(digest).unwrap(), Some(size as u64));
        let mut reader = store.open_blob(digest).unwrap().unwrap();
        assert_eq!(reader.size(), size as u64);
        for start in [0, 1, 65_530, size.saturating_sub(3), size, size + 10] {
            let mut part = Vec::new();
            reader.seek(SeekFrom::Start(start as u64)).unwrap();
            (&mut reader).take(100_000).read_to_end(&mut part).unwrap();
            let expected = &bytes[start.min(size)..(start + 100_000).min(size)];
            assert!(part == expected, "{size} bytes from {start}");
        }
        assert_eq!(streamed(&*store, &bytes, 4096), DraftKept { digest, size: size as u64 }, "twice is once");
    }
    assert_eq!(store.kept_blobs().unwrap().len(), sizes.len());
    assert!(store.open_blob(Digest::of(b"never")).unwrap().is_none() && store.check_blob(Digest::of(b"never")).unwrap().is_none());
}

fn a_draft_that_is_dropped_leaves_nothing(harness: &dyn StoreHarness) {
    let store = harness.open();
    let bytes = numbered(2_000_000);
    let mut draft = store.draft().unwrap();
    draft.write_all(&bytes).unwrap();
    let mut left = store.draft().unwrap();
    left.write_all(&bytes).unwrap();
    drop(left);
    assert!(store.kept_blobs().unwrap().is_empty() && store.blob(Digest::of(&bytes)).unwrap().is_none());
    // Another one that opens the store while it is written does not take it for what a crash left.
    let other = harness.open();
    assert_eq!(draft.finish().unwrap().digest, Digest::of(&bytes));
    assert_eq!(other.blob(Digest::of(&bytes)).unwrap(), Some(bytes));
}

fn a_large_blob_is_checked_from_its_first_byte_to_its_last(harness: &dyn StoreHarness) {
    let store = harness.open();
    let DraftKept { digest, .. } = streamed(&*store, &numbered(2_000_000), 1 << 16);
    drop(store);
    harness.damage_blob(digest);
    let store = harness.open();
    for found in [store.check_blob(digest).map(drop), store.blob(digest).map(drop)] {
        assert!(matches!(found, Err(BlobError::Corrupt(corrupt)) if corrupt == digest), "{found:?}");
    }
    let bytes = numbered(2_000_000);
    assert_eq!(store.keep_blob(&bytes).unwrap(), digest);
    assert_eq!(store.check_blob(digest).unwrap(), Some(2_000_000), "kept once more it is well again");
}

fn a_large_blob_is_listed_and_removed_like_any_other(harness: &dyn StoreHarness) {
    let store = harness.open();
    let one = streamed(&*store, &numbered(1_500_000), 1 << 16);
    store.append(Chain::of_run(1).batch(3), Durability::Durable).unwrap();
    let two = streamed(&*store, &numbered(1_600_000), 1 << 16);
    let listed = || {
        let mut listed = store.kept_blobs().unwrap();
        listed.sort_by_key(|blob| blob.size);
        listed
    };
    let [first, second] = [(one, 0), (two, 3)].map(|(DraftKept { digest, size }, since)| KeptBlob { digest, size, since });
    assert_eq!(listed(), [first, second]);
    assert_eq!(store.remove_blobs(&[first.digest, second.digest], 3).unwrap(), [first.digest]);
    assert_eq!(listed(), [second]);
    assert!(store.blob(first.digest).unwrap().is_none() && store.blob(second.digest).unwrap().is_some());
    assert_eq!(store.remove_blobs(&[second.digest], 4).unwrap(), [second.digest]);
    assert!(listed().is_empty());
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

fn blobs_are_removed_unless_they_were_kept_again(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    let blobs = vec![b"old".to_vec(), b"kept again".to_vec()];
    store.append(Batch { blobs, ..chain.batch(2) }, Durability::Written).unwrap();
    let mut expected = ["old", "kept again"].map(|blob| KeptBlob { digest: Digest::of(blob.as_bytes()), size: blob.len() as u64, since: 0 });
    let listed = |store: &dyn Store| {
        let mut blobs = store.kept_blobs().unwrap();
        blobs.sort_by_key(|blob| blob.size);
        blobs
    };
    assert_eq!(listed(&*store), expected);
    store.keep_blob(b"kept again").unwrap();
    expected[1].since = 2;
    assert_eq!(listed(&*store), expected);
    let [old, again] = expected.map(|blob| blob.digest);
    assert!(store.remove_blobs(&[old, again], 0).unwrap().is_empty());
    assert_eq!(store.remove_blobs(&[again, Digest::of(b"never there"), old], 2).unwrap(), [old]);
    drop(store);
    let store = harness.open();
    assert_eq!(listed(&*store), expected[1..]);
    assert!(store.blob(old).unwrap().is_none() && store.blob(again).unwrap().is_some());
    assert_eq!(store.remove_blobs(&[again], 3).unwrap(), [again]);
    assert!(store.blob(again).unwrap().is_none());
    store.keep_blob(b"old").unwrap();
    assert!(store.blob(old).unwrap().is_some(), "what was removed can come back");
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

fn ask(run: RunId, now: i64) -> LeaseAsk {
    let (holder, reason) = ("mia on build-7".to_owned(), "deploy".to_owned());
    LeaseAsk { environment: "production".into(), run, holder, reason, now: at(now), force: false }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(seconds * 1_000_000)
}

fn under(lease: &Lease, end: LeaseEnd) -> Option<LeaseUse> {
    Some(LeaseUse { lease: lease.clone(), end })
}

fn an_environment_belongs_to_one_run_until_it_is_given_back(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut one, two) = (Chain::of_run(1), Chain::of_run(2));
    assert!(store.leases().unwrap().is_empty());
    let lease = store.take_lease(&ask(one.run(), 100)).unwrap().unwrap();
    assert_eq!((lease.run, lease.environment.as_str()), (one.run(), "production"));
    store.append(Batch { lease: under(&lease, LeaseEnd::Kept), ..one.batch(1) }, Durability::Durable).unwrap();
    let refused = store.take_lease(&ask(two.run(), 10_000)).unwrap().unwrap_err();
    assert_eq!((refused.run, refused.token, refused.since, refused.holder.as_str()), (Some(one.run()), lease.token, at(100), "mia on build-7"));
    assert!(store.take_lease(&LeaseAsk { environment: "staging".into(), ..ask(two.run(), 100) }).unwrap().is_ok(), "another environment is free");
    assert!(store.renew_lease(&lease, at(105)).unwrap());
    assert!(!store.renew_lease(&Lease { token: lease.token + 1, ..lease.clone() }, at(106)).unwrap());
    assert!(!store.renew_lease(&Lease { run: two.run(), ..lease.clone() }, at(106)).unwrap());
    drop(store);
    let store = harness.open();
    let kept = store.leases().unwrap();
    assert_eq!(kept.iter().map(|kept| kept.environment.as_str()).collect::<Vec<_>>(), ["production", "staging"]);
    assert_eq!((kept[0].run, kept[0].beat, kept[0].reason.as_str()), (Some(one.run()), at(105), "deploy"));
    // The handle that held it is gone: its run may be gone on with at once, and nobody else's.
    assert!(store.take_lease(&ask(two.run(), 106)).unwrap().is_err());
    let again = store.take_lease(&ask(one.run(), 106)).unwrap().unwrap();
    assert!(again.token > lease.token);
    store.append(Batch { lease: under(&again, LeaseEnd::GivenBack), ..one.batch(1) }, Durability::Durable).unwrap();
    assert!(!store.leases().unwrap().iter().any(|kept| kept.environment == "production"));
    let next = store.take_lease(&ask(two.run(), 107)).unwrap().unwrap();
    assert!(next.token > again.token, "a token is never given twice");
}

fn what_is_written_under_an_older_token_is_refused_whole(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    let old = store.take_lease(&ask(chain.run(), 100)).unwrap().unwrap();
    store.append(Batch { lease: under(&old, LeaseEnd::Kept), ..chain.batch(2) }, Durability::Durable).unwrap();
    let new = store.take_lease(&LeaseAsk { force: true, ..ask(chain.run(), 101) }).unwrap().unwrap();
    let before = store.head().unwrap();
    let act = store.post_act(chain.run(), "mia", at(101), &Act::Pause { reason: "lunch".into() }).unwrap();
    let records = chain.batch(1).records;
    let late = Batch {
        records: records.clone(),
        blobs: vec![b"never".to_vec()],
        lease: under(&old, LeaseEnd::GivenBack),
        wake: Some(Wake { run: chain.run(), at: Some(at(0)) }),
        answers: vec![(act, Ok(()))],
        checkpoint: true,
        ..Batch::default()
    };
    let refused = store.append(late, Durability::Durable);
    assert!(matches!(&refused, Err(StoreError::LeaseLost { run, environment }) if *run == chain.run() && environment == "production"), "{refused:?}");
    assert!(!store.renew_lease(&old, at(102)).unwrap());
    assert_eq!((store.head().unwrap(), store.act_answer(act).unwrap()), (before, None));
    assert!(store.blob(Digest::of(b"never")).unwrap().is_none());
    assert!(store.due(at(1_000)).unwrap().is_empty() && store.checkpoints().unwrap().is_empty());
    assert_eq!(store.leases().unwrap()[0].token, new.token);
    store.append(Batch { records, lease: under(&new, LeaseEnd::Kept), ..Batch::default() }, Durability::Durable).unwrap();
}

fn a_run_that_lets_go_keeps_its_environment(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chain = Chain::of_run(1);
    let lease = store.take_lease(&ask(chain.run(), 100)).unwrap().unwrap();
    assert!(store.leases().unwrap()[0].process.is_some());
    store.append(Batch { lease: under(&lease, LeaseEnd::Kept), ..chain.batch(1) }, Durability::Durable).unwrap();
    store.append(Batch { lease: under(&lease, LeaseEnd::LetGo), ..Batch::default() }, Durability::Durable).unwrap();
    let kept = store.leases().unwrap().remove(0);
    assert_eq!((kept.run, kept.process, kept.since), (Some(chain.run()), None, at(100)));
    assert!(store.take_lease(&ask(Chain::of_run(2).run(), 100_000)).unwrap().is_err());
    assert!(store.take_lease(&ask(chain.run(), 101)).unwrap().unwrap().token > lease.token);
}

fn a_run_that_died_before_its_first_record_leaves_its_environment(harness: &dyn StoreHarness) {
    let store = harness.open();
    store.take_lease(&ask(Chain::of_run(1).run(), 100)).unwrap().unwrap();
    drop(store);
    let store = harness.open();
    assert!(store.take_lease(&ask(Chain::of_run(2).run(), 101)).unwrap().is_ok());
}

fn runs_are_due_in_the_order_of_their_instants(harness: &dyn StoreHarness) {
    let store = harness.open();
    let mut chains = [1, 2, 3].map(Chain::of_run);
    let runs = chains.each_ref().map(Chain::run);
    for (chain, second) in chains.iter_mut().zip([30, 10, 20]) {
        let wake = Some(Wake { run: chain.run(), at: Some(at(second)) });
        store.append(Batch { wake, ..chain.batch(1) }, Durability::Durable).unwrap();
    }
    drop(store);
    let store = harness.open();
    assert!(store.due(at(9)).unwrap().is_empty());
    assert_eq!(store.due(at(20)).unwrap(), [runs[1], runs[2]]);
    assert_eq!(store.due(at(1_000)).unwrap(), [runs[1], runs[2], runs[0]]);
    let wake = |run, at| store.append(Batch { wake: Some(Wake { run, at }), ..Batch::default() }, Durability::Written).unwrap();
    wake(runs[1], Some(at(40)));
    wake(runs[2], None);
    wake(runs[2], None);
    assert_eq!(store.due(at(1_000)).unwrap(), [runs[0], runs[1]]);
}

fn acts_are_seen_until_a_batch_answers_them(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut chain, other) = (Chain::of_run(1), Chain::of_run(2));
    let skip = Act::Skip { step: StepId::parse("step").unwrap(), reason: "it is \"night\"".into() };
    let pause = Act::Pause { reason: "lunch".into() };
    let first = store.post_act(chain.run(), "mia", at(1), &skip).unwrap();
    let second = store.post_act(chain.run(), "ada", at(2), &pause).unwrap();
    let third = store.post_act(other.run(), "mia", at(3), &pause).unwrap();
    assert!(first < second && second < third);
    let posted = |id, actor: &str, second, act: &Act| PostedAct { id, run: chain.run(), actor: actor.into(), posted_at: at(second), act: act.clone() };
    let expected = [posted(first, "mia", 1, &skip), posted(second, "ada", 2, &pause)];
    assert_eq!(store.acts(chain.run()).unwrap(), expected);
    assert_eq!(store.act_answer(first).unwrap(), None);
    let answers = vec![(first, Ok(())), (third, Err("it has ended".to_owned()))];
    store.append(Batch { answers, ..chain.batch(1) }, Durability::Written).unwrap();
    drop(store);
    let store = harness.open();
    assert_eq!(store.acts(chain.run()).unwrap(), expected[1..]);
    assert!(store.acts(other.run()).unwrap().is_empty());
    assert_eq!(store.act_answer(first).unwrap(), Some(Ok(())));
    assert_eq!(store.act_answer(third).unwrap(), Some(Err("it has ended".to_owned())));
    assert_eq!(store.act_answer(1_000).unwrap(), None, "there is none of that number");
}

fn acts_that_nobody_waits_for_any_more_are_forgotten(harness: &dyn StoreHarness) {
    let store = harness.open();
    let (mut held, ended) = (Chain::of_run(1), Chain::of_run(2));
    let pause = Act::Pause { reason: "lunch".into() };
    let lease = store.take_lease(&ask(held.run(), 1)).unwrap().unwrap();
    let [answered, open] = [1, 2].map(|second| store.post_act(held.run(), "mia", at(second), &pause).unwrap());
    store.post_act(ended.run(), "mia", at(3), &pause).unwrap();
    let batch = Batch { lease: under(&lease, LeaseEnd::Kept), answers: vec![(answered, Ok(()))], ..held.batch(1) };
    store.append(batch, Durability::Durable).unwrap();
    let later = |second| at(second).after(act::KEPT);
    store.post_act(ended.run(), "mia", later(1), &pause).unwrap();
    assert_eq!(store.act_answer(answered).unwrap(), Some(Ok(())), "it may be waited for");
    let last = store.post_act(ended.run(), "mia", later(10), &pause).unwrap();
    assert_eq!(store.act_answer(answered).unwrap(), None);
    let numbers = |run| store.acts(run).unwrap().iter().map(|act| act.id).collect::<Vec<_>>();
    assert_eq!((numbers(held.run()), numbers(ended.run()).last()), (vec![open], Some(&last)), "a run that goes on hears of an old act as well");
    assert_eq!(numbers(ended.run()).len(), 2, "one that has ended hears nothing");
}
