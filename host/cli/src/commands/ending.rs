//! How a run ended, said once: as JSON or a line on standard output, and as an error with what to do on standard error.

use lockstep_api::wire::RunEnd;
use lockstep_api::{Code, Exit, failures};
use lockstep_engine::RunReport;
use lockstep_journal::event::{CallDenied, CallId, Event};
use lockstep_journal::state::{RecordedCall, StepStatus};
use lockstep_journal::{RunState, RunStatus, SealedRecord, Store};
use lockstep_model::{Failure, RunOutcome};

use super::steps::{milliseconds, step_ends};
use crate::error::CliError;
use crate::journal::something_to_undo;
use crate::stopwatch::Stopwatch;
use crate::ui::{Style, Ui, duration, shell_word};

/// What the operator wanted when the run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// That it goes on.
    Forward,
    /// That it is undone: an end with nothing left behind is what was asked for.
    Undo,
    /// That it stops.
    Stop,
}

/// Says how the run ended and gives the exit code.
///
/// # Errors
/// When its records cannot be read.
pub(super) fn tell(ui: &Ui, store: &dyn Store, report: RunReport, wish: Wish) -> Result<Exit, CliError> {
    let RunReport { run, outcome, state } = &report;
    let as_wished = match (outcome, wish) {
        (RunOutcome::Succeeded, _) | (RunOutcome::Undone | RunOutcome::Failed, Wish::Undo) => true,
        (_, Wish::Forward | Wish::Undo | Wish::Stop) => false,
    };
    let records = store.records(*run)?;
    let error = if as_wished { None } else { error_of(state, *outcome, &records, wish == Wish::Stop) };
    if as_wished && wish == Wish::Undo && !state.steps.values().any(|step| step.status == StepStatus::Undone) {
        ui.say("nothing had to be undone");
    }
    say(ui, &report, &records, error.as_ref(), as_wished)?;
    Ok(if as_wished { Exit::Done } else { Exit::from(*outcome) })
}

/// As `tell`, for a run that was only rehearsed and is in no store. What the scenario expected otherwise comes before what the run itself ended with.
///
/// # Errors
/// When the end cannot be printed.
pub(super) fn tell_rehearsed(ui: &Ui, records: &[SealedRecord], report: &RunReport, unmet: Option<CliError>) -> Result<Exit, CliError> {
    let RunReport { run, outcome, state } = report;
    let exit = unmet.as_ref().map_or_else(|| Exit::from(*outcome), CliError::exit);
    let error = unmet.or_else(|| error_of(state, *outcome, records, false).map(|error| error.of_no_store(*run)));
    say(ui, report, records, error.as_ref(), exit == Exit::Done)?;
    Ok(exit)
}

/// The error for a person, and the end as JSON or a line.
fn say(ui: &Ui, report: &RunReport, records: &[SealedRecord], error: Option<&CliError>, good: bool) -> Result<(), CliError> {
    let RunReport { run, outcome, state } = report;
    let watch = Stopwatch::of(records);
    if let Some(error) = error {
        ui.say_error(error);
    }
    if ui.json() {
        ui.print_json(&RunEnd {
            run: *run,
            outcome: outcome.to_string(),
            procedure: state.created.procedure.name.clone(),
            version: state.created.procedure.version.clone(),
            environment: state.created.environment.clone(),
            duration: milliseconds(watch.run()),
            steps: step_ends(state, &watch),
            failure: decisive_failure(state),
            error: error.map(CliError::shown),
        })?;
    } else {
        let style = if good { Style::Good } else { Style::Warn };
        ui.data(format!("run {run}: {} in {}", ui.out(style, &outcome.to_string()), duration(watch.run())));
    }
    Ok(())
}

/// Why the run is not succeeded; none when it is.
pub(super) fn error_of(state: &RunState, outcome: RunOutcome, records: &[SealedRecord], interrupted: bool) -> Option<CliError> {
    let run = state.run;
    Some(match outcome {
        RunOutcome::Succeeded => return None,
        RunOutcome::Denied => denied(state, records),
        RunOutcome::Failed => failed(Code::RunFailed, state, records),
        RunOutcome::Undone if last_denial(records).is_some() && decided_by_denial(state) => denied(state, records),
        RunOutcome::Undone => failed(Code::RunUndone, state, records),
        RunOutcome::Waiting => waiting(state),
        RunOutcome::Diverged => CliError::new(Code::RunDiverged, "the procedure asked for something else than its journal says")
            .detail(state.reason.clone().unwrap_or_default())
            .hint("`lockstep audit verify` says whether the journal is as it was written")
            .hint(format!("`lockstep show {run}` shows what was done")),
        RunOutcome::Paused | RunOutcome::Stuck => stuck(state, records, interrupted),
    })
}

fn waiting(state: &RunState) -> CliError {
    let run = state.run;
    let until = match &state.status {
        RunStatus::Waiting(until, _) => format!(" until {until}"),
        _ => String::new(),
    };
    CliError::new(Code::RunWaiting, format!("the run waits{until}"))
        .detail(format!("run {run}, {}", state.reason.clone().unwrap_or_default()))
        .hint("`lockstep tick` or `lockstep worker` goes on with it then")
        .hint(format!("`lockstep resume {run}` waits for it here"))
}

fn stuck(state: &RunState, records: &[SealedRecord], interrupted: bool) -> CliError {
    let run = state.run;
    if let Some(call) = state.in_doubt() {
        return doubt(state, call);
    }
    let reason = state.reason.clone().unwrap_or_else(|| "the run needs an operator".to_owned());
    if matches!(state.status, RunStatus::Stuck(_)) {
        return CliError::new(Code::UndoFailed, "undoing could not go on")
            .detail(reason)
            .detail(format!("run {run}"))
            .hint(format!("mend the cause, then `lockstep undo {run}` goes on with it"));
    }
    if interrupted {
        return CliError::new(Code::RunInterrupted, reason).detail(format!("run {run}")).hint(format!("`lockstep resume {run}` goes on{}", or_undo(state)));
    }
    if decided_by_denial(state) && last_denial(records).is_some() {
        let shown = denied(state, records);
        let file = shell_word(&state.grant_file);
        return shown.hint(format!("then `lockstep resume {run} --env {file}` tries the step again{}", or_undo(state)));
    }
    CliError::new(Code::RunPaused, reason)
        .detail(format!("run {run} waits for you"))
        .maybe_hint(decisive_failure(state).and_then(|failure| explain(&failure)))
        .hint(format!("`lockstep resume {run}` tries the step again{}", or_undo(state)))
}

/// The other way.
fn or_undo(state: &RunState) -> String {
    let does = if something_to_undo(state, None) { "takes back what was done" } else { "ends it" };
    format!(", `lockstep undo {}` {does}", state.run)
}

fn doubt(state: &RunState, call: &RecordedCall) -> CliError {
    let run = state.run;
    let error = CliError::new(Code::CallInDoubt, format!("it is not known whether `{} {}` happened", call.function, call.summary))
        .detail(format!("call {} of run {run}", call.id))
        .detail(format!("begun at {}, class {}", call.time, call.class));
    let error = match &call.probed {
        Some(probed) => error.detail(probed).hint(format!("if its far side was only out of reach, `lockstep resume {run}` probes again")),
        None => error,
    };
    error
        .hint(format!("look at the far side, then say so: `lockstep resolve {run} done` or `lockstep resolve {run} not-done`, with `--reason`"))
        .hint(format!("`lockstep show {run}` shows the call"))
}

fn failed(code: Code, state: &RunState, records: &[SealedRecord]) -> CliError {
    let run = state.run;
    let failure = decisive_failure(state).or_else(|| last_failure(records));
    let reason = state.reason.clone().or_else(|| failure.as_ref().map(ToString::to_string)).unwrap_or_else(|| "the run failed".to_owned());
    let undone: Vec<&str> =
        state.started.iter().rev().filter(|id| state.steps.get(*id).is_some_and(|step| step.status == StepStatus::Undone)).map(|id| id.as_str()).collect();
    let error = CliError::new(code, reason).detail(format!("run {run}"));
    let error = if undone.is_empty() { error } else { error.detail(format!("undone: {}", undone.join(", "))) };
    error.maybe_hint(failure.and_then(|failure| explain(&failure))).hint(format!("`lockstep show {run}` shows what happened"))
}

/// Codes of the procedure's own have no page here.
fn explain(failure: &Failure) -> Option<String> {
    failures::find(failure.code()).map(|page| format!("`lockstep explain {}` says what the failure means", page.code))
}

/// As in `operator.md`: what may not be done, where it was asked, which rule decided, and what to add.
fn denied(state: &RunState, records: &[SealedRecord]) -> CliError {
    let run = state.run;
    let Some(denied) = last_denial(records) else {
        return CliError::new(Code::CallDenied, state.reason.clone().unwrap_or_else(|| "the grant refused a call".to_owned())).detail(format!("run {run}"));
    };
    CliError::new(Code::CallDenied, format!("`{}`: {}", state.created.procedure.name, denied.message))
        .detail(format!("{}, call {} of run {run}", step_words(&denied.id), denied.id.call))
        .detail(format!("rule: {}", denied.rule))
        .maybe_hint(denied.hint.clone())
        .hint(format!("`lockstep grant explain {run} --call {}` shows every rule considered", denied.id))
}

fn step_words(id: &CallId) -> String {
    match id.phase {
        lockstep_journal::event::Phase::Step => format!("step `{}`", id.step),
        lockstep_journal::event::Phase::Undo => format!("undo of step `{}`", id.step),
    }
}

fn last_denial(records: &[SealedRecord]) -> Option<&CallDenied> {
    records.iter().rev().find_map(|record| match &record.record.event {
        Event::CallDenied(denied) => Some(&**denied),
        _ => None,
    })
}

fn last_failure(records: &[SealedRecord]) -> Option<Failure> {
    records.iter().rev().find_map(|record| match &record.record.event {
        Event::StepFailed(failed) => Some(failed.failure.clone()),
        _ => None,
    })
}

/// Whether the run stands where it stands because the grant refused something.
pub(super) fn decided_by_denial(state: &RunState) -> bool {
    state.cause == Some(RunOutcome::Denied) || matches!(decisive_failure(state), Some(Failure::Denied(_)))
}

/// The failure of the last step that was started and failed for good, or whose undo failed.
fn decisive_failure(state: &RunState) -> Option<Failure> {
    let stopped = |status: &StepStatus| matches!(status, StepStatus::Failed | StepStatus::UndoFailed | StepStatus::Retrying(_));
    let steps = state.started.iter().rev().filter_map(|id| state.steps.get(id));
    steps.filter(|step| stopped(&step.status)).find_map(|step| step.failure.clone())
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;
    use lockstep_journal::event::{CallDenied, CallStarted, Event, Reason, RunFinished, StepFailed, UndoBegan};
    use lockstep_model::{EffectClass, Failure, RunOutcome};

    use super::error_of;
    use crate::sample::{asked, call_id, run_of, step_id};

    #[test]
    fn a_denied_run_says_what_where_which_rule_and_what_to_add() {
        let rule = "shell.deny[2], production.toml:14".to_owned();
        let message = "may not run `kubectl delete`".to_owned();
        let hint = Some("allow it with `shell.allow`".to_owned());
        let denied = CallDenied { id: call_id(), asked: asked("kubectl delete"), rule, message, hint };
        let failure = denied.failure();
        let (state, records) = run_of(vec![
            Event::CallDenied(Box::new(denied)),
            Event::StepFailed(StepFailed { step: step_id(), attempt: 1, failure, retry_at: None }),
            Event::UndoBegan(UndoBegan { reason: "step failed".into(), cause: RunOutcome::Denied, to: None }),
            Event::RunFinished(RunFinished { outcome: RunOutcome::Denied }),
        ]);
        let error = error_of(&state, RunOutcome::Denied, &records, false).unwrap();
        let run = state.run;
        assert_eq!(
            error.render(false),
            format!(
                "error[LS0107]: `blue-green`: may not run `kubectl delete`\n  step `smoke`, call 1 of run {run}\n  rule: shell.deny[2], production.toml:14\n\
                 hint: allow it with `shell.allow`\nhint: `lockstep grant explain {run} --call smoke/1/1` shows every rule considered\n"
            )
        );
    }

    #[test]
    fn a_call_in_doubt_is_put_to_the_operator() {
        let (class, rule, key) = (EffectClass::AtMostOnce, "shell.allow[0]".to_owned(), "00".to_owned());
        let (state, records) = run_of(vec![
            Event::CallStarted(Box::new(CallStarted { id: call_id(), asked: asked("deploy"), class, rule, key })),
            Event::RunStuck(Reason { reason: "in doubt".into() }),
        ]);
        let error = error_of(&state, RunOutcome::Stuck, &records, false).unwrap();
        assert_eq!(error.code(), Code::CallInDoubt);
        assert!(error.to_string().contains("`shell.run deploy` happened") && error.to_string().contains("lockstep resolve"), "{error}");
    }

    #[test]
    fn a_paused_run_says_how_to_go_on_or_back() {
        let failure = Failure::problem("http.dns", "no such host");
        let (state, records) = run_of(vec![
            Event::StepFailed(StepFailed { step: step_id(), attempt: 1, failure, retry_at: None }),
            Event::RunPaused(Reason { reason: "step `smoke` failed".into() }),
        ]);
        let paused = error_of(&state, RunOutcome::Paused, &records, false).unwrap();
        assert_eq!(paused.code(), Code::RunPaused);
        assert!(paused.to_string().contains("lockstep resume") && paused.to_string().contains("lockstep explain http.dns"), "{paused}");
        assert_eq!(error_of(&state, RunOutcome::Paused, &records, true).unwrap().code(), Code::RunInterrupted);
    }
}
