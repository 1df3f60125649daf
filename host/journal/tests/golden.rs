//! The journals of every version are read for ever: `tests/golden/<version>` has one with every kind of record that the version writes.
//!
//! `scripts/test --golden` writes the one of this version anew. That changes what is stored, so it is done only while the version is unreleased, and its
//! difference is read line by line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "golden/pen.rs"]
mod pen;
#[path = "golden/released.rs"]
mod released;
#[path = "golden/runs.rs"]
mod runs;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lockstep_journal::event::{Outcome, ProbeAnswer, Stored};
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::store::{Batch, Durability, Store};
use lockstep_journal::verify::{VerifyOptions, verify};
use lockstep_journal::{Event, Json, RunState, SealedRecord};
use lockstep_model::request::{DbRequest, DbResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Set by `scripts/test --golden`.
const WRITE: &str = "LOCKSTEP_GOLDEN";

/// A journal as it is kept: a record a line in the order of the ledger, a signed head of all of them, and the key that it is verified with.
#[derive(PartialEq)]
struct Golden {
    journal: String,
    checkpoint: String,
    key: String,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden"))
}

/// This version's, as this program writes it.
fn written() -> Golden {
    let store = MemoryStore::new();
    for records in runs::all() {
        store.append(Batch { records, ..Batch::default() }, Durability::Durable).unwrap();
    }
    let mut journal = String::new();
    store
        .scan(0, &mut |entry| {
            journal.push_str(std::str::from_utf8(entry.bytes).unwrap());
            journal.push('\n');
            true
        })
        .unwrap();
    Golden { journal, checkpoint: store.checkpoint().unwrap(), key: store.verifier_key() + "\n" }
}

impl Golden {
    fn read(version: &str) -> Self {
        let read = |name: &str| fs::read_to_string(folder().join(version).join(name)).unwrap();
        Self { journal: read("journal.ndjson"), checkpoint: read("checkpoint"), key: read("key") }
    }

    fn write(&self, version: &str) {
        let folder = folder().join(version);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("journal.ndjson", &self.journal), ("checkpoint", &self.checkpoint), ("key", &self.key)] {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    fn records(&self) -> Vec<SealedRecord> {
        self.journal.lines().map(|line| SealedRecord::read(line.as_bytes().to_vec()).unwrap()).collect()
    }
}

/// The digests of bytes that must be there: of all events but captured secrets, in runs that retention has not released.
fn named(store: &MemoryStore) -> BTreeSet<String> {
    let runs = store.runs().unwrap().into_iter().map(|run| store.records(run).unwrap());
    let unreleased = runs.filter(|records| !records.iter().any(|record| matches!(record.record.event, Event::BytesReleased(_))));
    let events = unreleased.flatten().map(|record| record.record.event).filter(|event| !matches!(event, Event::SecretCaptured(_)));
    events.flat_map(|event| event.blobs()).map(|digest| digest.to_string()).collect()
}

fn versions() -> Vec<String> {
    let folders = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    folders.collect()
}

#[test]
fn the_golden_journal_of_this_version_is_what_this_program_writes() {
    let (version, written) = (env!("CARGO_PKG_VERSION"), written());
    #[expect(clippy::disallowed_methods, reason = "the one switch of a test that writes")]
    if std::env::var_os(WRITE).is_some() {
        written.write(version);
    }
    let kept = Golden::read(version);
    for (number, (written, kept)) in written.journal.lines().zip(kept.journal.lines()).enumerate() {
        assert_eq!(written, kept, "record {number} is written differently now; if that is meant, `scripts/test --golden`");
    }
    assert!(written == kept, "the golden journal has other records than this program writes; if that is meant, `scripts/test --golden`");
}

#[test]
fn every_kind_of_event_has_a_golden_record() {
    let golden: BTreeSet<_> = Golden::read(env!("CARGO_PKG_VERSION")).records().iter().map(|record| record.record.event.kind()).collect();
    let missing: Vec<_> = Event::KINDS.iter().filter(|kind| !golden.contains(*kind)).collect();
    assert!(missing.is_empty(), "{missing:?}: let it happen in host/journal/tests/golden/runs.rs, then `scripts/test --golden`");
}

/// A replay compares what is asked with what was, and gives the guest what it was given.
#[test]
fn what_a_database_was_asked_and_gave_is_read_as_it_was_in_every_version() {
    fn again<T: DeserializeOwned + Serialize>(stored: &Stored) -> usize {
        let Stored::Inline(json) = stored else { return 0 };
        let read: T = json.to().unwrap_or_else(|error| panic!("{error}: {json:?}"));
        assert_eq!(&Json::of(&read).unwrap(), json);
        1
    }
    for version in versions() {
        let (mut asked, mut calls) = (0, BTreeSet::new());
        for record in Golden::read(&version).records() {
            let (request, outcome) = match &record.record.event {
                Event::CallStarted(call) if call.asked.interface == "db" => {
                    calls.insert(format!("{} {:?}", record.record.run, call.id));
                    (Some(&call.asked.request), None)
                }
                Event::CallAnswered(call) if call.asked.interface == "db" => (Some(&call.asked.request), Some(&call.outcome)),
                Event::CallFinished(call) if calls.contains(&format!("{} {:?}", record.record.run, call.id)) => (None, Some(&call.outcome)),
                Event::CallProbed(call) if call.probe.starts_with("db:") => match &call.answer {
                    ProbeAnswer::Happened(outcome) => (None, Some(outcome)),
                    ProbeAnswer::DidNot | ProbeAnswer::Unknown => (None, None),
                },
                _ => (None, None),
            };
            asked += request.map_or(0, again::<DbRequest>);
            if let Some(Outcome::Returned(stored)) = outcome {
                asked += again::<DbResponse>(stored);
            }
        }
        assert!(asked > 0, "{version} has no call of `db`");
    }
}

#[test]
fn the_golden_journal_of_every_version_folds_verifies_and_is_canonical() {
    let versions = versions();
    assert!(versions.iter().any(|version| version == env!("CARGO_PKG_VERSION")), "{versions:?}");
    for version in versions {
        let golden = Golden::read(&version);
        let records = golden.records();
        let store = MemoryStore::new();
        for (line, record) in golden.journal.lines().zip(records) {
            let again = record.record.clone().seal().unwrap();
            assert_eq!(std::str::from_utf8(&again.bytes).unwrap(), line, "{version}: read and written again it is another record");
            store.append(Batch { records: vec![record], ..Batch::default() }, Durability::Durable).unwrap();
        }
        let options = VerifyOptions { checkpoint: Some(&golden.checkpoint), key: Some(golden.key.trim()), fold: true, ..VerifyOptions::default() };
        let report = verify(&store, options).unwrap();
        assert!(report.is_sound(), "{version}: {:?}", report.findings);
        assert_eq!((report.records, report.checkpoints), (golden.journal.lines().count() as u64, 1), "{version}");
        // No blob is kept here: the verifier, which parses few records, must miss what every event that names one says.
        let options = VerifyOptions { key: Some(golden.key.trim()), bytes: true, ..VerifyOptions::default() };
        let missed: BTreeSet<_> = verify(&store, options).unwrap().findings.into_iter().filter_map(|finding| finding.expected).collect();
        assert_eq!(missed, named(&store), "{version}");
        for run in store.runs().unwrap() {
            assert!(RunState::fold(&store.records(run).unwrap()).unwrap().is_some(), "{version}: {run}");
        }
    }
}
