//! Writes the records of one run, each a second after the one before it, through the same fold as every other writer.

use lockstep_journal::event::{Asked, CallId, Event, Phase, RunCreated, Stored};
use lockstep_journal::{Json, Record, RunState, SealedRecord};
use lockstep_model::plan::{Description, Parameter, Plan};
use lockstep_model::{Digest, RunId, StepId, Timestamp};
use serde_json::{Value, json};

/// The midnight on which the first record of the first run was written.
const MIDNIGHT: i64 = 1_767_225_600;

/// One run being written.
pub(crate) struct Pen {
    run: RunId,
    state: Option<RunState>,
    records: Vec<SealedRecord>,
}

impl Pen {
    /// The `number`th run, an hour after the one before it.
    pub(crate) fn new(number: u64) -> Self {
        Self { run: RunId::from_parts((MIDNIGHT as u64 + number * 3_600) * 1_000, u128::from(number)), state: None, records: Vec::new() }
    }

    /// When its `second`th record is written.
    pub(crate) fn time(&self, second: u64) -> Timestamp {
        let hour = i64::from(self.run.to_bytes()[15]) * 3_600;
        Timestamp::from_microseconds((MIDNIGHT + hour + i64::try_from(second).unwrap()) * 1_000_000)
    }

    /// The host's own record.
    pub(crate) fn host(&mut self, event: Event) -> &mut Self {
        self.by("lockstep", event)
    }

    /// A person's record.
    pub(crate) fn by(&mut self, actor: &str, event: Event) -> &mut Self {
        let (seq, prev) = self.state.as_ref().map_or((0, Digest::ZERO), |state| (state.next_seq, state.last_hash));
        let kind = event.kind();
        let sealed = Record { run: self.run, seq, time: self.time(seq), actor: actor.to_owned(), event, prev }.seal().unwrap();
        match &mut self.state {
            None => self.state = Some(RunState::begin(&sealed).unwrap()),
            Some(state) => state.apply(&sealed).unwrap_or_else(|error| panic!("record {seq}, {kind}: {error}")),
        }
        self.records.push(sealed);
        self
    }

    /// What was written.
    pub(crate) fn lay_down(self) -> Vec<SealedRecord> {
        self.records
    }
}

pub(crate) fn step(id: &str) -> StepId {
    StepId::parse(id).unwrap()
}

/// A digest that says what it is of.
pub(crate) fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

pub(crate) fn call(name: &str, attempt: u32, call: u32) -> CallId {
    CallId { step: step(name), phase: Phase::Step, attempt, call }
}

pub(crate) fn undo_call(name: &str, attempt: u32, call: u32) -> CallId {
    CallId { phase: Phase::Undo, ..self::call(name, attempt, call) }
}

pub(crate) fn inline(value: Value) -> Stored {
    Stored::Inline(Json::of(&value).unwrap())
}

pub(crate) fn blob(of: &str) -> Stored {
    Stored::Blob { digest: digest(of), size: 70_000, preview: format!("{{\"{of}") }
}

pub(crate) fn asked(interface: &str, function: &str, summary: &str, request: Stored) -> Asked {
    let digest = digest(summary);
    Asked { interface: interface.into(), function: function.into(), summary: summary.into(), request, digest }
}

pub(crate) fn created(attended: bool) -> Event {
    let parameters = vec![
        Parameter { id: "version".into(), title: Some("What goes live".into()), fallback: None, choices: Vec::new() },
        Parameter { id: "slot".into(), title: None, fallback: Some("blue".into()), choices: vec!["blue".into(), "green".into()] },
    ];
    let title = attended.then(|| "The shop, a new version".to_owned());
    Event::RunCreated(Box::new(RunCreated {
        procedure: Description { name: "shop".into(), version: "1.2.3".into(), title, parameters },
        component: digest("component"),
        grant: digest("grant"),
        grant_file: "/etc/lockstep/production.toml".into(),
        environment: "production".into(),
        lease: 1,
        parameters: [("version", "2.0.0"), ("slot", "blue"), ("ümlaut", "\u{1F980} \"quoted\"\n\u{7f}")].map(|(id, value)| (id.into(), value.into())).into(),
        initiator: "ada".into(),
        host: "bastion".into(),
        engine: "lockstep 0.1.0".into(),
        attended,
        seed: "5eed".repeat(16),
    }))
}

/// Three steps: one plain, one with everything that a step can declare, one that needs nothing and cannot be taken back.
pub(crate) fn plan() -> Plan {
    let steps = json!([
        {"id": "build", "title": "Build it", "needs": [], "on-failure": "decide", "undo": "nothing-to-undo",
         "retry": {"attempts": 1, "backoff-milliseconds": 1_000, "longest-milliseconds": 60_000}},
        {"id": "switch", "title": "Switch over", "phase": "Go live", "about": "All at once.", "needs": ["build"], "timeout-seconds": 30,
         "expected-seconds": 2, "on-failure": "pause", "undo": "undo-step",
         "retry": {"attempts": 3, "backoff-milliseconds": 500, "longest-milliseconds": 8_000, "codes": ["http.status"]}},
        {"id": "announce", "title": "Tell everybody", "needs": [], "on-failure": "continue", "undo": "irreversible",
         "retry": {"attempts": 1, "backoff-milliseconds": 1_000, "longest-milliseconds": 60_000}},
    ]);
    Plan { steps: serde_json::from_value(steps).unwrap() }
}
