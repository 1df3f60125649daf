//! The verifier against tampering that knows the format: what is rewritten, refiled, forged or added is found, and the record is named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tampered;

use lockstep_journal::checkpoint::Signer;
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::record::{self, SealedRecord};
use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{Flaw, MOST_FINDINGS, VerifyError, VerifyOptions, VerifyReport, verify};
use lockstep_model::{Digest, RunId};
use tampered::{Kept, Tampered};

/// Sixty records of three runs, taking turns, with checkpoints after 20, 40 and 60.
fn sixty_records() -> Tampered {
    let store = MemoryStore::new();
    let mut chains = [Chain::of_run(1), Chain::of_run(2), Chain::of_run(3)];
    for number in 0..60 {
        let batch = Batch { checkpoint: number % 20 == 19, ..chains[number % 3].batch(1) };
        store.append(batch, Durability::Durable).unwrap();
    }
    Tampered::copy_of(&store)
}

fn report(store: &Tampered) -> VerifyReport {
    verify(store, VerifyOptions::default()).unwrap()
}

/// Flaw, run and number of each finding.
fn found(store: &Tampered) -> Vec<(Flaw, Option<RunId>, Option<u64>)> {
    report(store).findings.iter().map(|finding| (finding.flaw, finding.run, finding.seq)).collect()
}

#[test]
fn an_untouched_store_is_sound() {
    let store = sixty_records();
    let report = report(&store);
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.runs, report.checkpoints, report.head), (60, 3, 3, store.head));
}

#[test]
fn a_record_filed_under_another_name_is_found() {
    let whole = sixty_records();
    let mut store = whole.clone();
    store.entries[7].seq += 1;
    assert_eq!(found(&store), [(Flaw::Misfiled, Some(store.entries[7].run), Some(store.entries[7].seq))]);
    let mut store = whole.clone();
    store.entries[7].run = RunId::from_parts(5, 5);
    assert_eq!(found(&store), [(Flaw::Misfiled, Some(RunId::from_parts(5, 5)), Some(2))]);
    assert!(report(&store).findings[0].found.as_ref().unwrap().contains(&whole.entries[7].run.to_string()));
}

#[test]
fn a_lost_end_is_found_by_what_was_signed() {
    let whole = sixty_records();
    let mut store = whole.clone();
    store.entries.truncate(59);
    assert_eq!(found(&store).iter().filter(|(flaw, ..)| *flaw == Flaw::Truncated).count(), 2, "by the head and the last checkpoint");
    store.tidy();
    assert_eq!(found(&store), [(Flaw::Truncated, None, None)]);
    // Who takes the checkpoint away too is found only by one that was kept elsewhere.
    let elsewhere = store.checkpoints.pop().unwrap();
    assert!(report(&store).is_sound());
    let report = verify(&store, VerifyOptions { checkpoint: Some(&elsewhere), ..VerifyOptions::default() }).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(
        report.findings[0].to_string(),
        "the store: the ledger has lost its end: expected 60 records by the signed checkpoint kept elsewhere, found 59 records"
    );
}

#[test]
fn an_added_record_is_found() {
    let whole = sixty_records();
    let mut chain = Chain::of_run(9);
    let SealedRecord { record, bytes, hash } = chain.record(10);
    let mut store = whole.clone();
    store.entries.push(Kept { index: 60, run: record.run, seq: record.seq, bytes, hash });
    assert_eq!(found(&store), [(Flaw::HeadDiffers, None, None)]);
    let added = store.entries.pop().unwrap();
    store.entries.insert(30, added);
    store.tidy();
    let findings = report(&store).findings;
    assert_eq!(findings[0].flaw, Flaw::CheckpointDiffers);
    assert!(findings[0].found.as_ref().unwrap().ends_with("something was changed from entry 20 to entry 39"), "{:?}", findings[0]);
}

#[test]
fn a_rewritten_record_breaks_the_chain() {
    let mut store = sixty_records();
    let entry = &mut store.entries[9];
    entry.bytes = String::from_utf8(entry.bytes.clone()).unwrap().replace("xxxx", "yyyy").into_bytes();
    entry.hash = record::hash(&entry.bytes);
    let run = entry.run;
    store.tidy();
    assert_eq!(found(&store), [(Flaw::Unchained, Some(run), Some(4)), (Flaw::CheckpointDiffers, None, None)]);
}

#[test]
fn other_forms_of_the_same_record_are_found() {
    let whole = sixty_records();
    let text = String::from_utf8(whole.entries[0].bytes.clone()).unwrap();
    let forms = [
        (text.replace(":", ": "), Flaw::NotCanonical),
        (text.replace("\"actor\"", "\"\\u0061ctor\""), Flaw::NotCanonical),
        (text.replace("\"v\":1", "\"v\":2"), Flaw::NewerFormat),
        (text.replace("\"v\":1", "\"v\":0"), Flaw::Unreadable),
        (text.replace("\"seq\":0", "\"seq\":-1"), Flaw::Unreadable),
        ("{}".to_owned(), Flaw::Unreadable),
        (String::new(), Flaw::NotCanonical),
    ];
    for (form, flaw) in forms {
        let mut store = whole.clone();
        store.entries[0].hash = record::hash(form.as_bytes());
        store.entries[0].bytes = form.clone().into_bytes();
        assert_eq!(found(&store)[0], (flaw, Some(store.entries[0].run), Some(0)), "{form}");
    }
}

#[test]
fn a_forged_checkpoint_is_found() {
    let mut store = sixty_records();
    let forger = Signer::from_seed(&[66; 32]);
    store.checkpoints.push(forger.sign(&TreeHead { size: 60, root: Digest::ZERO }));
    assert_eq!(found(&store), [(Flaw::BadCheckpoint, None, None)]);
    // A whole store that the forger signed is told by the key known from elsewhere.
    let key = std::mem::replace(&mut store.key, forger.verifier().to_string());
    store.checkpoints = vec![forger.sign(&store.head)];
    assert!(report(&store).is_sound());
    let report = verify(&store, VerifyOptions { key: Some(&key), ..VerifyOptions::default() }).unwrap();
    assert_eq!(report.findings[0].flaw, Flaw::BadCheckpoint);
    let stranger = forger.sign(&store.head);
    assert!(matches!(
        verify(&store, VerifyOptions { key: Some(&key), checkpoint: Some(&stranger), ..VerifyOptions::default() }),
        Err(VerifyError::Checkpoint(_))
    ));
}

#[test]
fn records_that_may_not_stand_there_are_found_by_folding() {
    let store = sixty_records();
    let report = verify(&store, VerifyOptions { fold: true, ..VerifyOptions::default() }).unwrap();
    let findings: Vec<_> = report.findings.iter().map(|finding| (finding.flaw, finding.seq)).collect();
    assert_eq!(findings, [(Flaw::Illegal, Some(0)), (Flaw::Illegal, Some(0)), (Flaw::Illegal, Some(0))], "no run begins with a remembered value");
}

#[test]
fn what_cannot_be_read_is_a_finding_beside_the_others() {
    let mut store = sixty_records();
    store.entries.truncate(40);
    store.entries[3].bytes[0] ^= 1;
    store.broken = Some(StoreError::Damaged("a page is torn".into()));
    let flaws: Vec<_> = found(&store).into_iter().map(|(flaw, ..)| flaw).collect();
    assert_eq!(flaws[..2], [Flaw::Changed, Flaw::Unreadable]);
}

#[test]
fn countless_findings_are_counted() {
    let store = MemoryStore::new();
    for number in 0..300 {
        store.append(Chain::of_run(number).batch(2), Durability::Durable).unwrap();
    }
    let mut store = Tampered::copy_of(&store);
    for entry in &mut store.entries {
        entry.bytes[0] ^= 1;
    }
    let report = report(&store);
    assert_eq!((report.findings.len(), report.more), (MOST_FINDINGS, 300 - MOST_FINDINGS as u64));
}
