//! Virtual time: weeks pass in seconds, delays count, deadlines hold.

use std::time::Duration;

use lockstep_gate::Gate;
use lockstep_model::RunOutcome;
use lockstep_model::request::ClockRequest;
use lockstep_rehearsal::Law;
use lockstep_testkit::{Script, ask};

use super::{deploy, ensure, nothing, play, send, unmet};

const SAMPLES: u32 = 3_000;
/// 28 days in as many parts.
const BETWEEN: u32 = 28 * 86_400 / SAMPLES + 1;

fn rollout(gate: &Gate) -> Result<(), lockstep_model::Failure> {
    for _ in 0..SAMPLES {
        ask(gate, ClockRequest::Sleep { seconds: BETWEEN })?;
        ensure(send(gate, "GET", "/errors")?.1 == "0", "no errors")?;
    }
    Ok(())
}

const NO_ERRORS: &str = "[[http]]\nrequest = \"GET https://api.test/errors\"\nbody = \"0\"\n[expect]\nat-least = \"28d\"\nat-most = \"29d\"\n";

#[test]
fn twenty_eight_days_with_three_thousand_samples_are_rehearsed() {
    assert_eq!(unmet(Script::default().step("roll-out", rollout, nothing), NO_ERRORS), [""; 0]);
}

#[test]
fn a_long_rollout_keeps_its_waits_over_a_crash() {
    let (rehearsal, plain) = play(Script::default().step("roll-out", rollout, nothing), NO_ERRORS);
    // In the middle of a sleep: its intent is kept, its end is not.
    let verdict = rehearsal.hold(Law::Crash, Some("3001"), &plain, &mut |_, _| {}).unwrap();
    assert_eq!(verdict.problems, []);
}

#[test]
fn an_answer_takes_its_time_and_a_late_one_is_a_timeout_that_did_happen() {
    let slow = |gate: &Gate| deploy(gate, &["now"]).map(|_| ());
    let text = "[world]\ndone = \"no\"\n[[shell]]\nprogram = \"/usr/bin/deploy\"\ndelay = \"90s\"\nset = { done = \"yes\" }\n[expect]\nat-least = \"90s\"\nat-most = \"100s\"\n";
    assert_eq!(unmet(Script::default().step("slow", slow, nothing), text), [""; 0]);
    let hasty = Script::default().step("slow", slow, |gate| deploy(gate, &["back"]).map(|_| ())).with(|step| step.timeout_seconds = Some(30));
    let text = text.replace("args = []\n", "").replace("at-least = \"90s\"", "world = { done = \"yes\" }\noutcome = \"undone\"");
    let text = format!("[[shell]]\nprogram = \"/usr/bin/deploy\"\nargs = [\"back\"]\n{text}");
    let (rehearsal, play) = play(hasty, &text);
    assert_eq!(play.report.outcome, RunOutcome::Undone);
    assert_eq!(rehearsal.unmet(&play), ["left behind: done: was \"no\", is \"yes\""]);
    let lasted = play.report.state.changed_at.since(play.report.state.created_at);
    assert!(lasted >= Duration::from_secs(30) && lasted < Duration::from_secs(40), "{lasted:?}");
}
