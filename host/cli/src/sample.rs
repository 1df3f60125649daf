//! For tests: a small run whose records can be written by hand.

use std::collections::BTreeMap;

use lockstep_journal::event::{Asked, Attempt, CallId, Event, Phase, PlanDeclared, RunCreated, Stored};
use lockstep_journal::{Json, Record, RunState, SealedRecord};
use lockstep_model::plan::{Description, OnFailure, Plan, Retry, Step, Undo};
use lockstep_model::{Digest, RunId, StepId, Timestamp};

/// The step of the run.
pub(crate) const STEP: &str = "smoke";

/// So many seconds after the run was created.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_microseconds(second * 1_000_000)
}

/// The step's id.
pub(crate) fn step_id() -> StepId {
    StepId::parse(STEP).unwrap()
}

/// The first call of the first attempt.
pub(crate) fn call_id() -> CallId {
    CallId { step: step_id(), phase: Phase::Step, attempt: 1, call: 1 }
}

/// A command of the shell.
pub(crate) fn asked(summary: &str) -> Asked {
    let request = Stored::Inline(Json::of(&()).unwrap());
    Asked { interface: "shell".into(), function: "run".into(), summary: summary.into(), request, digest: Digest::ZERO }
}

/// A run with one step that has started, and what happened in it, a second apart.
pub(crate) fn run_of(events: Vec<Event>) -> (RunState, Vec<SealedRecord>) {
    let plan = Event::PlanDeclared(PlanDeclared { digest: Digest::ZERO, plan: Plan { steps: vec![step()] } });
    let started = Event::StepStarted(Attempt { step: step_id(), attempt: 1 });
    let mut records: Vec<SealedRecord> = Vec::new();
    for event in [Event::RunCreated(Box::new(created())), plan, started].into_iter().chain(events) {
        let seq = records.len() as u64;
        let prev = records.last().map_or(Digest::ZERO, |record| record.hash);
        let record = Record { run: RunId::from_parts(1, 1), seq, time: at(i64::try_from(seq).unwrap()), actor: "me".into(), event, prev };
        records.push(record.seal().unwrap());
    }
    (RunState::fold(&records).unwrap().unwrap(), records)
}

fn created() -> RunCreated {
    RunCreated {
        procedure: Description { name: "blue-green".into(), version: "1.0.0".into(), title: None, parameters: Vec::new() },
        component: Digest::ZERO,
        grant: Digest::ZERO,
        grant_file: "/production.toml".into(),
        environment: "production".into(),
        lease: 0,
        parameters: BTreeMap::new(),
        initiator: "me".into(),
        host: "here".into(),
        engine: "test".into(),
        attended: false,
        seed: "00".into(),
    }
}

fn step() -> Step {
    Step {
        id: step_id(),
        title: "It answers".into(),
        phase: None,
        about: None,
        needs: Vec::new(),
        timeout_seconds: None,
        retry: Retry::default(),
        on_failure: OnFailure::Decide,
        undo: Undo::UndoStep,
        expected_seconds: None,
    }
}
