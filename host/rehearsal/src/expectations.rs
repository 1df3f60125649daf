//! Whether a play went as its scenario expects.

use lockstep_journal::event::Event;
use lockstep_model::RunOutcome;

use crate::rehearsal::Play;
use crate::scenario::{CallPattern, Expect};

/// What is not as expected, a line each.
pub(crate) fn unmet(expect: &Expect, play: &Play) -> Vec<String> {
    let mut unmet = Vec::new();
    let state = &play.report.state;
    if play.report.outcome != expect.outcome {
        let why = state.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        unmet.push(format!("outcome: expected {}, found {}{why}", expect.outcome, play.report.outcome));
    }
    for (step, expected) in &expect.steps {
        match state.steps.iter().find(|(id, _)| id.as_str() == step) {
            None => unmet.push(format!("step {step}: the plan has none")),
            Some((_, found)) if found.status.word() != expected => {
                unmet.push(format!("step {step}: expected {expected}, found {}", found.status.word()));
            }
            Some(_) => {}
        }
    }
    unmet.extend(calls(expect, play));
    for fact in expect.world.iter().filter(|fact| !play.after.holds(fact)) {
        let expected = match &fact.is {
            crate::scenario::Is::Text(text) => format!("\"{text}\""),
            crate::scenario::Is::There => "something".to_owned(),
            crate::scenario::Is::Gone => "nothing".to_owned(),
        };
        unmet.push(format!("{}: expected {expected}, found {}", fact.thing, play.after.shown(&fact.thing)));
    }
    unmet.extend(left_behind(play));
    let lasted = state.changed_at.since(state.created_at);
    if let Some(least) = expect.at_least.filter(|least| lasted < *least) {
        unmet.push(format!("it lasted {lasted:?}, expected at least {least:?}"));
    }
    if let Some(most) = expect.at_most.filter(|most| lasted > *most) {
        unmet.push(format!("it lasted {lasted:?}, expected at most {most:?}"));
    }
    unmet
}

/// What a run changed although it says that nothing is left behind, a line each.
pub(crate) fn left_behind(play: &Play) -> Vec<String> {
    match play.report.outcome {
        RunOutcome::Undone | RunOutcome::Failed | RunOutcome::Denied => {
            play.before.differences(&play.after).into_iter().map(|difference| format!("left behind: {difference}")).collect()
        }
        RunOutcome::Succeeded | RunOutcome::Paused | RunOutcome::Stuck | RunOutcome::Waiting | RunOutcome::Diverged => Vec::new(),
    }
}

fn calls(expect: &Expect, play: &Play) -> Vec<String> {
    let made: Vec<&str> = play
        .records
        .iter()
        .filter_map(|record| match &record.record.event {
            Event::CallStarted(call) => Some(call.asked.summary.as_str()),
            Event::CallAnswered(call) => Some(call.asked.summary.as_str()),
            _ => None,
        })
        .collect();
    let mut unmet = Vec::new();
    let mut rest = made.as_slice();
    for pattern in &expect.calls {
        match rest.iter().position(|summary| fits(pattern, summary)) {
            Some(at) => rest = &rest[at + 1..],
            None if made.iter().any(|summary| fits(pattern, summary)) => {
                unmet.push(format!("calls: `{}` is made, but not after those before it", pattern.text))
            }
            None => unmet.push(format!("calls: `{}` is not made", pattern.text)),
        }
    }
    for pattern in &expect.never {
        if let Some(summary) = made.iter().find(|summary| fits(pattern, summary)) {
            unmet.push(format!("never: `{}` is made: {summary}", pattern.text));
        }
    }
    unmet
}

fn fits(pattern: &CallPattern, summary: &str) -> bool {
    pattern.glob.matches(summary.as_bytes())
}
