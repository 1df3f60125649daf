//! Calls whose outcome was lost and that carry a probe: each answer, and everything that can go wrong on the way to one.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use lockstep_engine::{House, RunReport, resume, start};
use lockstep_gate::{Gate, Interrupt};
use lockstep_grant::Grant;
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::{Event, RunStatus, Store, StoreError};
use lockstep_model::plan::Retry;
use lockstep_model::request::{Capture, FilesRequest, Header, HttpRequest, JsonPart, Probe, ProbeRead, RememberRequest, ShellRequest};
use lockstep_model::{Digest, Failure, RunId, RunOutcome, StepId};
use lockstep_testkit::{FailingStore, FakeDrivers, SECRET, Script, ask, grant, house, resume_of, start_of};

const GRANT: &str = r#"
[files.mounts."/app"]
path = "/srv/app"
allow = ["read", "write"]
[http]
allow = ["POST,PUT http://app.test/**", "GET http://app.test/state"]
[[shell.allow]]
program = "/bin/deploy"
args = ["**"]
[[shell.allow]]
program = "/bin/is-there"
args = []
class = "read"
[secrets]
API_KEY = { env = "API_KEY", to = ["http://app.test/state"] }
TOKEN = { capture = true, to = ["http://app.test/**"] }
"#;

/// RunCreated, PlanDeclared, StepStarted, CallStarted are kept: the outcome is lost.
const AFTER_THE_INTENT: usize = 4;

struct World {
    store: Arc<MemoryStore>,
    drivers: FakeDrivers,
    grant: Arc<Grant>,
    script: Arc<Script>,
}

impl World {
    fn of(script: Script) -> Self {
        Self { store: Arc::default(), drivers: FakeDrivers::default(), grant: grant(GRANT), script: Arc::new(script) }
    }

    /// Of one step that makes the call, then another effect.
    fn paying(probe: Probe) -> Self {
        Self::of(step(move |gate| {
            let paid = ask(gate, pay(&probe))?;
            ask(gate, RememberRequest { key: "paid".into(), value: paid.body.as_text().unwrap_or_default().into() })?;
            ask(gate, HttpRequest::to("PUT", "http://app.test/receipt")).map(|_| ())
        }))
    }

    fn house(&self, appends: usize) -> House {
        house(Arc::new(FailingStore::after(self.store.clone(), appends, StoreError::Full)), &self.drivers)
    }

    fn start(&self, appends: usize) -> Option<RunReport> {
        start(&self.house(appends), start_of(self.script.clone(), Arc::clone(&self.grant))).ok()
    }

    fn crash(&self) {
        assert!(self.start(AFTER_THE_INTENT).is_none(), "the store let everything through");
    }

    fn whole(&self) -> RunReport {
        self.start(usize::MAX).unwrap()
    }

    fn run(&self) -> RunId {
        self.store.runs().unwrap()[0]
    }

    fn resume_on(&self, house: &House) -> Option<RunReport> {
        resume(house, resume_of(self.run(), self.script.clone(), Arc::clone(&self.grant))).ok()
    }

    fn resume(&self) -> RunReport {
        self.resume_on(&self.house(usize::MAX)).unwrap()
    }

    /// What was performed, by method and last part of its path, and with which keys.
    fn performed(&self) -> Vec<(String, String)> {
        let short = |summary: &str| summary.replace("http://app.test/", "").replace(" /app/", " ");
        self.drivers.performed().into_iter().map(|performed| (short(&performed.summary), performed.key)).collect()
    }

    fn summaries(&self) -> Vec<String> {
        self.performed().into_iter().map(|(summary, _)| summary).collect()
    }

    /// What the probes of the run said, and why.
    fn answers(&self) -> Vec<(&'static str, String)> {
        let records = self.store.records(self.run()).unwrap();
        let probed = records.iter().filter_map(|record| match &record.record.event {
            Event::CallProbed(probed) => Some((probed.answer.word(), probed.detail.clone())),
            _ => None,
        });
        probed.collect()
    }
}

fn step(run: impl Fn(&Gate) -> Result<(), Failure> + Send + Sync + 'static) -> Script {
    Script::default().step("pay", run, |_| Ok(()))
}

fn pay(probe: &Probe) -> HttpRequest {
    HttpRequest { probe: Some(Box::new(probe.clone())), ..HttpRequest::to("POST", "http://app.test/pay") }
}

/// It happened when the state says so, it did not when the state says anything else.
fn state_is(value: &str) -> Probe {
    let mut probe = Probe::by(ProbeRead::Http(HttpRequest::to("GET", "http://app.test/state")));
    probe.json.push(JsonPart { pointer: "/state".into(), value: value.into() });
    Probe { otherwise_did_not: true, ..probe }
}

fn refused() -> Failure {
    Failure::retryable("http.connect", "refused")
}

#[test]
fn a_call_that_happened_has_its_outcome_from_the_probe_and_is_not_done_again() {
    let world = World::paying(state_is("paid"));
    world.crash();
    world.drivers.answer([Ok(r#"{"state":"paid"}"#)]);
    let report = world.resume();
    assert_eq!(report.outcome, RunOutcome::Succeeded);
    assert_eq!(world.summaries(), ["POST pay", "GET state", "PUT receipt"]);
    assert_eq!(world.answers(), [("happened", "status 200".to_owned())]);
    let paid = &report.state.steps[&StepId::parse("pay").unwrap()].remembered["paid"];
    assert_eq!(paid, r#"{"state":"paid"}"#, "the procedure gets what the probe saw");

    let uncrashed = World::paying(state_is("paid"));
    uncrashed.whole();
    assert_eq!(world.performed()[2].1, uncrashed.performed()[1].1, "the key of the next effect is the one without a crash");
}

#[test]
fn a_call_that_did_not_happen_is_done_once_more_with_the_same_key() {
    let world = World::paying(state_is("paid"));
    world.crash();
    world.drivers.answer([Ok(r#"{"state":"open"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    assert_eq!(world.summaries(), ["POST pay", "GET state", "POST pay", "PUT receipt"]);
    let performed = world.performed();
    assert_eq!(performed[0].1, performed[2].1);
    assert_eq!(world.answers()[0].0, "did-not");
}

#[test]
fn an_answer_that_says_neither_leaves_the_run_stuck_until_one_does() {
    let world = World::paying(Probe { otherwise_did_not: false, ..state_is("paid") });
    world.crash();
    world.drivers.answer([Ok(r#"{"state":"checking"}"#)]);
    let report = world.resume();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    let reason = report.state.reason.unwrap();
    assert!(reason.contains("GET http://app.test/state") && reason.contains("checking"), "{reason}");
    assert_eq!(world.summaries(), ["POST pay", "GET state"], "never a silent retry");

    world.drivers.answer([Ok(r#"{"state":"paid"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    assert_eq!(world.answers().iter().map(|(word, _)| *word).collect::<Vec<_>>(), ["unknown", "happened"]);
}

#[test]
fn a_probe_that_cannot_reach_the_far_side_asks_again() {
    let world = World::paying(state_is("paid"));
    world.crash();
    world.drivers.answer([Err(refused()), Err(refused()), Ok(r#"{"state":"paid"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    assert_eq!(world.summaries(), ["POST pay", "GET state", "GET state", "GET state", "PUT receipt"]);
    assert_eq!(world.answers().len(), 1, "one asking is one record");
}

#[test]
fn a_probe_that_never_reaches_the_far_side_gives_up_after_a_minute() {
    let world = World::paying(state_is("paid"));
    world.crash();
    world.drivers.answer((0..100).map(|_| Err(refused())));
    let house = world.house(usize::MAX);
    let began = house.clock.now();
    let report = world.resume_on(&house).unwrap();
    let took = house.clock.now().since(began).as_secs();
    assert_eq!(report.outcome, RunOutcome::Stuck);
    assert!((45..=61).contains(&took), "{took} s");
    let (word, detail) = world.answers().remove(0);
    assert!(word == "unknown" && detail.contains("60 s") && detail.contains("refused"), "{detail}");
}

#[test]
fn a_probe_that_the_grant_does_not_allow_denies_the_call_before_it_begins() {
    let not_granted = Probe::by(ProbeRead::Http(HttpRequest::to("GET", "http://elsewhere.test/state")));
    let no_read = Probe::by(ProbeRead::Shell(ShellRequest::command("/bin/deploy", &["status"])));
    let no_file = Probe::by(ProbeRead::File { path: "/etc/passwd".into(), digest: Digest::ZERO });
    for (probe, words) in [(not_granted, "elsewhere.test"), (no_read, "class = \"read\""), (no_file, "/etc/passwd")] {
        let world = World::paying(probe);
        assert_eq!(world.whole().outcome, RunOutcome::Denied);
        assert!(world.performed().is_empty());
        let records = world.store.records(world.run()).unwrap();
        let denied = records.iter().find_map(|record| match &record.record.event {
            Event::CallDenied(denied) => Some((**denied).clone()),
            _ => None,
        });
        let denied = denied.unwrap();
        assert!(denied.message.contains("the probe of the call"), "{}", denied.message);
        assert!(format!("{} {}", denied.message, denied.hint.unwrap_or_default()).contains(words), "{}", denied.message);
    }
}

#[test]
fn a_probe_that_is_never_needed_needs_no_grant() {
    let nowhere = Probe::by(ProbeRead::Http(HttpRequest::to("GET", "http://elsewhere.test/state")));
    let world = World::of(step(move |gate| ask(gate, HttpRequest { idempotent: true, ..pay(&nowhere) }).map(|_| ())));
    assert_eq!(world.whole().outcome, RunOutcome::Succeeded);
}

#[test]
fn a_probe_that_is_not_granted_any_more_leaves_the_call_in_doubt() {
    let mut world = World::paying(state_is("paid"));
    world.crash();
    world.grant = grant(&GRANT.replace(r#", "GET http://app.test/state""#, ""));
    assert_eq!(world.resume().outcome, RunOutcome::Stuck);
    assert_eq!(world.summaries(), ["POST pay"]);
    let (word, detail) = world.answers().remove(0);
    assert!(word == "unknown" && detail.contains("denied"), "{detail}");
}

#[test]
fn a_crash_while_probing_or_after_it_ends_in_the_same_state() {
    let whole = World::paying(state_is("paid"));
    assert_eq!(whole.whole().outcome, RunOutcome::Succeeded);
    for answer in [r#"{"state":"paid"}"#, r#"{"state":"open"}"#] {
        for appends in 1.. {
            let world = World::paying(state_is("paid"));
            world.crash();
            world.drivers.answer([Ok(answer)]);
            if world.resume_on(&world.house(appends)).is_some() {
                assert!(appends > 4, "the crash must have been tried everywhere");
                break;
            }
            // Whoever is asked after the second crash knows that it has happened by now.
            world.drivers.answer([Ok(r#"{"state":"paid"}"#)]);
            assert_eq!(world.resume().outcome, RunOutcome::Succeeded, "{answer}, second crash after append {appends}");
            let posts = world.performed().into_iter().filter(|(summary, _)| summary == "POST pay").count();
            assert!(posts <= if answer.contains("paid") { 1 } else { 2 }, "{answer}, second crash after append {appends}: {:?}", world.summaries());
        }
    }
}

#[test]
fn a_deadline_that_cuts_a_call_off_is_settled_by_its_probe() {
    let retry = Retry { attempts: 2, ..Retry::default() };
    let cut_off = |answers: Vec<Result<&'static str, Failure>>| {
        let world = World::of(step(|gate| ask(gate, pay(&state_is("paid"))).map(|_| ())).with(|step| step.retry = retry.clone()));
        world.drivers.answer([Err(Failure::TimedOut("no answer".to_owned()))].into_iter().chain(answers));
        let report = world.whole();
        (world, report)
    };
    let (world, report) = cut_off(vec![Ok(r#"{"state":"paid"}"#)]);
    assert_eq!((report.outcome, world.summaries()), (RunOutcome::Succeeded, vec!["POST pay".to_owned(), "GET state".to_owned()]));

    let (world, report) = cut_off(vec![Ok(r#"{"state":"open"}"#)]);
    assert_eq!(report.outcome, RunOutcome::Succeeded, "what did not happen is retried by the step's own policy");
    assert_eq!(world.summaries(), ["POST pay", "GET state", "POST pay"]);
    assert_eq!(world.performed()[0].1, world.performed()[2].1, "with the same key");

    let (world, report) = cut_off(vec![Err(Failure::problem("http.tls", "unknown issuer"))]);
    assert_eq!((report.outcome, world.summaries().len()), (RunOutcome::Undone, 2), "a doubt is not retried");
    let reason = report.state.reason.unwrap();
    assert!(reason.contains("in doubt: no answer") && reason.contains("unknown issuer"), "{reason}");
}

#[test]
fn a_connection_that_broke_off_is_settled_by_the_probe_too() {
    let world = World::of(step(|gate| match ask(gate, pay(&state_is("paid"))) {
        Err(failure) if failure.code() == "probe.did-not" && failure.is_retryable() => Ok(()),
        other => panic!("{other:?}"),
    }));
    world.drivers.answer([Err(Failure::InDoubt("reset by the far side".to_owned())), Ok(r#"{"state":"open"}"#)]);
    assert_eq!(world.whole().outcome, RunOutcome::Succeeded);
}

#[test]
fn a_probe_of_another_kind_gives_success_and_nothing_more() {
    let run = |gate: &Gate| {
        let there = Probe::by(ProbeRead::Shell(ShellRequest::command("/bin/is-there", &[])));
        let response = ask(gate, pay(&there))?;
        assert_eq!((response.status, response.body.len()), (200, 0));
        let file = Probe::by(ProbeRead::File { path: "/app/current".into(), digest: Digest::of(b"new") });
        let exit = ask(gate, ShellRequest { probe: Some(Box::new(file)), ..ShellRequest::command("/bin/deploy", &[]) })?;
        assert_eq!((exit.code, exit.stdout.len()), (0, 0));
        let written = Probe::by(ProbeRead::File { path: "/app/log".into(), digest: Digest::of(b"one line") });
        let append = FilesRequest::AppendText { path: "/app/log".into(), text: "one line".into(), probe: Some(Box::new(written)) };
        ask(gate, append).map(|_| ())
    };
    let world = World::of(step(run));
    let cut = || Err(Failure::TimedOut("no answer".to_owned()));
    world.drivers.answer([cut(), Ok("there"), cut(), Ok("new"), cut(), Ok("one line")]);
    assert_eq!(world.whole().outcome, RunOutcome::Succeeded);
    assert_eq!(world.summaries(), ["POST pay", "is-there", "deploy", "digest current", "append-text log", "digest log"]);
}

#[test]
fn the_operators_interrupt_ends_probing_and_the_next_resume_probes_again() {
    let world = World::paying(state_is("paid"));
    world.crash();
    let interrupt = Interrupt::default();
    interrupt.pause();
    let report = world.resume_on(&House { interrupt, ..world.house(usize::MAX) }).unwrap();
    assert!(matches!(report.state.status, RunStatus::Paused(_)), "{:?}", report.state.status);
    world.drivers.answer([Ok(r#"{"state":"paid"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    assert_eq!(world.summaries(), ["POST pay", "GET state", "PUT receipt"]);
}

#[test]
fn a_secret_of_a_probe_goes_to_the_probes_destination_only_and_not_into_the_journal() {
    let world = World::of(step(|gate| {
        let mut probe = state_is("paid");
        if let ProbeRead::Http(read) = &mut probe.read {
            read.headers.push(Header { name: "authorization".into(), value: format!("Bearer {}", gate.marker("API_KEY")) });
        }
        let response = ask(gate, pay(&probe))?;
        assert!(!response.body.as_text().unwrap().contains(SECRET));
        Ok(())
    }));
    world.crash();
    world.drivers.answer([Ok(r#"{"state":"correct-horse-battery"}"#), Ok(r#"{"state":"paid","key":"correct-horse-battery"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    let performed = world.drivers.performed();
    assert!(performed[1].request.contains(&format!("Bearer {SECRET}")), "the probe shows it: {}", performed[1].request);
    assert!([&performed[0], &performed[2]].iter().all(|call| !call.request.contains(SECRET)), "the call itself does not");
    for record in world.store.records(world.run()).unwrap() {
        assert!(!String::from_utf8(record.bytes).unwrap().contains(SECRET));
    }
}

#[test]
fn what_was_to_be_captured_is_captured_from_what_the_probe_saw() {
    let world = World::of(step(|gate| {
        let capture = Capture { pointer: "/token".into(), secret: "TOKEN".into() };
        let response = ask(gate, HttpRequest { captures: vec![capture], ..pay(&state_is("paid")) })?;
        assert!(response.body.as_text().unwrap().contains(&gate.marker("TOKEN")));
        Ok(())
    }));
    world.crash();
    world.drivers.answer([Ok(r#"{"state":"paid","token":"tok-12345"}"#)]);
    assert_eq!(world.resume().outcome, RunOutcome::Succeeded);
    for record in world.store.records(world.run()).unwrap() {
        assert!(!String::from_utf8(record.bytes).unwrap().contains("tok-12345"));
    }
}
