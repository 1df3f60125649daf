//! Runs that stand still and go on: waits, leases, and what operators do in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::world::{World, id, nothing, post, put, two_steps};
use lockstep_engine::{
    EngineError, Heard, House, LONGEST_HOLD, Resume, RunReport, Start, Waits, act, post as post_act, release, resume, retry, start, undo, wake,
};
use lockstep_gate::{CallContext, Driver, Drivers, Gate, Interrupt, SecretSource};
use lockstep_grant::{Grant, Granted, SecretRule};
use lockstep_journal::{Act, JournalError, RunStatus, Store, StoreError};
use lockstep_model::plan::{Retry, Undo};
use lockstep_model::request::{ClockRequest, HttpRequest, HttpResponse, SecretRequest};
use lockstep_model::{Failure, RunId, RunOutcome, Secret};
use lockstep_testkit::{Script, ask};

/// A house that lets go of what waits for long, with one clock for all that is done in it.
fn letting_go(world: &World) -> House {
    House { longest_hold: LONGEST_HOLD, ..world.house() }
}

fn detached() -> Waits {
    Waits { detach: true, ..Waits::default() }
}

fn sleeper() -> Script {
    Script::default().step(
        "one",
        |gate| {
            put(gate, "before")?;
            ask(gate, ClockRequest::Sleep { seconds: 3_600 })?;
            put(gate, "after")
        },
        |gate| put(gate, "undo"),
    )
}

fn asleep(world: &World, house: &House) -> RunId {
    let report = start(house, Start { waits: detached(), ..world.start() }).unwrap();
    assert_eq!(report.outcome, RunOutcome::Waiting);
    report.run
}

#[test]
fn a_long_sleep_lets_go_of_the_guest_and_waking_is_replay() {
    let world = World::of(sleeper());
    let house = letting_go(&world);
    let run = asleep(&world, &house);
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/before"]);
    assert!(world.store.due(house.clock.now()).unwrap().is_empty(), "an hour is not over");
    assert!(wake(&house, world.resume(run)).unwrap().is_none(), "nothing is done before its time");

    house.clock.wait_until(house.clock.now().after(Duration::from_secs(3_600)));
    assert_eq!(world.store.due(house.clock.now()).unwrap(), [run]);
    let report = wake(&house, world.resume(run)).unwrap().expect("it is due");
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/before", "PUT http://app.test/after"], "each once");
    assert!(world.store.due(house.clock.now()).unwrap().is_empty(), "a run that has ended is not due");
    let kinds = world.kinds();
    assert!(kinds.contains(&"RunWaiting") && kinds.contains(&"RunWoken"), "{kinds:?}");
}

#[test]
fn a_wait_in_the_foreground_is_recorded_and_sat_out() {
    let world = World::of(sleeper());
    let report = start(&letting_go(&world), world.start()).unwrap();
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    assert!(world.kinds().contains(&"RunWaiting"));
}

/// A value that is another one each time it is looked up.
struct Rotating(AtomicU32);

impl SecretSource for Rotating {
    fn value(&self, rule: &SecretRule, _: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        let value = || format!("correct-horse-{}", self.0.fetch_add(1, Ordering::Relaxed));
        Ok((!rule.may_be_captured()).then(|| Secret::new(value().into_bytes())))
    }
}

#[test]
fn after_a_long_wait_in_the_foreground_a_secret_has_the_value_that_it_has_by_then() {
    let log_in = |gate: &Gate| {
        ask(gate, SecretRequest { id: "API_KEY".into() })?;
        let mut request = HttpRequest::to("PUT", "http://app.test/login");
        request.body = Some(gate.marker("API_KEY").as_str().into());
        ask(gate, request).map(drop)
    };
    let world = World::of(Script::default().step(
        "one",
        move |gate| {
            log_in(gate)?;
            ask(gate, ClockRequest::Sleep { seconds: 3_600 })?;
            log_in(gate)
        },
        nothing,
    ));
    let house = House { secrets: Arc::new(Rotating(AtomicU32::new(0))), ..letting_go(&world) };
    assert_eq!(start(&house, world.start()).unwrap().outcome, RunOutcome::Succeeded);
    let sent: Vec<String> = world.drivers.performed().into_iter().map(|performed| performed.request).collect();
    let value = |request: &String| request.split("correct-horse-").nth(1).and_then(|rest| rest.chars().next()).unwrap();
    assert!(sent.len() == 2 && value(&sent[0]) < value(&sent[1]), "{sent:?}");
    assert_eq!(world.kinds().iter().filter(|kind| **kind == "SecretUsed").count(), 2, "each value is told apart");
}

#[test]
fn the_next_attempt_is_waited_for_without_a_process() {
    let retry = Retry { attempts: 2, backoff_milliseconds: 600_000, longest_milliseconds: 600_000, ..Retry::default() };
    let world = World::of(Script::default().step("one", |gate| put(gate, "x"), nothing).with(|step| step.retry = retry));
    world.drivers.answer([Err(Failure::retryable("http.connect", "refused"))]);
    let house = letting_go(&world);
    let run = asleep(&world, &house);
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(1_000)));
    assert_eq!(wake(&house, world.resume(run)).unwrap().unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn a_waker_that_dies_leaves_the_run_due() {
    let world = World::of(sleeper());
    let house = letting_go(&world);
    let run = asleep(&world, &house);
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(3_600)));
    let failing = Arc::new(lockstep_testkit::FailingStore::after(world.store.clone(), 1, StoreError::Full));
    let dying = House { store: failing, ..house.clone() };
    wake(&dying, world.resume(run)).unwrap_err();
    assert_eq!(world.store.due(house.clock.now()).unwrap(), [run]);
    assert_eq!(wake(&house, world.resume(run)).unwrap().unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn an_environment_belongs_to_one_run_until_that_has_ended() {
    let world = World::of(sleeper());
    let house = letting_go(&world);
    let first = asleep(&world, &house);
    let Err(EngineError::EnvironmentTaken(kept)) = start(&house, world.start()) else { panic!("a second run began") };
    assert_eq!((kept.run, kept.process.clone(), kept.reason.as_str()), (Some(first), None, "script 1.0.0"));
    let patient = Start { waits: Waits { environment: Duration::from_secs(60), ..Waits::default() }, ..world.start() };
    assert!(matches!(start(&house, patient), Err(EngineError::EnvironmentTaken(_))), "a minute is not enough");
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(3_600)));
    wake(&house, world.resume(first)).unwrap();
    assert_eq!(start(&house, world.start()).unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn a_run_that_lost_its_lease_performs_no_further_effect() {
    let world = World::of(Script::default());
    let operator = world.house();
    let script = Script::default().step(
        "one",
        move |gate| {
            put(gate, "before")?;
            release(&operator, "test", "it hangs").map_err(|error| Failure::problem("test", error.to_string()))?;
            put(gate, "after")
        },
        nothing,
    );
    let world = world.with(script);
    let error = start(&world.house(), world.start()).unwrap_err();
    assert!(matches!(error, EngineError::Journal(JournalError::Store(StoreError::LeaseLost { .. }))), "{error}");
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/before"]);
    assert!(world.kinds().contains(&"LeaseReleased"), "{:?}", world.kinds());
    assert!(world.store.leases().unwrap().is_empty(), "the environment is free");
}

#[test]
fn a_paused_run_is_not_woken_and_a_resumed_one_waits_on() {
    let world = World::of(sleeper());
    let house = letting_go(&world);
    let run = asleep(&world, &house);
    act(&house, run, &Act::Pause { reason: "lunch".to_owned() }).unwrap();
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(7_200)));
    assert!(world.store.due(house.clock.now()).unwrap().is_empty());
    assert!(matches!(act(&house, run, &Act::Pause { reason: "again".to_owned() }), Err(EngineError::Refused(_))));
    assert_eq!(resume(&house, world.resume(run)).unwrap().outcome, RunOutcome::Succeeded, "the hour is over");
}

fn failing_step() -> Script {
    let fail = |gate: &Gate| match gate.parameter("colour").as_deref() {
        Some("green") => put(gate, "green"),
        _ => Err(Failure::problem("test.colour", "it must be green")),
    };
    Script::default().parameter("colour", Some("blue")).step("one", |gate| put(gate, "one"), |gate| put(gate, "undo-one")).step("two", fail, nothing)
}

fn paused(world: &World) -> RunId {
    let report = start(&world.house(), Start { attended: true, ..world.start() }).unwrap();
    assert!(matches!(report.state.status, RunStatus::Paused(_)));
    report.run
}

#[test]
fn a_failed_step_is_left_out_or_done_by_hand_and_the_run_goes_on() {
    let acts = [
        Act::Skip { step: id("two"), reason: "not today".to_owned() },
        Act::MarkDone { step: id("two"), evidence: "ticket 7".to_owned(), output: Some("7".to_owned()) },
    ];
    for done in acts {
        let world = World::of(failing_step());
        let run = paused(&world);
        act(&world.house(), run, &done).unwrap();
        let report = resume(&world.house(), world.resume(run)).unwrap();
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{done:?}");
        assert!(matches!(act(&world.house(), run, &done), Err(EngineError::Ended { .. })));
    }
}

#[test]
fn a_step_that_has_succeeded_cannot_be_left_out() {
    let world = World::of(failing_step());
    let run = paused(&world);
    let skip = Act::Skip { step: id("one"), reason: "no".to_owned() };
    assert!(matches!(act(&world.house(), run, &skip), Err(EngineError::Refused(_))));
    assert!(!world.kinds().contains(&"StepSkipped"));
}

#[test]
fn an_undo_that_was_done_by_hand_counts() {
    let world = World::of(Script::default().step("one", |gate| put(gate, "one"), |_| Err(Failure::problem("test", "it cannot"))));
    let run = world.run().run;
    assert_eq!(undo(&world.house(), world.resume(run), None).unwrap().outcome, RunOutcome::Stuck);
    let by_hand = Act::MarkDone { step: id("one"), evidence: "removed it".to_owned(), output: None };
    act(&world.house(), run, &by_hand).unwrap();
    assert_eq!(undo(&world.house(), world.resume(run), None).unwrap().outcome, RunOutcome::Undone);
}

#[test]
fn a_parameter_is_changed_and_the_step_tried_again() {
    let world = World::of(failing_step());
    let run = paused(&world);
    let with = |id: &str, value: &str| BTreeMap::from([(id.to_owned(), value.to_owned())]);
    let unknown = retry(&world.house(), world.resume(run), &with("color", "green"));
    assert!(matches!(unknown, Err(EngineError::Parameters(_))));
    let report = retry(&world.house(), world.resume(run), &with("colour", "green")).unwrap();
    assert_eq!((report.outcome, report.state.parameters["colour"].as_str()), (RunOutcome::Succeeded, "green"));
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/one", "PUT http://app.test/green"]);
}

#[test]
fn parameters_stay_as_they_are_in_the_middle_of_an_attempt() {
    let world = World::of(failing_step());
    let house = world.house();
    let interrupt = house.interrupt.clone();
    let script = Script::default().parameter("colour", Some("blue")).step(
        "one",
        move |gate| {
            put(gate, "one")?;
            interrupt.pause();
            put(gate, "two")
        },
        nothing,
    );
    let world = world.with(script);
    let run = start(&house, world.start()).unwrap().run;
    let changed = retry(&world.house(), world.resume(run), &BTreeMap::from([("colour".to_owned(), "green".to_owned())]));
    assert!(matches!(changed, Err(EngineError::Refused(_))), "{changed:?}");
}

#[test]
fn a_succeeded_run_with_nothing_to_undo_stays_succeeded() {
    let world = World::of(Script::default().step("one", nothing, nothing));
    let run = world.run().run;
    assert_eq!(undo(&world.house(), world.resume(run), None).unwrap().outcome, RunOutcome::Succeeded);
}

/// Asks for an act as another terminal would, and goes on calling until it is heard.
fn until_heard(gate: &Gate, house: &House, acts: &[Act]) -> Result<(), Failure> {
    for what in acts {
        house.store.post_act(gate.run_id(), "mia", house.clock.now(), what).map_err(|error| Failure::problem("test", error.to_string()))?;
    }
    for _ in 0..200 {
        ask(gate, ClockRequest::Now)?;
        thread::park_timeout(Duration::from_millis(25));
    }
    Ok(())
}

/// What `until_heard` had asked until it was stopped: every replay asks the same.
fn replayed(gate: &Gate) -> Result<(), Failure> {
    while gate.is_replaying() {
        ask(gate, ClockRequest::Now)?;
    }
    Ok(())
}

fn heard_in_the_middle(what: Act) -> (World, RunReport) {
    let world = World::of(Script::default());
    let house = House { shared: true, ..world.house() };
    // The last one is heard at once; what is only a record is heard with it.
    let (terminal, asked, first) = (house.clone(), [what, Act::Retry { parameters: BTreeMap::new(), reason: "now".to_owned() }], AtomicBool::new(true));
    let script = Script::default()
        .step("one", |gate| put(gate, "one"), |gate| put(gate, "undo-one"))
        .step("two", move |gate| if first.swap(false, Ordering::SeqCst) { until_heard(gate, &terminal, &asked) } else { replayed(gate) }, nothing)
        .step("three", |gate| put(gate, "three"), nothing);
    let world = world.with(script);
    let report = start(&house, world.start()).unwrap();
    (world, report)
}

#[test]
fn a_pause_from_another_terminal_is_heard_between_two_calls() {
    let (world, report) = heard_in_the_middle(Act::Pause { reason: "look first".to_owned() });
    assert!(matches!(report.state.status, RunStatus::Paused(_)), "{}", report.state.status);
    let records = world.store.records(report.run).unwrap();
    assert_eq!(records.last().unwrap().record.actor, "mia");
    assert_eq!(world.store.act_answer(0).unwrap(), Some(Ok(())));
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/one"]);
}

#[test]
fn an_undo_from_another_terminal_turns_the_run() {
    let (world, report) = heard_in_the_middle(Act::Undo { to: None, reason: "back".to_owned() });
    assert_eq!(report.outcome, RunOutcome::Undone);
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/one", "PUT http://app.test/undo-one"]);
}

#[test]
fn a_step_ahead_is_left_out_while_the_run_goes_on() {
    let (world, report) = heard_in_the_middle(Act::Skip { step: id("three"), reason: "not needed".to_owned() });
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/one"]);
}

#[test]
fn what_may_not_be_done_is_refused_where_the_run_is_driven() {
    let (world, report) = heard_in_the_middle(Act::Skip { step: id("one"), reason: "no".to_owned() });
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    let refused = (0..).map_while(|id| world.store.act_answer(id).unwrap()).next().expect("an answer");
    assert!(refused.unwrap_err().contains("`one`"));
}

#[test]
fn nobody_answers_an_act_on_a_run_that_nobody_drives() {
    let world = World::of(failing_step());
    let run = paused(&world);
    assert_eq!(post_act(&world.house(), run, &Act::Pause { reason: "x".to_owned() }).unwrap(), Heard::NotYet);
}

/// A far side that does not answer before the operator has cancelled.
struct Silent(Interrupt);

impl Driver<HttpRequest> for Silent {
    fn perform(&self, _: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        self.0.cancel();
        while !context.interrupt.is_cancelled() {}
        Err(Failure::TimedOut("cancelled".to_owned()))
    }
}

fn cancelled(script: Script) -> (World, RunReport) {
    let world = World::of(script);
    let house = world.house();
    let house = House { drivers: Drivers { http: Arc::new(Silent(house.interrupt.clone())), ..house.drivers }, ..house };
    let report = start(&house, world.start()).unwrap();
    (world, report)
}

#[test]
fn cancelling_what_must_not_be_done_twice_leaves_it_in_doubt() {
    let (_, report) = cancelled(Script::default().step("one", |gate| post(gate, "pay"), nothing));
    assert!(matches!(report.state.status, RunStatus::Stuck(_)), "{}", report.state.status);
    assert!(report.state.reason.unwrap().contains("in doubt"));
}

#[test]
fn cancelling_what_may_be_repeated_pauses_and_it_is_done_again_with_its_key() {
    let (world, report) = cancelled(two_steps());
    assert!(matches!(report.state.status, RunStatus::Paused(_)), "{}", report.state.status);
    let key = report.state.steps[&id("one")].open_call().unwrap().key.clone().unwrap();
    assert_eq!(resume(&world.house(), world.resume(report.run)).unwrap().outcome, RunOutcome::Succeeded);
    assert_eq!(world.drivers.performed()[0].key, key);
}

#[test]
fn an_irreversible_step_is_where_undo_from_elsewhere_ends() {
    let world = World::of(two_steps().with(|step| step.undo = Undo::Irreversible));
    let run = world.run().run;
    let report = undo(&world.house(), Resume { reason: "back".to_owned(), ..world.resume(run) }, None).unwrap();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert!(matches!(world.store.leases().unwrap().as_slice(), [kept] if kept.run == Some(run)), "it keeps its environment");
}
