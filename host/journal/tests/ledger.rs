//! The ledger against the definition of RFC 9162 written down naively, and against another implementation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lockstep_journal::ledger::{Frontier, TreeHead, consistency_proof, inclusion_proof, leaf_hash, node_hash, root, verify_consistency, verify_inclusion};
use lockstep_model::Digest;
use proptest::prelude::*;
use tlog_tiles::tlog;

fn records(count: u64) -> Vec<Digest> {
    (0..count).map(|number| Digest::of(&number.to_le_bytes())).collect()
}

fn head(records: &[Digest]) -> TreeHead {
    TreeHead { size: records.len() as u64, root: root(records) }
}

/// RFC 9162, 2.1.1, word by word.
fn naive_root(records: &[Digest]) -> Digest {
    match records {
        [] => Digest::of(b""),
        [one] => leaf_hash(one),
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            node_hash(&naive_root(&many[..k]), &naive_root(&many[k..]))
        }
    }
}

/// Every hash of a tree in memory, as the other implementation numbers them.
struct Hashes(Vec<tlog::Hash>);

impl tlog::HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn theirs(records: &[Digest]) -> Hashes {
    let mut hashes = Hashes(Vec::new());
    for (number, record) in (0..).zip(records) {
        let more = tlog::stored_hashes(number, &record.0, &hashes).unwrap();
        hashes.0.extend(more);
    }
    hashes
}

fn ours(hashes: &[tlog::Hash]) -> Vec<Digest> {
    hashes.iter().map(|hash| Digest(hash.0)).collect()
}

#[test]
fn the_frontier_has_the_root_of_the_definition_at_every_size() {
    let records = records(200);
    let mut frontier = Frontier::new();
    for size in 0..=records.len() {
        assert_eq!(frontier.root(), naive_root(&records[..size]), "size {size}");
        let again = Frontier::from_bytes(frontier.size(), &frontier.to_bytes()).unwrap();
        assert_eq!(again, frontier);
        if let Some(record) = records.get(size) {
            frontier.push(record);
        }
    }
}

#[test]
fn a_frontier_of_the_wrong_length_is_refused() {
    assert!(Frontier::from_bytes(3, &[0; 64]).is_some());
    assert!(Frontier::from_bytes(3, &[0; 32]).is_none());
    assert!(Frontier::from_bytes(3, &[0; 63]).is_none());
    assert!(Frontier::from_bytes(0, &[0; 32]).is_none());
}

#[test]
fn proofs_are_those_of_another_implementation() {
    for size in 1..=40 {
        let records = records(size);
        let hashes = theirs(&records);
        assert_eq!(root(&records).0, tlog::tree_hash(size, &hashes).unwrap().0);
        for index in 0..size {
            assert_eq!(inclusion_proof(&records, index).unwrap(), ours(&tlog::prove_record(size, index, &hashes).unwrap()), "{index} of {size}");
            assert_eq!(consistency_proof(&records, index + 1).unwrap(), ours(&tlog::prove_tree(size, index + 1, &hashes).unwrap()), "{index} + 1 of {size}");
        }
    }
}

#[test]
fn what_is_not_in_the_ledger_has_no_proof() {
    let records = records(5);
    assert_eq!(inclusion_proof(&records, 5), None);
    assert_eq!(inclusion_proof(&[], 0), None);
    assert_eq!(consistency_proof(&records, 6), None);
    assert_eq!(consistency_proof(&records, 0), None);
}

proptest! {
    #[test]
    fn an_inclusion_proof_holds_for_its_record_alone(size in 1..300_u64, index in 0..300_u64, other in 0..300_u64) {
        let records = records(size);
        let head = head(&records);
        let (index, other) = (index % size, other % size);
        let proof = inclusion_proof(&records, index).unwrap();
        let record = |index: u64| records[usize::try_from(index).unwrap()];
        prop_assert!(verify_inclusion(&head, index, &record(index), &proof));
        prop_assert_eq!(verify_inclusion(&head, other, &record(index), &proof), other == index);
        prop_assert_eq!(verify_inclusion(&head, index, &record(other), &proof), other == index);
        prop_assert!(!verify_inclusion(&head, size + index, &record(index), &proof));
        let mut longer = proof.clone();
        longer.push(Digest::ZERO);
        prop_assert!(!verify_inclusion(&head, index, &record(index), &longer));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(!verify_inclusion(&head, index, &record(index), shorter));
        }
    }

    #[test]
    fn a_consistency_proof_holds_for_its_two_heads_alone(old in 1..300_u64, more in 0..300_u64, changed in any::<prop::sample::Index>()) {
        let records = records(old + more);
        let beginning = &records[..usize::try_from(old).unwrap()];
        let (old, new) = (head(beginning), head(&records));
        let proof = consistency_proof(&records, old.size).unwrap();
        prop_assert!(verify_consistency(&old, &new, &proof));
        let mut forged = beginning.to_vec();
        forged[changed.index(beginning.len())] = Digest::ZERO;
        prop_assert!(!verify_consistency(&head(&forged), &new, &proof));
        let replaced = TreeHead { size: new.size, root: Digest::ZERO };
        prop_assert!(!verify_consistency(&old, &replaced, &proof));
        if !proof.is_empty() {
            let mut wrong = proof.clone();
            wrong[changed.index(proof.len())] = Digest::ZERO;
            prop_assert!(!verify_consistency(&old, &new, &wrong));
            prop_assert!(!verify_consistency(&old, &new, &proof[1..]));
        }
    }
}
