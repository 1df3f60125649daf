//! The laws hold for a procedure that is right, and find each thing that can be wrong with one.

use std::cell::Cell;

use lockstep_gate::Gate;
use lockstep_model::plan::Undo;
use lockstep_model::request::{ClockRequest, FilesRequest};
use lockstep_rehearsal::{Law, Verdict};
use lockstep_testkit::{Script, ask};

use super::{deploy, ensure, nothing, play, send};

const WORLD: &str = r#"
[world]
live = "blue"
mail = "none"

[files]
"/site/current" = { link = "blue" }

[[http]]
request = "GET https://api.test/health"
answers = [{ status = 503 }, { status = 200 }]

[[http]]
request = "PUT https://api.test/live/green"
set = { live = "green" }

[[http]]
request = "PUT https://api.test/live/blue"
set = { live = "blue" }

[[http]]
request = "POST https://api.test/mail"
set = { mail = "sent" }

[[shell]]
program = "/usr/bin/deploy"
"#;

fn held(procedure: Script, law: Law) -> Verdict {
    let (rehearsal, plain) = play(procedure, WORLD);
    assert_eq!(rehearsal.plain(&plain).problems, [], "the scenario itself");
    rehearsal.hold(law, None, &plain, &mut |_, _| {}).unwrap()
}

fn switch(gate: &Gate) -> Result<(), lockstep_model::Failure> {
    ask(gate, FilesRequest::Link { path: "/site/current".to_owned(), target: "green".to_owned() })?;
    send(gate, "PUT", "/live/green").map(|_| ())
}

fn switch_back(gate: &Gate) -> Result<(), lockstep_model::Failure> {
    ask(gate, FilesRequest::Link { path: "/site/current".to_owned(), target: "blue".to_owned() })?;
    send(gate, "PUT", "/live/blue").map(|_| ())
}

fn wait(gate: &Gate) -> Result<(), lockstep_model::Failure> {
    while send(gate, "GET", "/health")?.0 != 200 {}
    Ok(())
}

/// A wait, a switch with its undo, a deploy that must not be done twice, and a mail that nobody takes back.
fn right() -> Script {
    Script::default().step("wait", wait, nothing).step("deploy", |gate| deploy(gate, &["now"]).map(|_| ()), nothing).step("switch", switch, switch_back)
}

#[test]
fn a_procedure_that_is_right_keeps_every_law_at_every_place() {
    let crashed = held(right(), Law::Crash);
    assert_eq!((crashed.problems.as_slice(), crashed.tried), ([].as_slice(), crashed.places));
    assert!(crashed.tried > 15, "{}", crashed.tried);
    assert!(crashed.notes[0].starts_with("calls in doubt after the crash: 1,"), "{:?}", crashed.notes);
    let failed = held(right(), Law::Fail);
    assert_eq!((failed.problems.as_slice(), failed.tried), ([].as_slice(), 10));
}

#[test]
fn what_an_undo_forgets_is_named_with_the_call_that_failed() {
    let forgetful = Script::default().step("switch", switch, |gate| send(gate, "PUT", "/live/blue").map(|_| ())).step(
        "deploy",
        |gate| deploy(gate, &["now"]).map(|_| ()),
        nothing,
    );
    let verdict = held(forgetful, Law::Fail);
    let last = verdict.problems.last().unwrap();
    assert_eq!(last.at.as_deref(), Some("deploy/1/1"));
    assert_eq!(last.what, "when `deploy now` fails for good, the run is undone");
    assert_eq!(last.details[0], "left behind: /site/current: was a link to blue, is a link to green");
}

#[test]
fn an_undo_that_cannot_be_done_is_a_stuck_run_and_a_failure_of_the_law() {
    let hopeless = |_: &Gate| Err(lockstep_model::Failure::problem("step.assertion", "there is no way back"));
    let stuck = Script::default().step("switch", switch, hopeless).step("deploy", |gate| deploy(gate, &["now"]).map(|_| ()), nothing);
    let verdict = held(stuck, Law::Fail);
    let last = verdict.problems.last().unwrap();
    assert_eq!((last.at.as_deref(), last.what.as_str()), (Some("deploy/1/1"), "when `deploy now` fails for good, the run is stuck"));
    assert!(last.details[0].contains("there is no way back"), "{:?}", last.details);
}

#[test]
fn after_the_point_of_no_return_an_operator_is_needed_by_design() {
    let gone = Script::default().step("mail", |gate| send(gate, "POST", "/mail").map(|_| ()), nothing).with(|step| step.undo = Undo::Irreversible).step(
        "deploy",
        |gate| deploy(gate, &["now"]).map(|_| ()),
        nothing,
    );
    let verdict = held(gone, Law::Fail);
    assert_eq!(verdict.problems, []);
    assert!(verdict.notes[0].starts_with("failures past the point of no return: 4,"), "{:?}", verdict.notes);
}

#[test]
fn a_call_that_is_only_made_when_something_fails_needs_an_answer_too() {
    let undone_elsewhere = Script::default()
        .step("switch", |gate| send(gate, "PUT", "/live/green").map(|_| ()), |gate| send(gate, "DELETE", "/live").map(|_| ()))
        .step("deploy", |gate| deploy(gate, &["now"]).map(|_| ()), nothing);
    let verdict = held(undone_elsewhere, Law::Fail);
    let problem = verdict.problems.last().unwrap();
    assert_eq!(problem.what, "when `deploy now` fails for good, the scenario has no answer to `DELETE https://api.test/live`");
    assert!(problem.details.contains(&"  request = \"DELETE https://api.test/live\"".to_owned()), "{:?}", problem.details);
}

thread_local! {
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

/// How often this was asked before, on this thread: it stands for everything ambient. What one crash leads to is played on one thread, beside others.
fn times() -> u32 {
    TIMES.with(|times| times.replace(times.get() + 1))
}

#[test]
fn what_a_procedure_keeps_outside_the_journal_shows_after_a_crash() {
    // Every second time it asks for something else.
    let forgetful = Script::default().step("switch", switch, switch_back).step(
        "deploy",
        |gate| {
            let time = times();
            ensure(deploy(gate, &["now"])? == 0, "deployed")?;
            deploy(gate, &[if time.is_multiple_of(2) { "even" } else { "odd" }]).map(|_| ())
        },
        nothing,
    );
    let verdict = held(forgetful, Law::Crash);
    let problem = verdict.problems.first().unwrap();
    assert!(problem.what.contains("makes a difference"), "{problem:?}");
    assert!(problem.details.iter().any(|detail| detail.starts_with("outcome: was succeeded, is diverged")), "{problem:?}");
}

#[test]
fn what_a_procedure_keeps_in_memory_over_a_sleep_shows_when_the_guest_is_let_go_of() {
    // One crash makes it the second time, a sleep that lets go of the guest the third.
    let forgetful = Script::default().step(
        "deploy",
        |gate| {
            let time = times() % 4;
            ask(gate, ClockRequest::Sleep { seconds: 600 })?;
            deploy(gate, &[if time < 2 { "first" } else { "later" }]).map(|_| ())
        },
        nothing,
    );
    let problems = held(forgetful, Law::Crash).problems;
    assert!(problems.iter().any(|problem| problem.what.ends_with("makes a difference, when every sleep lets go of the guest")), "{problems:?}");
}

#[test]
fn a_place_that_is_none_is_said_to_be_none() {
    let (rehearsal, plain) = play(right(), WORLD);
    for (law, at) in [(Law::Crash, "0"), (Law::Crash, "9999"), (Law::Crash, "x"), (Law::Fail, "switch/9/9")] {
        assert!(rehearsal.hold(law, Some(at), &plain, &mut |_, _| {}).unwrap_err().contains(at), "{law} {at}");
    }
    assert_eq!(rehearsal.hold(Law::Fail, Some("deploy/1/1"), &plain, &mut |_, _| {}).unwrap().tried, 2);
}
