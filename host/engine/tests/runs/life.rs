//! What a run does, step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_engine::{EngineError, House, Start, resume, start, undo};
use lockstep_gate::Gate;
use lockstep_journal::{RunStatus, Store, StoreError};
use lockstep_model::plan::{OnFailure, Retry, Undo};
use lockstep_model::request::{ClockRequest, HttpRequest, RandomRequest, RememberRequest, SecretRequest, ShellRequest};
use lockstep_model::{Failure, RunOutcome};
use lockstep_testkit::{FailingStore, FakeDrivers, SECRET, Script, ask, grant, house};

use crate::world::{GRANT, World, id, nothing, post, put, two_steps};

#[test]
fn a_run_records_each_intent_before_its_outcome_and_succeeds() {
    let world = World::of(two_steps());
    assert_eq!(world.run().outcome, RunOutcome::Succeeded);
    assert_eq!(
        world.kinds(),
        [
            "RunCreated",
            "PlanDeclared",
            "StepStarted",
            "CallStarted",
            "CallFinished",
            "StepSucceeded",
            "StepStarted",
            "CallStarted",
            "CallFinished",
            "StepSucceeded",
            "RunFinished"
        ]
    );
}

#[test]
fn an_effect_that_must_not_be_done_twice_is_in_doubt_after_a_crash() {
    let world = World::of(Script::default().step("pay", |gate| post(gate, "pay"), nothing));
    // RunCreated, PlanDeclared, StepStarted, CallStarted: the outcome is lost.
    let failing = Arc::new(FailingStore::after(world.store.clone(), 4, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    let report = resume(&world.house(), world.resume(world.only_run())).unwrap();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert!(report.state.reason.unwrap().contains("in doubt"));
    assert_eq!(world.drivers.summaries(), ["POST http://app.test/pay"], "asked once, never again");

    let call = report.state.steps[&id("pay")].open_call().unwrap().id.clone();
    lockstep_engine::resolve(&world.house(), report.run, call, None, "the far side knows nothing of it".to_owned()).unwrap();
    let report = resume(&world.house(), world.resume(report.run)).unwrap();
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    let keys: Vec<_> = world.drivers.performed().into_iter().map(|performed| performed.key).collect();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]), "the same key both times");
}

#[test]
fn a_failed_step_is_undone_with_all_before_it_last_in_first_out() {
    let script = two_steps().step(
        "three",
        |gate| {
            put(gate, "three")?;
            Err(Failure::problem("step.assertion", "not healthy"))
        },
        |gate| put(gate, "undo-three"),
    );
    let world = World::of(script);
    assert_eq!(world.run().outcome, RunOutcome::Undone);
    let paths: Vec<_> = world.drivers.summaries().iter().map(|line| line.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["one", "two", "three", "undo-three", "undo-two", "undo-one"]);
}

#[test]
fn a_failure_before_any_effect_leaves_nothing_behind_and_undoes_nothing() {
    let world = World::of(Script::default().step("check", |_| Err(Failure::problem("step.assertion", "dirty")), |gate| put(gate, "undo")));
    assert_eq!(world.run().outcome, RunOutcome::Failed);
    assert!(world.drivers.performed().is_empty());
}

#[test]
fn a_failure_pauses_when_a_person_is_attached_and_resume_tries_again() {
    let world = World::of(Script::default().step("one", |gate| put(gate, "one"), nothing));
    world.drivers.answer([Err(Failure::problem("http.connect", "refused"))]);
    let report = start(&world.house(), Start { attended: true, ..world.start() }).unwrap();
    assert_eq!(report.outcome, RunOutcome::Paused);
    assert!(matches!(report.state.status, RunStatus::Paused(_)));
    let report = resume(&world.house(), world.resume(report.run)).unwrap();
    assert_eq!((report.outcome, report.state.steps[&id("one")].attempts), (RunOutcome::Succeeded, 2));
}

#[test]
fn a_retryable_failure_is_tried_again_with_the_same_key_after_a_journaled_wait() {
    let retry = Retry { attempts: 3, backoff_milliseconds: 2_000, ..Retry::default() };
    let world = World::of(Script::default().step("one", |gate| put(gate, "one"), nothing).with(|step| step.retry = retry));
    world.drivers.answer([Err(Failure::retryable("http.connect", "refused")), Err(Failure::retryable("http.connect", "refused"))]);
    let report = world.run();
    assert_eq!((report.outcome, report.state.steps[&id("one")].attempts), (RunOutcome::Succeeded, 3));
    let keys: std::collections::BTreeSet<_> = world.drivers.performed().into_iter().map(|performed| performed.key).collect();
    assert_eq!(keys.len(), 1);
    let waited = report.state.changed_at.since(report.state.created_at);
    assert!((6..=9).contains(&waited.as_secs()), "2 s and 4 s and a jitter of up to a quarter, not {waited:?}");
}

/// Fails when the server is busy, as an expectation of a procedure does.
fn not_busy(gate: &Gate) -> Result<(), Failure> {
    let answer = ask(gate, HttpRequest::to("GET", "http://app.test/busy"))?;
    // What is asked of the host itself says nothing about the server.
    ask(gate, ClockRequest::Now)?;
    if answer.status == 200 { Ok(()) } else { Err(Failure::retryable("step.assertion", "expected status 200")) }
}

fn patient() -> Script {
    let retry = Retry { attempts: 2, backoff_milliseconds: 5_000, longest_milliseconds: 60_000, ..Retry::default() };
    Script::default().step("one", not_busy, nothing).with(|step| step.retry = retry)
}

#[test]
fn a_server_that_is_busy_is_left_alone_as_long_as_it_says_and_the_policy_goes() {
    for (said, least) in [("20", 20), ("7200", 60), ("1", 5), ("soon", 5)] {
        let world = World::of(patient());
        world.drivers.answer_busy([said]);
        let report = world.run();
        assert_eq!((report.outcome, report.state.steps[&id("one")].attempts), (RunOutcome::Succeeded, 2));
        let waited = report.state.changed_at.since(report.state.created_at).as_secs();
        assert!((least..=least + least / 4 + 1).contains(&waited), "retry-after {said}: waited {waited} s");
    }
}

#[test]
fn what_a_busy_server_said_is_not_forgotten_by_a_crash() {
    let world = World::of(patient());
    world.drivers.answer_busy(["20"]);
    // RunCreated, PlanDeclared, StepStarted, the read: that the step failed is not recorded any more.
    let failing = Arc::new(FailingStore::after(world.store.clone(), 4, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    let report = resume(&world.house(), world.resume(world.only_run())).unwrap();
    assert_eq!((report.outcome, world.drivers.summaries().len()), (RunOutcome::Succeeded, 2), "the answer was in the journal");
    assert!(report.state.changed_at.since(report.state.created_at).as_secs() >= 20);
}

#[test]
fn a_later_answer_that_is_not_busy_ends_the_wish_of_an_earlier_one() {
    let twice = |gate: &Gate| {
        let busy = ask(gate, HttpRequest::to("GET", "http://app.test/busy"))?.status != 200;
        put(gate, "other")?;
        if busy { Err(Failure::retryable("step.assertion", "expected status 200")) } else { Ok(()) }
    };
    let retry = Retry { attempts: 2, backoff_milliseconds: 5_000, longest_milliseconds: 60_000, ..Retry::default() };
    let world = World::of(Script::default().step("one", twice, nothing).with(|step| step.retry = retry));
    world.drivers.answer_busy(["50"]);
    let report = world.run();
    assert!(report.state.changed_at.since(report.state.created_at).as_secs() <= 7);
}

#[test]
fn of_two_failed_steps_the_one_that_is_due_first_is_tried_again_first() {
    let retry = |backoff_milliseconds| Retry { attempts: 2, backoff_milliseconds, longest_milliseconds: 3_600_000, ..Retry::default() };
    let script = Script::default()
        .step("late", |gate| put(gate, "late"), nothing)
        .with(|step| step.retry = retry(3_600_000))
        .step("soon", |gate| put(gate, "soon"), nothing)
        .with(|step| (step.needs, step.retry) = (Vec::new(), retry(1_000)));
    let world = World::of(script);
    world.drivers.answer([Err(Failure::retryable("http.connect", "refused")), Err(Failure::retryable("http.connect", "refused"))]);
    assert_eq!(world.run().outcome, RunOutcome::Succeeded);
    let paths: Vec<_> = world.drivers.summaries().iter().map(|line| line.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["late", "soon", "soon", "late"]);
}

#[test]
fn a_failure_that_retrying_does_not_mend_is_not_retried() {
    let retry = Retry { attempts: 3, ..Retry::default() };
    let script = Script::default().step("one", |_| Err(Failure::problem("step.assertion", "no")), nothing).with(|step| step.retry = retry);
    let report = World::of(script).run();
    assert_eq!(report.state.steps[&id("one")].attempts, 1);
}

#[test]
fn a_step_that_may_fail_lets_the_others_go_on_but_not_those_that_need_it() {
    let script = Script::default()
        .step("notify", |_| Err(Failure::problem("x", "no")), nothing)
        .with(|step| step.on_failure = OnFailure::Continue)
        .step("after-notify", |gate| put(gate, "after-notify"), nothing)
        .step("deploy", |gate| put(gate, "deploy"), nothing)
        .with(|step| step.needs.clear());
    let world = World::of(script);
    assert_eq!(world.run().outcome, RunOutcome::Succeeded);
    assert_eq!(world.drivers.summaries(), ["PUT http://app.test/deploy"]);
}

#[test]
fn undo_stops_at_the_point_of_no_return() {
    let script = two_steps().with(|step| step.undo = Undo::Irreversible).step("three", |_| Err(Failure::problem("x", "no")), nothing);
    let world = World::of(script);
    let report = world.run();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert!(report.state.reason.unwrap().contains("cannot be undone"));
    assert_eq!(world.drivers.summaries().len(), 2, "nothing was undone");
}

#[test]
fn an_undo_that_fails_is_tried_again_and_then_stuck_and_can_be_resumed() {
    let script = Script::default().step("one", |gate| put(gate, "one"), |gate| put(gate, "undo")).step("two", |_| Err(Failure::problem("x", "no")), nothing);
    let world = World::of(script);
    let busy = || Err(Failure::retryable("http.connect", "refused"));
    world.drivers.answer([Ok(""), busy(), busy(), busy()]);
    let report = world.run();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert_eq!(world.drivers.performed().len(), 4, "one effect and three tries of its undo");
    let report = resume(&world.house(), world.resume(report.run)).unwrap();
    assert_eq!(report.outcome, RunOutcome::Undone);
}

#[test]
fn a_finished_run_can_be_undone_back_to_a_step() {
    let world = World::of(two_steps());
    let run = world.run().run;
    let report = undo(&world.house(), world.resume(run), Some(id("one"))).unwrap();
    assert_eq!(report.outcome, RunOutcome::Undone);
    assert_eq!(world.drivers.summaries()[2..], ["PUT http://app.test/undo-two"]);
}

#[test]
fn a_denied_call_is_recorded_and_not_performed() {
    let world = World::of(Script::default().step("one", |gate| ask(gate, ShellRequest::command("/bin/rm", &["-rf", "/"])).map(|_| ()), nothing));
    assert_eq!(world.run().outcome, RunOutcome::Denied);
    assert!(world.drivers.performed().is_empty());
    assert!(world.kinds().contains(&"CallDenied"));
}

#[test]
fn an_import_that_is_not_granted_stops_the_run_before_it_exists() {
    let mut world = World::of(Script::default().imports(&["files"]).step("one", nothing, nothing));
    world.grant = grant("");
    let error = start(&world.house(), world.start()).unwrap_err();
    assert!(matches!(error, EngineError::ImportsDenied(denials) if denials.len() == 1));
    assert!(world.store.runs().unwrap().is_empty());
}

#[test]
fn another_request_than_the_recorded_one_is_a_divergence_and_nothing_is_performed() {
    let world = World::of(Script::default().step(
        "one",
        |gate| {
            put(gate, "a")?;
            put(gate, "b")
        },
        nothing,
    ));
    let failing = Arc::new(FailingStore::after(world.store.clone(), 6, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    let other = World {
        procedure: Arc::new(Script::default().step("one", |gate| put(gate, "c"), nothing)),
        store: world.store.clone(),
        drivers: FakeDrivers::default(),
        grant: world.grant.clone(),
        its_own: false,
    };
    let report = resume(&other.house(), other.resume(other.only_run())).unwrap();
    assert_eq!(report.outcome, RunOutcome::Diverged);
    let reason = report.state.reason.unwrap();
    assert!(reason.contains("/a") && reason.contains("/c"), "both sides: {reason}");
    assert!(other.drivers.performed().is_empty());
}

#[test]
fn a_secret_reaches_its_destination_and_nothing_else() {
    let world = World::of(Script::default().step(
        "one",
        |gate| {
            ask(gate, SecretRequest { id: "API_KEY".into() })?;
            let mut request = HttpRequest::to("POST", "http://app.test/login");
            request.body = Some(gate.marker("API_KEY").as_str().into());
            let response = ask(gate, request)?;
            assert_eq!(response.body.as_text(), Some(format!("you sent {}", gate.marker("API_KEY")).as_str()), "the guest gets the marker back");
            ask(gate, RememberRequest { key: "echo".into(), value: response.body.as_text().unwrap_or_default().into() })
        },
        nothing,
    ));
    world.drivers.answer([Ok("you sent correct-horse-battery")]);
    assert_eq!(world.run().outcome, RunOutcome::Succeeded);
    assert!(world.drivers.performed()[0].request.contains(SECRET), "the destination gets the value");
    for record in world.store.records(world.only_run()).unwrap() {
        let text = String::from_utf8(record.bytes).unwrap();
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_captured_secret_survives_a_crash_and_is_gone_at_the_end() {
    let script = || {
        Script::default()
            .step(
                "login",
                |gate| {
                    let mut request = HttpRequest::to("POST", "http://app.test/login");
                    request.captures.push(lockstep_model::request::Capture { pointer: "/token".into(), secret: "TOKEN".into() });
                    let body = ask(gate, request)?.body;
                    assert!(!body.as_text().unwrap().contains("tok-12345"), "the guest never sees it");
                    Ok(())
                },
                nothing,
            )
            .step(
                "use",
                |gate| {
                    let mut request = HttpRequest::to("PUT", "http://app.test/account");
                    let value = format!("Bearer {}", gate.marker("TOKEN"));
                    request.headers.push(lockstep_model::request::Header { name: "authorization".into(), value });
                    ask(gate, request).map(|_| ())
                },
                nothing,
            )
    };
    let world = World::of(script());
    world.drivers.answer([Ok(r#"{"token":"tok-12345"}"#)]);
    let failing = Arc::new(FailingStore::after(world.store.clone(), 7, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    let before = world.drivers.performed().len();
    assert_eq!(before, 1, "it crashed between the two steps");
    assert_eq!(resume(&world.house(), world.resume(world.only_run())).unwrap().outcome, RunOutcome::Succeeded);
    assert!(world.drivers.performed()[1].request.contains("Bearer tok-12345"));
    let records = world.store.records(world.only_run()).unwrap();
    let sealed = records.iter().find_map(|record| match &record.record.event {
        lockstep_journal::Event::SecretCaptured(captured) => Some(captured.sealed),
        _ => None,
    });
    assert_eq!(lockstep_journal::Blobs::blob(&*world.store, sealed.unwrap()).unwrap(), None);
}

#[test]
fn a_secret_does_not_go_where_it_may_not() {
    let mut world = World::of(Script::default().step(
        "one",
        |gate| {
            let mut request = HttpRequest::to("PUT", "http://app.test/elsewhere");
            request.body = Some(gate.marker("API_KEY").as_str().into());
            ask(gate, request).map(|_| ())
        },
        nothing,
    ));
    world.grant = grant(&GRANT.replace(r#"to = ["http://app.test/**"]"#, r#"to = ["http://other.test/**"]"#));
    assert_eq!(world.run().outcome, RunOutcome::Denied);
    assert!(world.drivers.performed().is_empty());
}

/// A step that asks for the time until it is stopped, and takes no for an answer only from the host.
fn endless(gate: &Gate) -> Result<(), Failure> {
    loop {
        ask(gate, ClockRequest::Now)?;
    }
}

#[test]
fn a_limit_that_is_reached_fails_the_step_and_says_how_to_raise_it() {
    for (limit, run) in [("calls = 5", endless as fn(&Gate) -> Result<(), Failure>), ("log = \"1KiB\"", chatter), ("output = \"1KiB\"", reader)] {
        let mut world = World::of(Script::default().step("one", run, nothing));
        world.grant = grant(&format!("{GRANT}\n[limits]\n{limit}"));
        let name = limit.split(' ').next().unwrap();
        let report = world.run();
        let failure = report.state.steps[&id("one")].failure.clone().unwrap();
        assert_eq!(failure.code(), format!("limit.{name}"), "{failure}");
        assert!(failure.message().contains(&format!("limits.{name}")), "{failure}");
    }
}

fn chatter(gate: &Gate) -> Result<(), Failure> {
    loop {
        let message = "again and again".to_owned();
        ask(gate, lockstep_model::request::LogRequest::Message { level: lockstep_model::request::LogLevel::Info, message, fields: Vec::new() })?;
    }
}

fn reader(gate: &Gate) -> Result<(), Failure> {
    loop {
        ask(gate, RandomRequest::Bytes { count: 400 })?;
    }
}

#[test]
fn a_long_sleep_counts_from_its_intent_and_not_from_the_crash() {
    let world = World::of(Script::default().step("wait", |gate| ask(gate, ClockRequest::Sleep { seconds: 3_600 }).map(|_| ()), nothing));
    let failing = Arc::new(FailingStore::after(world.store.clone(), 4, StoreError::Full));
    let first = house(failing, &world.drivers);
    start(&first, world.start()).unwrap_err();
    let crashed_at = first.clock.now();
    let second = House { clock: first.clock.clone(), ..world.house() };
    let report = resume(&second, world.resume(world.only_run())).unwrap();
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    assert!(report.state.changed_at.since(crashed_at).as_secs() < 5, "the hour was over already");
}

#[test]
fn the_operators_interrupt_pauses_before_the_next_call() {
    let world = World::of(two_steps());
    let house = world.house();
    house.interrupt.pause();
    let report = start(&house, world.start()).unwrap();
    assert_eq!(report.outcome, RunOutcome::Paused);
    assert!(world.drivers.performed().is_empty());
    assert_eq!(resume(&world.house(), world.resume(report.run)).unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn two_processes_cannot_drive_one_run() {
    let world = World::of(two_steps());
    let failing = Arc::new(FailingStore::after(world.store.clone(), 3, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    let run = world.only_run();
    let desk = |actor: &str| lockstep_journal::Desk {
        store: world.store.clone(),
        clock: world.house().clock,
        observer: Arc::new(lockstep_journal::NoObserver),
        actor: actor.to_owned(),
        lease: None,
    };
    let (mut one, mut other) = (lockstep_journal::Scribe::open(desk("one"), run).unwrap(), lockstep_journal::Scribe::open(desk("other"), run).unwrap());
    let paused = || lockstep_journal::Event::RunPaused(lockstep_journal::event::Reason { reason: "mine".to_owned() });
    one.commit(paused()).unwrap();
    let error = other.commit(paused()).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
}

#[test]
fn an_interrupt_during_a_step_without_calls_stops_before_the_next_step() {
    let interrupt = lockstep_gate::Interrupt::default();
    let asked = interrupt.clone();
    let stop = move |_: &Gate| {
        asked.pause();
        Ok(())
    };
    let world = World::of(Script::default().step("one", stop, nothing).step("two", nothing, nothing));
    let report = start(&House { interrupt, ..world.house() }, world.start()).unwrap();
    assert_eq!((report.outcome, report.state.steps[&id("two")].attempts), (RunOutcome::Paused, 0));
    assert_eq!(resume(&world.house(), world.resume(report.run)).unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn a_body_too_long_for_a_record_is_kept_beside_it_and_replayed_from_there() {
    let body: &'static str = "0123456789abcdef".repeat(4_096).leak();
    let world = World::of(Script::default().step(
        "one",
        move |gate| {
            let response = ask(gate, HttpRequest::to("PUT", "http://app.test/long"))?;
            assert_eq!(response.body.as_text(), Some(body), "the same in the replay");
            put(gate, "after")
        },
        nothing,
    ));
    world.drivers.answer([Ok(body)]);
    // RunCreated, PlanDeclared, StepStarted, CallStarted, CallFinished, CallStarted: the second outcome is lost.
    let failing = Arc::new(FailingStore::after(world.store.clone(), 6, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    for record in world.store.records(world.only_run()).unwrap() {
        assert!(record.bytes.len() < 4_096, "{} has {} bytes", record.record.event.kind(), record.bytes.len());
    }
    assert_eq!(resume(&world.house(), world.resume(world.only_run())).unwrap().outcome, RunOutcome::Succeeded);
    assert_eq!(world.drivers.summaries().iter().filter(|line| line.ends_with("/long")).count(), 1, "answered from the journal");
}

#[test]
fn a_steps_deadline_flows_into_its_calls_and_ends_it() {
    let slow = |gate: &Gate| {
        for _ in 0..10 {
            // A guest that does not listen is told again.
            let _ = ask(gate, ClockRequest::Pause { milliseconds: 500 });
        }
        put(gate, "too-late")
    };
    let world = World::of(Script::default().step("one", slow, nothing).with(|step| step.timeout_seconds = Some(2)));
    let report = world.run();
    assert_eq!(report.state.steps[&id("one")].failure.as_ref().map(Failure::code), Some("timed-out"));
    assert!(world.drivers.performed().is_empty());
    assert!(!world.kinds().contains(&"CallStarted"), "what cannot be done in time is not begun");
}

#[test]
fn an_effect_resolved_as_not_done_is_in_doubt_again_after_the_next_crash() {
    let world = World::of(Script::default().step("pay", |gate| post(gate, "pay"), nothing));
    let crash_after = |appends| house(Arc::new(FailingStore::after(world.store.clone(), appends, StoreError::Full)), &world.drivers);
    start(&crash_after(4), world.start()).unwrap_err();
    let report = resume(&world.house(), world.resume(world.only_run())).unwrap();
    let call = report.state.steps[&id("pay")].open_call().unwrap().id.clone();
    lockstep_engine::resolve(&world.house(), report.run, call, None, "not done".to_owned()).unwrap();
    // RunResumed and the intent are kept; the outcome is lost once more.
    resume(&crash_after(2), world.resume(report.run)).unwrap_err();
    assert_eq!(world.drivers.performed().len(), 2, "the operator allowed it once more");
    assert_eq!(resume(&world.house(), world.resume(report.run)).unwrap().outcome, RunOutcome::Stuck);
    assert_eq!(world.drivers.performed().len(), 2, "and not a third time");
}

#[test]
fn what_a_step_kept_later_is_not_seen_by_its_replay() {
    let guarded = |gate: &Gate| {
        if gate.recall("made").is_none() {
            put(gate, "make")?;
            ask(gate, RememberRequest { key: "made".into(), value: "yes".into() })?;
        }
        put(gate, "use")
    };
    let world = World::of(Script::default().step("one", guarded, nothing));
    // Up to the intent of the second effect, which carries what was kept.
    let failing = Arc::new(FailingStore::after(world.store.clone(), 6, StoreError::Full));
    start(&house(failing, &world.drivers), world.start()).unwrap_err();
    assert!(world.kinds().contains(&"ValueRemembered"));
    assert_eq!(resume(&world.house(), world.resume(world.only_run())).unwrap().outcome, RunOutcome::Succeeded);
}

#[test]
fn an_effect_cut_off_by_its_deadline_is_a_doubt_that_no_policy_retries() {
    let retry = Retry { attempts: 3, ..Retry::default() };
    let world = World::of(Script::default().step("pay", |gate| post(gate, "pay"), nothing).with(|step| step.retry = retry));
    world.drivers.answer([Err(Failure::TimedOut("no answer".to_owned()))]);
    let report = world.run();
    assert_eq!((report.state.steps[&id("pay")].attempts, world.drivers.performed().len()), (1, 1));
    assert_eq!(report.state.cause, Some(RunOutcome::Failed));
}

#[test]
fn a_secret_given_as_a_parameter_is_a_marker_in_the_journal() {
    let world = World::of(Script::default().parameter("token", None).step("one", nothing, nothing));
    let given = BTreeMap::from([("token".to_owned(), SECRET.to_owned())]);
    let report = start(&world.house(), Start { parameters: given, ..world.start() }).unwrap();
    assert!(report.state.created.parameters["token"].starts_with("{{secret:API_KEY:"));
}

#[test]
fn an_undo_under_way_can_be_told_to_stop_earlier() {
    let script = two_steps().step("three", |_| Err(Failure::problem("x", "no")), nothing);
    let world = World::of(script);
    world.drivers.answer([Ok(""), Ok(""), Err(Failure::problem("x", "not yet"))]);
    let report = world.run();
    assert_eq!(report.outcome, RunOutcome::Stuck, "the undo of `two` failed");
    let report = undo(&world.house(), world.resume(report.run), Some(id("one"))).unwrap();
    assert_eq!(report.outcome, RunOutcome::Undone);
    assert!(!world.drivers.summaries().iter().any(|line| line.ends_with("undo-one")), "{:?}", world.drivers.summaries());
}
