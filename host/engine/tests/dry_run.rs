//! Dry runs: how far each step is gone through, and what is said of where it ended.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use lockstep_engine::{DryRunReport, StepEnd, dry_run};
use lockstep_gate::{Came, Gate, Interrupt};
use lockstep_journal::memory::MemoryStore;
use lockstep_model::plan::OnFailure;
use lockstep_model::request::{ClockRequest, HttpRequest, KubeCall, KubeRequest, KubeVersion};
use lockstep_model::{Failure, StepId};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, start_of};

const GRANT: &str = r#"
[http]
allow = ["GET,POST http://app.test/**"]
[kube]
kubeconfig = "kubeconfig"
context = "test"
[[kube.allow]]
verbs = ["get", "restart", "rollout-status"]
kinds = ["apps/v1/Deployment"]
namespaces = ["shop"]
"#;

fn get() -> HttpRequest {
    HttpRequest::to("GET", "http://app.test/health")
}

fn post() -> HttpRequest {
    HttpRequest::to("POST", "http://app.test/orders")
}

fn kube(call: KubeCall) -> KubeRequest {
    KubeRequest::of("apps/v1", "Deployment", "shop", "api", call)
}

fn restart() -> KubeRequest {
    kube(KubeCall::Restart { before: KubeVersion::default() })
}

fn script() -> Script {
    Script::default().imports(&["http", "kube"])
}

fn step(script: Script, id: &str, does: impl Fn(&Gate) -> Result<(), Failure> + Send + Sync + 'static) -> Script {
    script.step(id, does, |_| Ok(()))
}

fn tried(script: Script, drivers: &FakeDrivers) -> DryRunReport {
    dry_run(&house(Arc::new(MemoryStore::default()), drivers), start_of(Arc::new(script), grant(GRANT))).unwrap()
}

fn end_of<'r>(report: &'r DryRunReport, id: &str) -> &'r StepEnd {
    &report.steps.iter().find(|step| step.step == StepId::parse(id).unwrap()).unwrap().end
}

#[test]
fn a_step_ends_at_what_nobody_can_try_and_only_what_needs_it_is_not_reached() {
    let script = step(script(), "look", |gate| ask(gate, get()).map(drop));
    let script = step(script, "order", |gate| {
        // Whatever a guest makes of it: it is not asked on.
        let _ = ask(gate, post());
        ask(gate, get()).map(drop)
    });
    let script = step(script, "after", |gate| ask(gate, get()).map(drop));
    let script = step(script, "beside", |gate| ask(gate, get()).map(drop)).with(|step| step.needs.clear());
    let drivers = FakeDrivers::default();
    let report = tried(script, &drivers);
    let ends = ["look", "order", "after", "beside"].map(|id| end_of(&report, id).clone());
    assert_eq!(ends, [StepEnd::Through, StepEnd::Stopped, StepEnd::NotReached, StepEnd::Through]);
    assert_eq!(drivers.summaries(), ["GET http://app.test/health"; 2]);
    let [call] = &report.tried[..] else { panic!("{report:#?}") };
    assert_eq!((call.id.to_string().as_str(), call.what.as_str()), ("order/1/1", "http POST http://app.test/orders"));
    assert!(matches!(&call.came, Came::Untried(why) if why.contains("nobody can try it")), "{call:?}");
}

#[test]
fn what_the_far_side_can_try_is_answered_and_the_step_goes_on() {
    let script = step(script(), "release", |gate| {
        ask(gate, restart())?;
        ask(gate, get())?;
        ask(gate, restart()).map(drop)
    });
    let drivers = FakeDrivers::default();
    let report = tried(script, &drivers);
    assert_eq!(*end_of(&report, "release"), StepEnd::Through);
    assert_eq!(report.tried.iter().map(|tried| &tried.came).collect::<Vec<_>>(), [&Came::Taken, &Came::Taken]);
    assert_eq!(drivers.summaries(), ["GET http://app.test/health"], "only what reads is performed");
    assert_eq!(drivers.tried().len(), 2);
}

#[test]
fn what_waits_is_waited_for_only_as_long_as_nothing_was_only_tried() {
    for waits in [|gate: &Gate| ask(gate, kube(KubeCall::RolloutStatus)).map(drop), |gate: &Gate| ask(gate, ClockRequest::Pause { milliseconds: 10 }).map(drop)]
    {
        let script = step(script(), "before", waits);
        let script = step(script, "release", |gate| ask(gate, restart()).map(drop));
        let report = tried(step(script, "watch", waits), &FakeDrivers::default());
        assert_eq!(*end_of(&report, "before"), StepEnd::Through);
        assert_eq!(*end_of(&report, "watch"), StepEnd::Stopped);
        assert!(matches!(&report.tried[1].came, Came::Untried(why) if why == "it goes on from what was only tried"), "{report:#?}");
    }
}

#[test]
fn what_would_be_refused_is_said_and_so_is_whether_a_failure_is_certain() {
    let script = step(script(), "look", |gate| ask(gate, get()).map(drop)).with(|step| step.on_failure = OnFailure::Undo);
    let script = step(script, "release", |gate| ask(gate, restart()).map(drop)).with(|step| step.needs.clear());
    let script = step(script, "smoke", |_| Err(Failure::problem("smoke.old", "the old version answers")));
    let drivers = FakeDrivers::default();
    drivers.answer([Err(Failure::problem("http.connect", "refused"))]);
    let report = tried(script, &drivers);
    assert!(matches!(end_of(&report, "look"), StepEnd::Failed(failure) if failure.code() == "http.connect"), "{report:#?}");
    assert_eq!(*end_of(&report, "release"), StepEnd::Through);
    assert!(matches!(end_of(&report, "smoke"), StepEnd::FailedAfterTrial(failure) if failure.code() == "smoke.old"), "{report:#?}");

    let script = step(self::script(), "release", |gate| ask(gate, restart()).map(drop)).with(|step| step.retry.attempts = 5);
    let drivers = FakeDrivers::default();
    drivers.refuse_trials(Failure::problem("kube.forbidden", "admission says no"));
    let report = tried(script, &drivers);
    assert!(matches!(&report.tried[..], [only] if matches!(only.came, Came::Refused(_))), "tried once: {report:#?}");
    assert!(matches!(end_of(&report, "release"), StepEnd::Failed(failure) if failure.code() == "kube.forbidden"), "{report:#?}");
}

#[test]
fn a_call_that_the_grant_refuses_is_refused_in_a_dry_run_too() {
    let script = step(script(), "look", |gate| ask(gate, HttpRequest::to("GET", "http://elsewhere.test/")).map(drop));
    let drivers = FakeDrivers::default();
    let report = tried(script, &drivers);
    assert!(matches!(end_of(&report, "look"), StepEnd::Failed(Failure::Denied(_))), "{report:#?}");
    assert!(drivers.performed().is_empty() && report.tried.is_empty());
}

#[test]
fn a_long_sleep_ends_the_step_and_an_interrupt_the_dry_run() {
    let sleep = |gate: &Gate| ask(gate, ClockRequest::Sleep { seconds: 600 }).map(drop);
    let store = Arc::new(MemoryStore::default());
    let short = lockstep_engine::House { longest_hold: lockstep_engine::LONGEST_HOLD, ..house(store, &FakeDrivers::default()) };
    let report = dry_run(&short, start_of(Arc::new(step(script(), "soak", sleep)), grant(GRANT))).unwrap();
    assert_eq!(*end_of(&report, "soak"), StepEnd::Stopped);
    assert!(matches!(&report.tried[0].came, Came::Untried(why) if why.starts_with("it would wait until")), "{report:#?}");

    let interrupt = Interrupt::default();
    interrupt.pause();
    let stopped = lockstep_engine::House { interrupt, ..short };
    let report = dry_run(&stopped, start_of(Arc::new(step(script(), "look", |gate| ask(gate, get()).map(drop))), grant(GRANT))).unwrap();
    assert!(report.interrupted && *end_of(&report, "look") == StepEnd::NotReached, "{report:#?}");
}
