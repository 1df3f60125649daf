//! Retention: bytes go when no run needs them, a record says so before they do, and everything that stays verifies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lockstep_journal::event::{
    Asked, BytesReleased, CallAnswered, CallId, Event, Outcome, Phase, PlanDeclared, Reason, RunCreated, RunFinished, Stored, UndoBegan,
};
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::retention::{Released, survey};
use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::verify::{BytesFound, Flaw, VerifyOptions, VerifyReport, verify};
use lockstep_journal::{Blobs, JournalError, Json, Record, RunState};
use lockstep_model::plan::{Description, Plan};
use lockstep_model::{Digest, RunId, RunOutcome, StepId, Timestamp};
use serde_json::json;

const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    Timestamp::from_microseconds(number * DAY * 1_000_000)
}

/// A run of a day, which answers one call at length.
struct Run<'a> {
    store: &'a MemoryStore,
    day: i64,
    state: Option<RunState>,
}

impl<'a> Run<'a> {
    fn begin(store: &'a MemoryStore, day: i64, response: &str) -> Self {
        let mut run = Self { store, day, state: None };
        let created = RunCreated {
            procedure: Description { name: "shop".into(), version: "1.0.0".into(), ..Description::default() },
            component: Digest::of(b"component"),
            grant: Digest::of(b"grant"),
            grant_file: "production.toml".into(),
            environment: "production".into(),
            lease: 1,
            parameters: [].into(),
            initiator: "ada".into(),
            host: "bastion".into(),
            engine: "lockstep".into(),
            attended: false,
            seed: "00".into(),
        };
        run.write(Event::RunCreated(Box::new(created)), &["component", "grant"]);
        let step = json!({"id": "look", "title": "Look", "needs": [], "on-failure": "pause", "undo": "undo-step",
            "retry": {"attempts": 1, "backoff-milliseconds": 0, "longest-milliseconds": 0}});
        let plan = Plan { steps: vec![serde_json::from_value(step).unwrap()] };
        run.write(Event::PlanDeclared(PlanDeclared { digest: Digest::ZERO, plan }), &[]);
        let step = StepId::parse("look").unwrap();
        run.write(Event::StepStarted(lockstep_journal::event::Attempt { step: step.clone(), attempt: 1 }), &[]);
        let stored = Stored::Blob { digest: Digest::of(response.as_bytes()), size: response.len() as u64, preview: String::new() };
        let request = Stored::Inline(Json::of(&json!({})).unwrap());
        let asked = Asked { interface: "http".into(), function: "send".into(), summary: "GET".into(), request, digest: Digest::ZERO };
        let id = CallId { step, phase: Phase::Step, attempt: 1, call: 1 };
        let answered = CallAnswered { id, asked, rule: "default".into(), outcome: Outcome::Returned(stored) };
        run.write(Event::CallAnswered(Box::new(answered)), &[response]);
        run
    }

    fn ended(store: &'a MemoryStore, day: i64, response: &str) -> Self {
        let mut run = Self::begin(store, day, response);
        run.write(Event::RunFinished(RunFinished { outcome: RunOutcome::Succeeded }), &[]);
        run
    }

    fn write(&mut self, event: Event, blobs: &[&str]) {
        let number = u64::try_from(self.day).unwrap();
        let (seq, prev) = self.state.as_ref().map_or((0, Digest::ZERO), |state| (state.next_seq, state.last_hash));
        let run = RunId::from_parts(number, number.into());
        let sealed = Record { run, seq, time: day(self.day), actor: "lockstep".into(), event, prev }.seal().unwrap();
        match &mut self.state {
            None => self.state = Some(RunState::begin(&sealed).unwrap()),
            Some(state) => state.apply(&sealed).unwrap(),
        }
        let blobs = blobs.iter().map(|blob| blob.as_bytes().to_vec()).collect();
        self.store.append(Batch { records: vec![sealed], blobs, ..Batch::default() }, Durability::Durable).unwrap();
    }

    fn read(&self) -> RunState {
        RunState::fold(&self.store.records(self.state.as_ref().unwrap().run).unwrap()).unwrap().unwrap()
    }
}

fn there(store: &MemoryStore, blob: &str) -> bool {
    store.blob(Digest::of(blob.as_bytes())).unwrap().is_some()
}

fn retain(store: &MemoryStore, before: i64) -> Released {
    let survey = survey(store, day(before)).unwrap();
    let sum = survey.sum();
    let released = survey.carry_out(store, "grace", day(1_000)).unwrap();
    assert_eq!(released, sum, "what was announced is what was done");
    released
}

fn verified(store: &MemoryStore) -> VerifyReport {
    verify(store, VerifyOptions { fold: true, bytes: true, ..VerifyOptions::default() }).unwrap()
}

#[test]
fn bytes_of_runs_that_ended_long_ago_go_and_their_records_stay() {
    let store = MemoryStore::new();
    let old = Run::ended(&store, 1, "old response");
    let young = Run::ended(&store, 50, "young response");
    let records = store.head().unwrap().size;
    assert_eq!(retain(&store, 30), Released { runs: 1, blobs: 1, bytes: 12 });
    assert!(!there(&store, "old response"));
    assert!(there(&store, "component") && there(&store, "grant") && there(&store, "young response"), "the young run names them");
    assert_eq!((old.read().released, young.read().released), (Some(day(1_000)), None));
    assert_eq!(old.read().changed_at, day(1), "when the run ended is not when its bytes went");
    assert_eq!(store.head().unwrap().size, records + 1);
    let report = verified(&store);
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(report.bytes, Some(BytesFound { kept: 3, released: 1 }));
    let last = store.records(old.read().run).unwrap().pop().unwrap().record;
    assert_eq!((last.actor.as_str(), last.event), ("grace", Event::BytesReleased(BytesReleased { ended_before: day(30), blobs: 3 })));
    // The last run that names a blob takes it along.
    assert_eq!(retain(&store, 60), Released { runs: 1, blobs: 3, bytes: 28 });
    assert!(store.kept_blobs().unwrap().is_empty());
    assert_eq!(retain(&store, 2_000), Released { runs: 0, blobs: 0, bytes: 0 });
    assert_eq!(verified(&store).bytes, Some(BytesFound { kept: 0, released: 4 }));
}

#[test]
fn a_run_that_has_not_ended_keeps_its_bytes_however_old_it_is() {
    let store = MemoryStore::new();
    let mut stuck = Run::begin(&store, 1, "stuck");
    stuck.write(Event::RunStuck(Reason { reason: "a call is in doubt".into() }), &[]);
    Run::begin(&store, 2, "interrupted");
    let mut undoing = Run::ended(&store, 3, "taken back");
    undoing.write(Event::UndoBegan(UndoBegan { reason: "a complaint".into(), cause: RunOutcome::Failed, to: None }), &[]);
    Run::ended(&store, 4, "ended");
    assert_eq!(retain(&store, 400), Released { runs: 1, blobs: 1, bytes: 5 });
    assert!(there(&store, "stuck") && there(&store, "interrupted") && there(&store, "taken back") && there(&store, "component"));
    assert!(verified(&store).is_sound());
}

#[test]
fn bytes_that_come_back_stay_and_those_recorded_later_are_named_again() {
    let store = MemoryStore::new();
    let mut old = Run::ended(&store, 1, "old");
    let survey = survey(&store, day(30)).unwrap();
    // A run that is about to begin keeps the same component.
    store.keep_blob(b"component").unwrap();
    assert_eq!(survey.carry_out(&store, "grace", day(40)).unwrap(), Released { runs: 1, blobs: 2, bytes: 8 });
    assert!(there(&store, "component"));
    old.state = Some(old.read());
    old.write(Event::UndoBegan(UndoBegan { reason: "a complaint".into(), cause: RunOutcome::Failed, to: None }), &[]);
    old.write(Event::RunFinished(RunFinished { outcome: RunOutcome::Undone }), &[]);
    assert_eq!(retain(&store, 30).runs, 0, "it named nothing since");
}

#[test]
fn a_run_that_went_on_after_the_survey_stops_retention_before_anything_is_deleted() {
    let store = MemoryStore::new();
    let mut old = Run::ended(&store, 1, "old");
    let survey = survey(&store, day(30)).unwrap();
    old.write(Event::UndoBegan(UndoBegan { reason: "a complaint".into(), cause: RunOutcome::Failed, to: None }), &[]);
    let refused = survey.carry_out(&store, "grace", day(40));
    assert!(matches!(refused, Err(JournalError::Store(StoreError::Conflict { .. }))), "{refused:?}");
    assert!(there(&store, "old") && there(&store, "component"));
}

#[test]
fn what_no_record_names_stays_until_it_is_old() {
    let store = MemoryStore::new();
    Run::ended(&store, 1, "old");
    store.keep_blob(b"an artifact whose record is still to come").unwrap();
    assert_eq!(retain(&store, 30), Released { runs: 1, blobs: 3, bytes: 17 });
    assert!(there(&store, "an artifact whose record is still to come"));
    // Nobody has named it since, and records written after it are old by now.
    Run::ended(&store, 40, "next");
    assert_eq!(retain(&store, 50), Released { runs: 1, blobs: 4, bytes: 18 + 41 });
}

#[test]
fn what_a_crash_left_after_the_records_is_deleted_the_next_time() {
    let store = MemoryStore::new();
    let mut old = Run::ended(&store, 1, "old");
    old.write(Event::BytesReleased(BytesReleased { ended_before: day(30), blobs: 3 }), &[]);
    assert!(verified(&store).is_sound(), "given up and still there is no flaw");
    assert_eq!(retain(&store, 30), Released { runs: 0, blobs: 3, bytes: 17 });
}

#[test]
fn bytes_that_are_gone_without_retention_are_found_and_the_record_is_named() {
    let store = MemoryStore::new();
    let run = Run::ended(&store, 1, "evidence").read().run;
    let gone = Digest::of(b"evidence");
    assert_eq!(store.remove_blobs(&[gone], u64::MAX).unwrap(), [gone]);
    let report = verified(&store);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((finding.flaw, finding.run, finding.seq), (Flaw::BytesMissing, Some(run), Some(3)));
    assert!(finding.to_string().contains(&gone.to_string()), "{finding}");
    assert_eq!(report.bytes, Some(BytesFound { kept: 2, released: 0 }));
    assert!(verify(&store, VerifyOptions::default()).unwrap().is_sound(), "the records hold without them");
}

#[test]
fn changed_bytes_are_found_and_the_record_that_names_them_first_is_named() {
    let store = MemoryStore::new();
    let old = Run::ended(&store, 1, "response");
    Run::ended(&store, 2, "response");
    let opened = || verify(&store, VerifyOptions { bytes: true, open: true, ..VerifyOptions::default() }).unwrap();
    assert!(opened().is_sound());
    assert!(store.damage_blob(Digest::of(b"response"), b"another".to_vec()));
    assert!(verified(&store).is_sound(), "it is there");
    let findings = opened().findings;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.flaw, finding.run, finding.seq), (Flaw::BytesChanged, Some(old.read().run), Some(3)));
    assert_eq!(finding.expected, Some(Digest::of(b"response").to_string()));
    // What was given up is not looked at.
    retain(&store, 1_000);
    assert!(opened().is_sound());
}

#[test]
fn a_run_that_has_not_ended_can_release_nothing() {
    let store = MemoryStore::new();
    let running = Run::begin(&store, 1, "running").read();
    let event = Event::BytesReleased(BytesReleased { ended_before: day(30), blobs: 3 });
    let record = Record { run: running.run, seq: running.next_seq, time: day(2), actor: "grace".into(), event, prev: running.last_hash };
    let refused = running.clone().apply(&record.seal().unwrap()).unwrap_err().to_string();
    assert_eq!(refused, "BytesReleased is not possible here: the run is running");
}
