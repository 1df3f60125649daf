//! Jobs that are committed together: what is wrong with one does not concern the others.

use lockstep_journal::store_contract::Chain;
use lockstep_journal::{Durability, SealedRecord, StoreError};
use tempfile::TempDir;

use super::{Answer, Job, Ledger};
use crate::open::{self, Options};

fn ledger(dir: &TempDir, max_bytes: u64) -> Ledger {
    let (connection, keys) = open::for_writing(dir.path(), &Options { max_bytes: Some(max_bytes), ..Options::default() }).unwrap();
    Ledger::new(connection, keys.signer).unwrap()
}

fn job(records: Vec<SealedRecord>, awaited: bool) -> Job {
    let durability = if awaited { Durability::Durable } else { Durability::Written };
    let records = records.into_iter().map(Into::into).collect();
    Job { records, durability, awaited, ..Job::default() }
}

fn words(answers: &[Answer]) -> Vec<&str> {
    let word = |answer: &Answer| match answer {
        Ok(_) => "kept",
        Err(StoreError::Full) => "full",
        Err(StoreError::Conflict { .. }) => "conflict",
        Err(StoreError::Gap { .. }) => "gap",
        Err(_) => "other",
    };
    answers.iter().map(word).collect()
}

#[test]
fn a_batch_that_does_not_fit_does_not_fail_its_neighbours() {
    let dir = TempDir::new().unwrap();
    let mut ledger = ledger(&dir, 200_000);
    let chain = |number| Chain::of_run(number);
    let jobs = [job(chain(1).batch(1).records, true), job(vec![chain(2).record(500_000)], true), job(chain(3).batch(1).records, true)];
    assert_eq!(words(&ledger.commit(&jobs)), ["kept", "full", "kept"]);
    assert_eq!(ledger.end.frontier.size(), 2);
}

#[test]
fn a_conflict_does_not_fail_its_neighbours() {
    let dir = TempDir::new().unwrap();
    let mut ledger = ledger(&dir, 1_000_000);
    let mut one = Chain::of_run(1);
    assert_eq!(words(&ledger.commit(&[job(one.batch(2).records, true)])), ["kept"]);
    let jobs = [job(Chain::of_run(1).batch(1).records, true), job(one.batch(1).records, true), job(Chain::of_run(2).batch(1).records, true)];
    assert_eq!(words(&ledger.commit(&jobs)), ["conflict", "kept", "kept"]);
}

#[test]
fn what_follows_a_failed_batch_in_the_same_commit_fails_with_its_error() {
    let dir = TempDir::new().unwrap();
    let mut ledger = ledger(&dir, 1_000_000);
    let (mut ours, mut theirs) = (Chain::of_run(1), Chain::of_run(1));
    assert_eq!(words(&ledger.commit(&[job(theirs.batch(1).records, true)])), ["kept"]);
    // Our record 0 is refused while nobody waits. Our record 1 would have a place, behind a record that is not ours.
    let jobs = [job(ours.batch(1).records, false), job(ours.batch(1).records, true)];
    assert_eq!(words(&ledger.commit(&jobs)), ["conflict", "conflict"]);
    assert_eq!(words(&ledger.commit(&[job(theirs.batch(1).records, true)])), ["kept"], "told once");
}
