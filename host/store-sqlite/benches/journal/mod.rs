//! Runs with records as a real procedure makes them: an HTTP call's intent and outcome, again and again.

use lockstep_journal::event::{Asked, CallFinished, CallId, CallStarted, Event, Outcome, Phase, Stored};
use lockstep_journal::store::{Batch, Durability, Store};
use lockstep_journal::{Json, Record, SealedRecord};
use lockstep_model::{Digest, EffectClass, RunId, StepId, Timestamp};
use serde_json::json;

/// A run in the middle of a step.
pub(crate) struct Calls {
    run: RunId,
    seq: u64,
    last: Digest,
    call: u32,
}

/// The id of the `number`th run.
pub(crate) fn run(number: u64) -> RunId {
    RunId::from_parts(1_700_000_000_000 + number % 1_000_000, number.into())
}

impl Calls {
    /// Begins the `number`th run.
    pub(crate) fn begin(store: &dyn Store, number: u64) -> Self {
        let mut calls = Self { run: run(number), seq: 0, last: Digest::ZERO, call: 0 };
        let step = json!({"id": "deploy", "title": "Deploy", "needs": [], "retry": {"attempts": 1, "backoff-milliseconds": 0, "longest-milliseconds": 0}, "on-failure": "pause", "undo": "undo-step"});
        let events = [
            json!({"kind": "RunCreated", "body": {
                "procedure": {"name": "bench", "version": "1.0.0", "parameters": []}, "component": Digest::ZERO, "grant": Digest::ZERO, "grant-file": "", "environment": "bench", "lease": 0,
                "parameters": {}, "initiator": "bench", "host": "bench", "engine": "bench", "attended": false, "seed": "00",
            }}),
            json!({"kind": "PlanDeclared", "body": {"digest": Digest::ZERO, "plan": {"steps": [step]}}}),
            json!({"kind": "StepStarted", "body": {"step": "deploy", "attempt": 1}}),
        ];
        let records = events.map(|event| calls.record(serde_json::from_value(event).unwrap()));
        store.append(Batch { records: records.into(), ..Batch::default() }, Durability::Written).unwrap();
        calls
    }

    /// The next effect's intent and outcome.
    pub(crate) fn effect(&mut self) -> (SealedRecord, SealedRecord) {
        self.call += 1;
        let id = CallId { step: StepId::parse("deploy").unwrap(), phase: Phase::Step, attempt: 1, call: self.call };
        let request = json!({"method": "POST", "url": "http://127.0.0.1:8080/deploy", "headers": {"content-type": "application/json"}});
        let asked = Asked {
            interface: "http".into(),
            function: "send".into(),
            summary: "POST http://127.0.0.1:8080/deploy".into(),
            request: Stored::Inline(Json::of(&request).unwrap()),
            digest: Digest::ZERO,
        };
        let key = format!("{}-{}", self.run, self.call);
        let started = CallStarted { id: id.clone(), asked, class: EffectClass::AtMostOnce, rule: "http[0]".into(), key };
        let intent = self.record(Event::CallStarted(Box::new(started)));
        let answer = json!({"status": 200, "headers": {"content-type": "application/json"}, "body": "{\"ok\":true}", "milliseconds": 12});
        let outcome = self.record(Event::CallFinished(CallFinished { id, outcome: Outcome::Returned(Stored::Inline(Json::of(&answer).unwrap())) }));
        (intent, outcome)
    }

    fn record(&mut self, event: Event) -> SealedRecord {
        let time = Timestamp::from_microseconds(1_700_000_000_000_000 + i64::try_from(self.seq).unwrap() * 1_111);
        let sealed = Record { run: self.run, seq: self.seq, time, actor: "lockstep".into(), event, prev: self.last }.seal().unwrap();
        self.seq += 1;
        self.last = sealed.hash;
        sealed
    }
}
