//! Replays of recorded runs: what agrees, what diverges and where, and what cannot be checked.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use lockstep_engine::replay::Open;
use lockstep_engine::{
    AttemptChecked, EngineError, Migrate, PlanChecked, Procedure, ReplayReport, Resume, RunReport, Start, Verdict, migrate, replay, resume, start,
};
use lockstep_gate::Gate;
use lockstep_journal::event::RunMigrated;
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::{Batch, Durability, Event, Store, StoreError};
use lockstep_model::plan::Retry;
use lockstep_model::request::{ClockRequest, HttpRequest};
use lockstep_model::{Digest, Failure, RunId, RunOutcome};
use lockstep_testkit::{FailingStore, FakeDrivers, Script, ask, grant, house, resume_of, start_of};

const GRANT: &str = r#"
[files.mounts."/app"]
path = "/srv/app"
allow = ["read"]
[http]
allow = ["* http://app.test/**"]
[[shell.allow]]
program = "/bin/tool"
args = ["**"]
[secrets]
API_KEY = { env = "API_KEY", to = ["http://app.test/**"] }
"#;

fn put(gate: &Gate, path: &str) -> Result<(), Failure> {
    ask(gate, HttpRequest::to("PUT", &format!("http://app.test/{path}"))).map(|_| ())
}

fn nothing(_: &Gate) -> Result<(), Failure> {
    Ok(())
}

fn broken(_: &Gate) -> Result<(), Failure> {
    Err(Failure::problem("step.assertion", "not healthy"))
}

/// One step that puts these, in order.
fn puts(paths: &'static [&'static str]) -> Script {
    Script::default().step("one", move |gate| paths.iter().try_for_each(|path| put(gate, path)), nothing)
}

fn start_with(script: Script, grant_text: &str) -> Start {
    start_of(Arc::new(script), grant(grant_text))
}

/// A run of `script` up to its end, or to the append after which its store fails.
fn recorded(script: Script, grant_text: &str, appends: Option<usize>, drivers: &FakeDrivers) -> (Arc<dyn Store>, RunId) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let kept: Arc<dyn Store> = match appends {
        Some(appends) => Arc::new(FailingStore::after(store.clone(), appends, StoreError::Full)),
        None => store.clone(),
    };
    assert_eq!(start(&house(kept, drivers), start_with(script, grant_text)).is_err(), appends.is_some());
    let run = store.runs().unwrap()[0];
    (store, run)
}

fn run_of(script: Script) -> (Arc<dyn Store>, RunId) {
    recorded(script, GRANT, None, &FakeDrivers::default())
}

fn replayed((store, run): &(Arc<dyn Store>, RunId), script: &Script) -> ReplayReport {
    let before = store.records(*run).unwrap();
    let report = replay(store, *run, script, &mut |_| {}).unwrap();
    assert_eq!(store.records(*run).unwrap(), before, "a replay writes nothing");
    report
}

fn only(report: &ReplayReport) -> &AttemptChecked {
    assert_eq!(report.attempts.len(), 1, "{report:#?}");
    &report.attempts[0]
}

#[test]
fn a_finished_run_replays_attempt_by_attempt_with_its_undo() {
    let retry = Retry { attempts: 2, ..Retry::default() };
    let script = || {
        puts(&["a", "b"]).with(|step| step.retry = retry.clone()).step("two", |gate| put(gate, "c").and_then(|()| broken(gate)), |gate| put(gate, "undo-two"))
    };
    let drivers = FakeDrivers::default();
    drivers.answer([Err(Failure::retryable("http.connect", "refused"))]);
    let run = recorded(script(), GRANT, None, &drivers);
    let report = replayed(&run, &script());
    assert!(report.agrees(), "{report:#?}");
    let lines: Vec<_> = report.attempts.iter().map(|found| format!("{:?} {} {}: {}", found.phase, found.step, found.attempt, found.agreed)).collect();
    assert_eq!(lines, ["Step one 1: 1", "Step one 2: 2", "Step two 1: 1", "Undo two 1: 1", "Undo one 1: 0"]);
}

#[test]
fn a_changed_call_is_a_divergence_with_both_sides() {
    let report = replayed(&run_of(puts(&["a", "b"])), &puts(&["a", "x", "b"]));
    let attempt = only(&report);
    let found = attempt.divergence().unwrap();
    assert_eq!((found.id.to_string().as_str(), attempt.agreed, attempt.recorded), ("one/1/2", 1, 2));
    assert!(found.recorded.contains("/b") && found.asked.contains("/x"), "{found:?}");
    assert!(report.diverged() && !report.agrees());
}

#[test]
fn a_call_beyond_the_end_of_a_finished_attempt_is_a_divergence() {
    let report = replayed(&run_of(puts(&["a"])), &puts(&["a", "b"]));
    let found = only(&report).divergence().unwrap();
    assert_eq!((found.id.to_string().as_str(), found.recorded.as_str()), ("one/1/2", "the end of the step: succeeded"));
    assert!(found.asked.contains("/b"), "{found:?}");
}

#[test]
fn an_end_before_the_last_recorded_call_is_a_divergence() {
    let report = replayed(&run_of(puts(&["a", "b"])), &puts(&["a"]));
    let found = only(&report).divergence().unwrap();
    assert!(found.recorded.contains("/b"), "{found:?}");
    assert_eq!(found.asked, "the end of the step: succeeded");
}

#[test]
fn another_end_after_the_same_calls_is_a_divergence() {
    let fails = || Script::default().step("one", |gate| put(gate, "a").and_then(|()| broken(gate)), nothing);
    let report = replayed(&run_of(puts(&["a"])), &fails());
    let found = only(&report).divergence().unwrap();
    assert_eq!((found.recorded.as_str(), found.id.call), ("the end of the step: succeeded", 2));
    assert!(found.asked.contains("not healthy"), "{found:?}");
    let report = replayed(&run_of(fails()), &puts(&["a"]));
    assert!(report.attempts[0].divergence().unwrap().recorded.contains("not healthy"), "the other way round");
}

#[test]
fn an_unfinished_attempt_is_checked_as_far_as_its_records_go() {
    // RunCreated, PlanDeclared, StepStarted, CallStarted, CallFinished, CallStarted: the second outcome is lost.
    let run = recorded(puts(&["a", "b", "c"]), GRANT, Some(6), &FakeDrivers::default());
    let report = replayed(&run, &puts(&["a", "b", "c"]));
    assert_eq!((only(&report).agreed, &only(&report).verdict), (2, &Verdict::Open(Open::Unfinished)));
    assert!(report.agrees());
    let report = replayed(&run, &puts(&["a", "x"]));
    assert_eq!(only(&report).divergence().unwrap().id.call, 2, "an intent without an outcome is compared too");
}

#[test]
fn an_attempt_that_a_limit_has_ended_is_checked_up_to_there() {
    let endless = || {
        Script::default().step(
            "one",
            |gate| {
                loop {
                    ask(gate, ClockRequest::Now)?;
                }
            },
            nothing,
        )
    };
    let run = recorded(endless(), &format!("{GRANT}[limits]\ncalls = 5\n"), None, &FakeDrivers::default());
    let report = replayed(&run, &endless());
    assert_eq!((only(&report).agreed, &only(&report).verdict), (5, &Verdict::Open(Open::EndedByHost)));
    assert!(report.agrees());
}

#[test]
fn a_failure_that_another_component_no_longer_has_is_no_divergence_but_another_call_before_it_is() {
    let fails = |paths: &'static [&'static str]| {
        Script::default().step("one", move |gate| paths.iter().try_for_each(|path| put(gate, path)).and_then(|()| broken(gate)), nothing)
    };
    let run = run_of(fails(&["a"]));
    let step = |report: &ReplayReport| report.attempts[0].clone();
    let report = replayed(&run, &puts(&["a", "b"]).version("1.0.1"));
    assert!(matches!(step(&report).verdict, Verdict::EndsOtherwise(found) if found.recorded.contains("not healthy") && found.asked.contains("/b")));
    assert!(report.agrees());
    let report = replayed(&run, &fails(&["a", "b"]).version("1.0.1"));
    assert!(matches!(step(&report).verdict, Verdict::EndsOtherwise(_)));
    let report = replayed(&run, &puts(&["x"]).version("1.0.1"));
    assert!(step(&report).divergence().is_some());
    let report = replayed(&run_of(puts(&["a"])), &puts(&["a", "b"]).version("1.0.1"));
    assert!(only(&report).divergence().is_some(), "what has succeeded stays as it was");
}

#[test]
fn another_plan_is_a_divergence_that_names_the_steps() {
    let run = run_of(puts(&["a"]).step("two", nothing, nothing));
    let other = puts(&["a"]).step("three", nothing, nothing).with(|step| step.timeout_seconds = Some(5));
    let report = replayed(&run, &other);
    let PlanChecked::Differs(lines) = &report.plan else { panic!("{:?}", report.plan) };
    assert!(lines[0].starts_with("the plan is sha256:"), "{lines:?}");
    assert_eq!(lines[1..], ["step `two` is not declared any more", "step `three` is new"]);
    assert!(report.diverged());
}

#[test]
fn an_attempt_whose_answer_is_not_kept_any_more_counts_as_not_checked() {
    let body: &'static str = "0123456789abcdef".repeat(4_096).leak();
    let drivers = FakeDrivers::default();
    drivers.answer([Ok(""), Ok(body)]);
    let (store, run) = recorded(puts(&["a", "long", "b"]), GRANT, None, &drivers);
    let kept = store.records(run).unwrap().into_iter().find_map(|record| match record.record.event {
        lockstep_journal::Event::CallFinished(call) => match call.outcome {
            lockstep_journal::event::Outcome::Returned(lockstep_journal::event::Stored::Blob { digest, .. }) => Some(digest),
            _ => None,
        },
        _ => None,
    });
    store.append(Batch { forget: vec![kept.unwrap()], ..Batch::default() }, Durability::Durable).unwrap();
    let report = replayed(&(store, run), &puts(&["a", "long", "b"]));
    let Verdict::NotChecked(why) = &only(&report).verdict else { panic!("{report:#?}") };
    assert!(why.contains("does not have the bytes"), "{why}");
    assert_eq!(only(&report).agreed, 1);
    assert!(!report.agrees() && !report.diverged());
}

/// Moves the run to `script`, as bytes that are of no interest here.
fn moved(store: &Arc<dyn Store>, run: RunId, script: Script) -> Result<ReplayReport, EngineError> {
    let moving = Migrate { run, procedure: Arc::new(script), component: b"new".to_vec(), grant: grant(GRANT), reason: "mended".to_owned() };
    migrate(&house(store.clone(), &FakeDrivers::default()), moving, &mut |_| {})
}

/// Goes on with the run.
fn gone_on(store: &Arc<dyn Store>, run: RunId, script: Script) -> Result<RunReport, EngineError> {
    let again = Resume { attended: true, ..resume_of(run, Arc::new(script), grant(GRANT)) };
    resume(&house(store.clone(), &FakeDrivers::default()), again)
}

/// A run that stands still because its second step is broken.
fn paused() -> (Arc<dyn Store>, RunId) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let script = puts(&["a"]).step("two", |gate| put(gate, "b").and_then(|()| broken(gate)), nothing);
    let report = start(&house(store.clone(), &FakeDrivers::default()), Start { attended: true, ..start_with(script, GRANT) }).unwrap();
    assert_eq!(report.outcome, RunOutcome::Paused);
    (store, report.run)
}

#[test]
fn a_run_goes_on_with_a_component_that_agrees_and_has_its_bytes() {
    let (store, run) = paused();
    let mended = || puts(&["a"]).step("two", |gate| put(gate, "b").and_then(|()| put(gate, "c")), nothing).version("1.0.1");
    assert!(matches!(gone_on(&store, run, mended()), Err(EngineError::ComponentChanged { .. })), "not before it is moved");
    assert!(moved(&store, run, mended()).unwrap().agrees());
    let last = store.records(run).unwrap().pop().unwrap().record.event;
    assert_eq!(last, Event::RunMigrated(RunMigrated { component: mended().digest(), reason: "mended".to_owned() }));
    assert_eq!(store.blob(Digest::of(b"new")).unwrap().as_deref(), Some(b"new".as_slice()));
    let report = gone_on(&store, run, mended()).unwrap();
    assert_eq!((report.outcome, report.state.component), (RunOutcome::Succeeded, mended().digest()));
    assert!(replayed(&(store, run), &mended()).agrees(), "the failed attempt was another component's");
}

#[test]
fn a_component_that_disagrees_or_plans_otherwise_moves_nothing() {
    let two = |gate: &Gate| put(gate, "b");
    for other in [puts(&["x"]).step("two", two, nothing), puts(&["a"]).step("two", two, nothing).step("three", nothing, nothing)] {
        let (store, run) = paused();
        let before = store.records(run).unwrap();
        assert!(moved(&store, run, other.version("1.0.1")).unwrap().diverged());
        assert_eq!(store.records(run).unwrap(), before);
        assert_eq!(store.blob(Digest::of(b"new")).unwrap(), None);
    }
}

#[test]
fn a_run_that_has_ended_is_not_moved() {
    let (store, run) = run_of(puts(&["a"]));
    assert!(matches!(moved(&store, run, puts(&["a"]).version("1.0.1")), Err(EngineError::Ended { .. })));
}

#[test]
fn a_component_that_wants_more_than_the_grant_gives_is_not_moved_to() {
    let (store, run) = paused();
    let greedy = puts(&["a"]).step("two", nothing, nothing).imports(&["http", "artifact", "kube"]).version("1.0.1");
    assert!(matches!(moved(&store, run, greedy), Err(EngineError::ImportsDenied(_))));
}

#[test]
fn an_attempt_cut_off_by_a_crash_goes_on_with_the_new_component() {
    // As far as the intent of `b`: its outcome is lost.
    let (store, run) = recorded(puts(&["a", "b"]), GRANT, Some(6), &FakeDrivers::default());
    let other = || puts(&["a", "b", "c"]).version("1.0.1");
    assert!(moved(&store, run, other()).unwrap().agrees());
    assert_eq!(gone_on(&store, run, other()).unwrap().outcome, RunOutcome::Succeeded);
    let report = replayed(&(store, run), &other());
    assert_eq!((only(&report).agreed, &only(&report).verdict), (3, &Verdict::Agreed));
}
