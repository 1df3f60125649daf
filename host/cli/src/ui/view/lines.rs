//! Which records are worth a line to an operator, and how it reads. Pure, so that it can be tested.

use lockstep_journal::event::{CallAnswered, Event, ProbeAnswer, StepFailed, Stored, UndoFailed};
use lockstep_journal::state::StepStatus;
use lockstep_journal::{RunState, RunStatus};
use lockstep_model::{Failure, StepId, Timestamp};

use crate::journal::something_to_undo;
use crate::stopwatch::Stopwatch;
use crate::ui::{Style, duration, first_line, plural};

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// One character that says what kind it is.
    pub(super) mark: &'static str,
    /// The mark's colour.
    pub(super) style: Style,
    /// The rest.
    pub(super) text: String,
    /// Whether the rest is less important.
    pub(super) dim: bool,
}

fn line(mark: &'static str, style: Style, text: impl Into<String>) -> Option<Line> {
    Some(Line { mark, style, text: text.into(), dim: false })
}

/// The line of a record, given the state after it. None when an operator need not see it.
pub(super) fn line_of(event: &Event, state: &RunState, time: Timestamp, watch: &Stopwatch) -> Option<Line> {
    match event {
        Event::RunCreated(created) => {
            let procedure = &created.procedure;
            line("▸", Style::Strong, format!("{} {} in {}, run {}", procedure.name, procedure.version, created.environment, state.run))
        }
        Event::PlanDeclared(declared) => {
            Some(Line { mark: " ", style: Style::Dim, text: format!("{}, plan {}", plural(declared.plan.steps.len(), "step"), declared.digest), dim: true })
        }
        Event::StepSucceeded(end) => line("✓", Style::Good, format!("{}{}", end.step, took(state, &end.step, watch))),
        Event::StepFailed(failed) => step_failed(failed, state, time, watch),
        Event::StepSkipped(skipped) => line("-", Style::Dim, format!("{} skipped: {}", skipped.step, skipped.reason)),
        Event::StepMarkedDone(done) => line("✓", Style::Warn, format!("{} done by hand: {}", done.step, done.evidence)),
        Event::ParametersChanged(changed) => {
            let changes: Vec<_> = changed.changed.iter().map(|(id, value)| format!("{id}={value}")).collect();
            line("▸", Style::Warn, format!("parameters changed: {}", changes.join(", ")))
        }
        Event::RunWaiting(waiting) => line("◷", Style::Dim, format!("waiting for {}: {}", duration(waiting.until.since(time)), waiting.reason)),
        Event::LeaseReleased(released) => line("!", Style::Bad, format!("the environment was released: {}", released.reason)),
        Event::CallAnswered(call) if call.asked.interface == "log" => log(call),
        Event::CallDenied(denied) => line("⊘", Style::Bad, format!("{}: denied: {}", denied.id.step, denied.message)),
        Event::CallResolved(resolved) => line("▸", Style::Warn, format!("call {} was resolved: {}", resolved.id, resolved.reason)),
        Event::CallProbed(probed) => {
            let (style, says) = match probed.answer {
                ProbeAnswer::Happened(_) => (Style::Good, "it happened"),
                ProbeAnswer::DidNot => (Style::Good, "it did not happen"),
                ProbeAnswer::Unknown => (Style::Warn, "it cannot be told"),
            };
            line("▸", style, format!("call {} was probed with `{}`: {says} ({})", probed.id, probed.probe, probed.detail))
        }
        // Nothing was done that would be taken back.
        Event::UndoBegan(_) if !something_to_undo(state, state.undo_to.as_ref()) => None,
        // The failure that led to it stands in the line above.
        Event::UndoBegan(_) if has_failed(state) => line("↶", Style::Warn, "undoing what was done"),
        Event::UndoBegan(began) => line("↶", Style::Warn, format!("undoing what was done: {}", began.reason)),
        Event::UndoSucceeded(attempt) => line("↶", Style::Good, format!("{} undone", attempt.step)),
        Event::UndoFailed(UndoFailed { step, failure, .. }) => line("✗", Style::Bad, format!("undo of {step}: {}", first_line(&failure.to_string()))),
        // Why it goes back is said when it turns round.
        Event::RunResumed(_) if state.status == RunStatus::Undoing => line("▸", Style::Strong, format!("run {}", state.run)),
        Event::RunResumed(resumed) => line("▸", Style::Strong, format!("going on with run {}: {}", state.run, resumed.reason)),
        Event::RunMigrated(migrated) => line("▸", Style::Strong, format!("run {} goes with component {}: {}", state.run, migrated.component, migrated.reason)),
        Event::StepStarted(_)
        | Event::CallStarted(_)
        | Event::CallNoted(_)
        | Event::CallFinished(_)
        | Event::CallAnswered(_)
        | Event::ValueRemembered(_)
        | Event::ArtifactSealed(_)
        | Event::BackupMade(_)
        | Event::BackupVerified(_)
        | Event::SecretCaptured(_)
        | Event::SecretUsed(_)
        | Event::UndoStarted(_)
        | Event::RunWoken(_)
        | Event::RunPaused(_)
        | Event::RunStuck(_)
        | Event::DivergenceFound(_)
        | Event::RunFinished(_)
        | Event::BytesReleased(_) => None,
    }
}

fn step_failed(failed: &StepFailed, state: &RunState, time: Timestamp, watch: &Stopwatch) -> Option<Line> {
    let why = match &failed.failure {
        // The refusal has a line of its own.
        Failure::Denied(_) => "denied".to_owned(),
        // What follows its first line stands below the error at the end, and in `show`.
        failure @ (Failure::TimedOut(_) | Failure::InDoubt(_) | Failure::Failed(_)) => first_line(&failure.to_string()),
    };
    let text = format!("{}{}: {why}", failed.step, took(state, &failed.step, watch));
    match failed.retry_at {
        Some(at) => line("↻", Style::Warn, format!("{text}; again in {}", duration(at.since(time)))),
        None => line("✗", Style::Bad, text),
    }
}

fn has_failed(state: &RunState) -> bool {
    state.steps.values().any(|step| step.status == StepStatus::Failed)
}

/// How long the step took so far, all attempts together.
fn took(state: &RunState, step: &StepId, watch: &Stopwatch) -> String {
    let attempts = state.steps.get(step).map_or(1, |step| step.attempts);
    let attempts = if attempts > 1 { format!(", attempt {attempts}") } else { String::new() };
    format!(" ({}{attempts})", duration(watch.step(step)))
}

/// What the procedure says.
fn log(call: &CallAnswered) -> Option<Line> {
    let (mark, style) = match call.asked.function.as_str() {
        "error" => ("!", Style::Bad),
        "warn" => ("!", Style::Warn),
        "debug" => return None,
        _ => ("·", Style::Dim),
    };
    let mut text = format!("  {}: {}", call.id.step, call.asked.summary);
    if let Stored::Inline(request) = &call.asked.request
        && let Ok(value) = request.to::<serde_json::Value>()
        && let Some(fields) = value.get("fields").and_then(|fields| fields.as_array())
    {
        for field in fields {
            if let (Some(key), Some(value)) = (field.get(0).and_then(|key| key.as_str()), field.get(1).and_then(|value| value.as_str())) {
                text.push_str(&format!("  {key}={value}"));
            }
        }
    }
    line(mark, style, text)
}

#[cfg(test)]
mod tests {
    use lockstep_journal::event::{Event, StepFailed, UndoBegan};
    use lockstep_model::{Failure, RunOutcome, Timestamp};

    use super::line_of;
    use crate::sample::{at, run_of, step_id};
    use crate::stopwatch::Stopwatch;

    #[test]
    fn a_failure_says_how_long_it_took_and_when_it_is_tried_again() {
        let said = |retry_at: Option<Timestamp>| {
            let failed = Event::StepFailed(StepFailed { step: step_id(), attempt: 1, failure: Failure::problem("http.dns", "no such host"), retry_at });
            let (state, records) = run_of(vec![failed.clone()]);
            let line = line_of(&failed, &state, at(3), &Stopwatch::of(&records)).unwrap();
            (line.mark, line.text)
        };
        assert_eq!(said(None), ("✗", "smoke (1.0 s): no such host [http.dns]".to_owned()));
        assert_eq!(said(Some(at(8))), ("↻", "smoke (1.0 s): no such host [http.dns]; again in 5.0 s".to_owned()));
    }

    #[test]
    fn undoing_is_not_announced_when_nothing_was_done() {
        let began = Event::UndoBegan(UndoBegan { reason: "step failed".into(), cause: RunOutcome::Failed, to: None });
        let (mut state, records) = run_of(vec![began.clone()]);
        assert_eq!(line_of(&began, &state, at(3), &Stopwatch::of(&records)), None);
        state.steps.get_mut(&step_id()).unwrap().effects = 1;
        assert!(line_of(&began, &state, at(3), &Stopwatch::of(&records)).is_some());
        state.undo_to = Some(step_id());
        assert_eq!(line_of(&began, &state, at(3), &Stopwatch::of(&records)), None);
    }
}
