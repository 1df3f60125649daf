//! A scenario played: answers, conditions, what the world becomes, and what is expected of it.

use std::path::Path;

use lockstep_model::plan::Undo;
use lockstep_model::request::HttpRequest;
use lockstep_model::{Content, Failure, RunOutcome};
use lockstep_rehearsal::{Onlookers, Scenario};
use lockstep_testkit::{Script, ask};

use super::{deploy, ensure, nothing, play, send, unmet};

#[test]
fn answers_come_one_after_the_other_and_the_last_one_stays() {
    let look = |gate: &_| {
        let found = (0..5).map(|_| send(gate, "GET", "/health").map(|(status, _)| status)).collect::<Result<Vec<_>, _>>()?;
        ensure(found == [503, 503, 500, 200, 200], &format!("{found:?}"))
    };
    let text = r#"
[[http]]
request = "GET https://api.test/health"
answers = [{ status = 503, times = 2 }, { status = 500 }, { status = 200 }]
"#;
    assert_eq!(unmet(Script::default().step("look", look, nothing), text), [""; 0]);
}

#[test]
fn the_world_decides_which_rule_answers_and_answers_change_the_world() {
    let switch = |gate: &_| {
        ensure(send(gate, "GET", "/live")?.1 == r#"{"color":"blue"}"#, "blue at first")?;
        send(gate, "POST", "/switch")?;
        ensure(send(gate, "GET", "/live")?.1 == r#"{"color":"green"}"#, "green afterwards")
    };
    let text = r#"
[world]
live = "blue"

[[http]]
request = "GET https://api.test/live"
when = { live = "blue" }
json = { color = "blue" }

[[http]]
request = "GET https://api.test/live"
json = { color = "green" }

[[http]]
request = "POST https://api.test/switch"
status = 204
set = { live = "green" }

[expect]
calls = ["GET */live", "POST */switch", "GET */live"]
never = ["DELETE *"]
world = { live = "green" }
steps = { switch = "succeeded" }
"#;
    assert_eq!(unmet(Script::default().step("switch", switch, nothing), text), [""; 0]);
}

#[test]
fn a_call_without_an_answer_is_shown_with_the_lines_to_add() {
    let text = "[world]\nlive = \"blue\"\n\n[[shell]]\nprogram = \"/usr/bin/deploy\"\nargs = [\"now\", \"*\"]\nwhen = { live = \"green\" }\n";
    let procedure = || {
        Script::default().step("go", |gate| deploy(gate, &["now", "a*b"]).map(|_| ()), nothing).step("more", |gate| deploy(gate, &["x"]).map(|_| ()), nothing)
    };
    assert_eq!(
        unmet(procedure(), text),
        [
            "the scenario has no answer to `deploy now a*b`",
            "call go/1/1",
            "shell[0], s.toml:4 is about it, but `live` is \"blue\"",
            "add to the scenario, with the answer that is right:",
            "  [[shell]]",
            "  program = \"/usr/bin/deploy\"",
            "  args = [\"now\", 'a\\*b']",
            "  code = 0"
        ]
    );
    // What is to be added is an answer indeed.
    let added = format!("{text}\n[[shell]]\nprogram = \"/usr/bin/deploy\"\nargs = [\"now\", 'a\\*b']\ncode = 0\n\n[[shell]]\nprogram = \"/usr/bin/deploy\"\n");
    assert_eq!(unmet(procedure(), &added), [""; 0]);
}

#[test]
fn what_is_not_as_expected_is_told_line_by_line() {
    let text = r#"
[world]
live = "blue"

[[http]]
request = "* https://api.test/**"

[expect]
outcome = "undone"
steps = { switch = "undone", nowhere = "failed" }
calls = ["POST */b", "POST */a"]
never = ["POST */a"]
world = { live = "green", "/site/x" = true }
at-least = "1h"
"#;
    let both = |gate: &_| send(gate, "POST", "/a").and_then(|_| send(gate, "POST", "/b")).map(|_| ());
    let found = unmet(Script::default().step("switch", both, nothing), text);
    let expected = [
        "outcome: expected undone, found succeeded",
        "step nowhere: the plan has none",
        "step switch: expected undone, found succeeded",
        "calls: `POST */a` is made, but not after those before it",
        "never: `POST */a` is made: POST https://api.test/a",
        "/site/x: expected something, found nothing",
        "live: expected \"green\", found \"blue\"",
    ];
    assert_eq!(found[..expected.len()], expected);
    assert!(found[expected.len()].starts_with("it lasted "), "{found:?}");
}

#[test]
fn headers_bodies_and_secrets_can_be_matched() {
    let login = |gate: &lockstep_gate::Gate| {
        let mut request = HttpRequest::to("POST", "https://api.test/login");
        request.headers.push(lockstep_model::request::Header { name: "X-Key".to_owned(), value: gate.marker("KEY") });
        request.body = Some(Content::from("user=mia"));
        ensure(ask(gate, request)?.status == 200, "logged in")
    };
    let text = r#"
[secrets]
KEY = "correct-horse"

[[http]]
request = "POST https://api.test/login"
with-headers = { x-key = "correct-*" }
with-body = "user=*"

[[http]]
request = "POST https://api.test/login"
status = 403
"#;
    assert_eq!(unmet(Script::default().step("login", login, nothing), text), [""; 0]);
    let (_, play) = play(Script::default().step("login", login, nothing), &text.replace("correct-*", "wrong"));
    assert_eq!(play.report.outcome, RunOutcome::Undone);
    assert!(!play.records.iter().any(|record| String::from_utf8_lossy(&record.bytes).contains("correct-horse")), "a value is in the journal");
}

#[test]
fn a_scripted_failure_reaches_the_procedure_as_the_drivers_own() {
    let once = |gate: &_| send(gate, "PUT", "/a").map(|_| ());
    let text = "[[http]]\nrequest = \"PUT https://api.test/a\"\nanswers = [{ fail = \"http.connect\", times = 2 }, { status = 200 }]\n";
    let retried = || Script::default().step("put", once, nothing).with(|step| (step.retry.attempts, step.undo) = (3, Undo::NothingToUndo));
    let (_, play) = play(retried(), text);
    assert_eq!((play.report.outcome, play.report.state.steps.values().next().map(|step| step.attempts)), (RunOutcome::Succeeded, Some(3)));
    let (_, play) = super::play(retried(), &text.replace("http.connect", "http.tls"));
    let failure = play.report.state.steps.values().next().and_then(|step| step.failure.clone());
    assert_eq!((play.report.outcome, failure.as_ref().map(Failure::code)), (RunOutcome::Failed, Some("http.tls")));
}

#[test]
fn a_rehearsal_is_the_same_every_time() {
    let procedure = || Script::default().step("go", |gate| deploy(gate, &["now"]).map(|_| ()), nothing);
    let text = "[[shell]]\nprogram = \"/usr/bin/deploy\"\ndelay = \"3s\"\n";
    let records = |play: super::Play| play.records.into_iter().map(|record| record.hash).collect::<Vec<_>>();
    assert_eq!(records(play(procedure(), text).1), records(play(procedure(), text).1));
}

#[test]
fn requests_that_are_sent_side_by_side_are_answered_in_the_order_asked() {
    let all = |gate: &lockstep_gate::Gate| {
        let requests = ["/a", "/b", "/c"].map(|path| HttpRequest::to("GET", &format!("https://api.test{path}"))).into();
        let answers = gate.call_all(requests).map_err(|stop| Failure::problem("test.stopped", format!("{stop:?}")))?;
        let statuses: Vec<_> = answers.into_iter().map(|answer| answer.map(|response| response.status)).collect::<Result<_, _>>()?;
        ensure(statuses == [201, 202, 203], "another order")
    };
    let text = "[[http]]\nrequest = \"GET https://api.test/*\"\nanswers = [{ status = 201, delay = \"1s\" }, { status = 202 }, { status = 203 }]\n\
                [expect]\ncalls = [\"GET */a\", \"GET */b\", \"GET */c\"]\nat-least = \"1s\"\n";
    assert_eq!(unmet(Script::default().step("all", all, nothing), text), [""; 0]);
}

#[test]
fn a_scenario_that_is_like_another_says_only_what_differs() {
    let healthy = "[parameters]\nwho = \"mia\"\n[world]\nlive = \"blue\"\n[files]\n\"/site/a\" = \"1\"\n\"/site/b\" = \"2\"\n\
                   [[http]]\nrequest = \"GET https://api.test/**\"\n[expect]\noutcome = \"undone\"\n";
    let sick = "like = \"healthy.toml\"\n[files]\n\"/site/b\" = { link = \"a\" }\n\
                [[http]]\nrequest = \"GET https://api.test/health\"\nwhen = { live = \"blue\", \"/site/a\" = \"1\", \"/site/b\" = \"a\" }\nstatus = 503\n";
    assert_eq!(Scenario::like(sick, Path::new("/scenarios")).as_deref(), Some(Path::new("/scenarios/healthy.toml")));
    let look = |gate: &_| ensure(send(gate, "GET", "/health")?.0 == 503 && send(gate, "GET", "/other")?.0 == 200, "sick");
    let like = Scenario::parse(healthy, "healthy.toml", Path::new("/"), None).unwrap();
    let scenario = Scenario::parse(sick, "sick.toml", Path::new("/"), Some(like)).unwrap();
    let rehearsal = super::put_together(Script::default().parameter("who", None).step("look", look, nothing), scenario);
    let play = rehearsal.play(&Onlookers::default()).unwrap();
    assert_eq!(rehearsal.unmet(&play), [""; 0]);
}
