//! `lockstep show`: what a run is made of, what it did, and what to do next.

use lockstep_api::Exit;
use lockstep_api::wire::{CallShown, RunShown, StepEnd};
use lockstep_journal::{RunState, RunStatus};
use lockstep_model::{Failure, RunOutcome};

use super::calls::calls;
use super::ending::decided_by_denial;
use super::runs::style as outcome_style;
use super::steps::{milliseconds, run_line, step_ends};
use crate::context::{Context, program};
use crate::error::CliError;
use crate::journal::{Run, something_to_undo};
use crate::stopwatch::Stopwatch;
use crate::ui::{Style, Ui, duration, first_line, harmless, instant, plural, shell_word};

/// Show a run: steps, calls, failures, what to do next
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// Show reads and log messages too, not only effects and what went wrong
    #[arg(long)]
    all: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such run.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let shown = shown(&run);
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&shown)?;
        return Ok(Exit::Done);
    }
    head(ui, &run.state, &shown);
    for step in &shown.steps {
        show_step(ui, &run.state, step, &shown.calls, args.all);
    }
    foot(ui, &shown);
    Ok(Exit::Done)
}

fn shown(run: &Run) -> RunShown {
    let state = &run.state;
    let calls: Vec<CallShown> = calls(&run.records).iter().map(super::calls::Call::shown).collect();
    let watch = Stopwatch::of(&run.records);
    let doubtful = state.in_doubt().map(|call| call.id.to_string());
    RunShown {
        line: run_line(run),
        component: state.component,
        grant: state.grant,
        grant_file: state.grant_file.clone(),
        plan: state.plan_digest,
        parameters: state.parameters.clone(),
        records: state.next_seq,
        bytes_released: state.released,
        duration: milliseconds(watch.run()),
        steps: step_ends(state, &watch),
        in_doubt: doubtful.and_then(|id| calls.iter().rev().find(|call| call.call == id).cloned()),
        calls,
        next: next(run),
    }
}

/// Commands that make sense now.
fn next(driven: &Run) -> Vec<String> {
    let state = &driven.state;
    let run = state.run;
    let command = |words: String| format!("{} {words}", program());
    let [resume, undo, logs] = ["resume", "undo", "logs"].map(|verb| command(format!("{verb} {run}")));
    match &state.status {
        _ if driven.driven_by.is_some() => {
            vec![command(format!("logs {run} -f")), command(format!("pause {run}")), command(format!("cancel {run}")), undo]
        }
        _ if state.in_doubt().is_some() => {
            let answers = ["done", "not-done"].map(|answer| command(format!("resolve {run} {answer} --reason '…'")));
            answers.into_iter().chain([undo]).collect()
        }
        RunStatus::Planning | RunStatus::Running => vec![resume, undo],
        // On the way back there is no other way.
        RunStatus::Undoing => vec![undo],
        RunStatus::Paused(before) if **before == RunStatus::Undoing => vec![undo],
        // The run keeps the grant that it has: what has been allowed since must be named.
        RunStatus::Paused(_) if decided_by_denial(state) => vec![format!("{resume} --env {}", shell_word(&state.grant_file)), undo, logs],
        RunStatus::Waiting(..) => vec![command("tick".to_owned()), resume, command(format!("pause {run}")), undo],
        RunStatus::Paused(_) => vec![resume, undo, logs],
        RunStatus::Stuck(_) => vec![undo, logs],
        RunStatus::Diverged(_) => vec![command("audit verify".to_owned()), undo],
        // One that has not ended is ended by an undo; here there must be something to take back.
        RunStatus::Finished(RunOutcome::Succeeded) if something_to_undo(state, None) => vec![undo, logs],
        RunStatus::Finished(_) => vec![logs],
    }
}

fn head(ui: &Ui, state: &RunState, shown: &RunShown) {
    let created = &state.created;
    let line = &shown.line;
    let outcome = ui.out(outcome_style(&line.outcome), &line.outcome);
    ui.data(format!(
        "{} {} in {}: {outcome}",
        ui.out(Style::Strong, &harmless(&created.procedure.name)),
        harmless(&created.procedure.version),
        harmless(&line.environment)
    ));
    ui.data(format!("  run         {}", line.run));
    ui.data(format!("  created     {} by {} on {}", instant(line.created), harmless(&line.initiator), harmless(&created.host)));
    if let Some(holder) = &line.driven_by {
        ui.data(format!("  driven by   {}", harmless(holder)));
    }
    if let RunStatus::Waiting(until, _) = &state.status {
        ui.data(format!("  waits       until {}", instant(*until)));
    }
    ui.data(format!("  took        {}, {}", duration(std::time::Duration::from_millis(shown.duration)), plural(shown.records, "record")));
    for (id, value) in &shown.parameters {
        ui.data(format!("  parameter   {}={}", harmless(id), harmless(value)));
    }
    ui.data(format!("  component   {}", shown.component));
    ui.data(format!("  grant       {} {}", shown.grant, harmless(&state.grant_file)));
    if let Some(plan) = shown.plan {
        ui.data(format!("  plan        {plan}"));
    }
    if let Some(released) = shown.bytes_released {
        ui.data(format!(
            "  bytes       given up by retention on {}: long requests and responses, artifacts, component and grant file may be gone",
            instant(released)
        ));
    }
    ui.data("");
}

fn show_step(ui: &Ui, state: &RunState, step: &StepEnd, calls: &[CallShown], all: bool) {
    let (mark, style) = match step.status.as_str() {
        "succeeded" => ("✓", Style::Good),
        "undone" => ("↶", Style::Warn),
        "failed" | "undo-failed" => ("✗", Style::Bad),
        "running" | "retrying" | "undoing" => ("…", Style::Warn),
        _ => ("·", Style::Dim),
    };
    let declared = state.plan.steps.iter().find(|declared| declared.id.as_str() == step.step);
    let title = declared.map(|declared| harmless(&declared.title)).unwrap_or_default();
    let took = step.duration.map(|took| format!("  {}", duration(std::time::Duration::from_millis(took)))).unwrap_or_default();
    let attempts = if step.attempts > 1 { format!("  attempt {}", step.attempts) } else { String::new() };
    ui.data(format!(
        "{} {}  {}  {}",
        ui.out(style, mark),
        ui.out(Style::Strong, &step.step),
        title,
        ui.out(Style::Dim, &format!("{}{took}{attempts}", step.status))
    ));
    let own = |call: &&CallShown| call.call.trim_start_matches("undo:").split('/').next() == Some(step.step.as_str());
    for call in calls.iter().filter(own).filter(|call| all || call.class != "read" || call.outcome != "returned") {
        show_call(ui, call);
    }
    let said = |failure: &Failure| calls.iter().filter(own).any(|call| call.failure.as_ref() == Some(failure));
    if let Some(failure) = step.failure.as_ref().filter(|failure| !said(failure)) {
        for line in failure.to_string().lines() {
            ui.data(format!("    {}", ui.out(Style::Bad, &harmless(line))));
        }
    }
}

fn show_call(ui: &Ui, call: &CallShown) {
    let (mark, style) = match call.outcome.as_str() {
        "returned" => ("→", Style::Dim),
        "failed" => ("✗", Style::Bad),
        "denied" => ("⊘", Style::Bad),
        "open" => ("…", Style::Dim),
        _ => ("?", Style::Warn),
    };
    let took = call.duration.map(|took| format!("  {}", duration(std::time::Duration::from_millis(took)))).unwrap_or_default();
    let outcome = if call.outcome == "returned" { String::new() } else { format!("  {}", call.outcome) };
    ui.data(format!("    {} {}  {}{}", ui.out(style, mark), ui.out(Style::Dim, &call.call), asked(call), ui.out(style, &format!("{outcome}{took}"))));
    if let Some(probe) = &call.probe {
        ui.data(format!("        probe {}: {}, {}", harmless(&probe.probe), probe.answer, harmless(&probe.detail)));
    }
    for line in call.failure.iter().map(Failure::to_string).collect::<String>().lines() {
        ui.data(format!("        {}", harmless(line)));
    }
}

/// `files.write /app/x`, `http.send GET https://…`: the summary of some calls begins with the function's name.
fn asked(call: &CallShown) -> String {
    let function = call.function.rsplit('.').next().unwrap_or_default();
    let summary = call.summary.strip_prefix(function).map_or(call.summary.as_str(), str::trim_start);
    format!("{} {}", call.function, harmless(summary))
}

fn foot(ui: &Ui, shown: &RunShown) {
    if let Some(reason) = &shown.line.reason {
        ui.data("");
        // All of its lines stand where it happened.
        ui.data(format!("reason: {}", harmless(&first_line(reason))));
    }
    if let Some(call) = &shown.in_doubt {
        ui.data(format!("in doubt: {} {} (begun {})", call.call, asked(call), instant(call.time)));
    }
    ui.data("");
    for command in &shown.next {
        ui.data(format!("next: {}", ui.out(Style::Hint, command)));
    }
}
