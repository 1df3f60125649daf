//! What a replay found, in words and as JSON: for `replay` and `migrate` alike.

use lockstep_api::Code;
use lockstep_api::wire::{AttemptShown, DivergenceShown, ReplayShown};
use lockstep_engine::replay::Open;
use lockstep_engine::{AttemptChecked, PlanChecked, ReplayReport, Verdict};
use lockstep_journal::event::{DivergenceFound, Phase};

use crate::context::program;
use crate::error::CliError;
use crate::ui::{Style, Ui, harmless, plural};

/// Says what was found of an attempt, as soon as it was. JSON comes whole, at the end.
pub(super) fn tell(ui: &Ui, attempt: &AttemptChecked) {
    if ui.json() {
        return;
    }
    let name = name(attempt);
    let calls = plural(attempt.agreed, "call");
    let line = |style, mark: &str, text: String| ui.data(format!("{} {}", ui.out(style, mark), harmless(&text)));
    match &attempt.verdict {
        Verdict::Agreed => line(Style::Good, "✓", format!("{name}: {calls}")),
        Verdict::Open(Open::Unfinished) => line(Style::Good, "✓", format!("{name}: {calls}, where its records end")),
        Verdict::Open(Open::EndedByHost) => line(Style::Good, "✓", format!("{name}: {calls}, where a limit or a deadline ended it")),
        Verdict::EndsOtherwise(found) => {
            line(Style::Good, "✓", format!("{name}: {calls}, and does not fail any more as recorded"));
            both_sides(ui, found);
        }
        Verdict::Diverged(found) => {
            line(Style::Bad, "✗", format!("{name}: diverges at call {}", found.id));
            both_sides(ui, found);
        }
        Verdict::NotChecked(why) => line(Style::Warn, "?", format!("{name}: {calls} of {}, not checked further: {why}", attempt.recorded)),
    }
}

fn both_sides(ui: &Ui, found: &DivergenceFound) {
    ui.data(format!("    recorded  {}", harmless(&found.recorded)));
    ui.data(format!("    asked     {}", harmless(&found.asked)));
    if let Some(position) = &found.position {
        ui.data(format!("    at        {}", harmless(position)));
    }
}

fn name(attempt: &AttemptChecked) -> String {
    let undo = match attempt.phase {
        Phase::Step => "",
        Phase::Undo => "undo of ",
    };
    match attempt.attempt {
        1 => format!("{undo}{}", attempt.step),
        later => format!("{undo}{}, attempt {later}", attempt.step),
    }
}

/// The last lines: the plan, and everything in numbers.
pub(super) fn sum_up(ui: &Ui, report: &ReplayReport) {
    match &report.plan {
        PlanChecked::Same => ui.data(format!("{} the plan is the same", ui.out(Style::Good, "✓"))),
        PlanChecked::None => ui.data("  the run ended before it had a plan"),
        PlanChecked::Differs(lines) => {
            for line in lines {
                ui.data(format!("{} {}", ui.out(Style::Bad, "✗"), harmless(line)));
            }
        }
    }
    let calls: u32 = report.attempts.iter().map(|attempt| attempt.agreed).sum();
    let counted = format!("{}, {}", plural(report.attempts.len(), "attempt"), plural(calls, "call"));
    let parted = report.attempts.iter().filter(|attempt| attempt.divergence().is_some()).count();
    let (style, word) = match (report.diverged(), not_checked(report)) {
        (true, _) if parted == 0 => (Style::Bad, "another plan".to_owned()),
        (true, _) => (Style::Bad, format!("{} diverged", plural(parted, "attempt"))),
        (false, 0) => (Style::Good, "agrees".to_owned()),
        (false, open) => (Style::Warn, format!("{} not checked to the end", plural(open, "attempt"))),
    };
    ui.data(format!("replay of run {}: {} ({counted})", report.run, ui.out(style, &word)));
}

fn not_checked(report: &ReplayReport) -> usize {
    report.attempts.iter().filter(|attempt| matches!(attempt.verdict, Verdict::NotChecked(_))).count()
}

/// Why a component does not agree; none when nothing is known against it.
pub(super) fn error_of(report: &ReplayReport) -> Option<CliError> {
    if !report.diverged() {
        return None;
    }
    let run = report.run;
    let error = CliError::new(Code::RunDiverged, format!("the component does not do what run {run} has recorded"));
    let error = match &report.plan {
        PlanChecked::Same | PlanChecked::None => error,
        PlanChecked::Differs(lines) => lines.iter().fold(error, CliError::detail),
    };
    let first = report.attempts.iter().find_map(AttemptChecked::divergence);
    let error = match first {
        None => error,
        Some(found) => {
            let error = error.detail(format!("call {}: recorded {}", found.id, found.recorded)).detail(format!("asked {}", found.asked));
            found.position.iter().fold(error, |error, position| error.detail(format!("at {position}")))
        }
    };
    Some(error.hint(format!("`{} show {run} --all` shows what was done", program())))
}

/// For `--json`.
pub(super) fn shown(report: &ReplayReport, error: Option<&CliError>) -> ReplayShown {
    ReplayShown {
        run: report.run,
        component: report.component,
        agrees: report.agrees(),
        plan: match &report.plan {
            PlanChecked::Same | PlanChecked::None => Vec::new(),
            PlanChecked::Differs(lines) => lines.clone(),
        },
        attempts: report.attempts.iter().map(attempt_shown).collect(),
        error: error.map(CliError::shown),
    }
}

fn attempt_shown(attempt: &AttemptChecked) -> AttemptShown {
    let (verdict, divergence, reason) = match &attempt.verdict {
        Verdict::Agreed => ("agreed", None, None),
        Verdict::Open(Open::Unfinished) => ("unfinished", None, None),
        Verdict::Open(Open::EndedByHost) => ("ended-by-host", None, None),
        Verdict::EndsOtherwise(found) => ("ends-otherwise", Some(found), None),
        Verdict::Diverged(found) => ("diverged", Some(found), None),
        Verdict::NotChecked(why) => ("not-checked", None, Some(why.clone())),
    };
    let phase = match attempt.phase {
        Phase::Step => "step",
        Phase::Undo => "undo",
    };
    AttemptShown {
        step: attempt.step.to_string(),
        phase: phase.to_owned(),
        attempt: attempt.attempt,
        agreed: attempt.agreed,
        recorded: attempt.recorded,
        verdict: verdict.to_owned(),
        divergence: divergence.map(|found| divergence_shown(found)),
        reason,
    }
}

fn divergence_shown(found: &DivergenceFound) -> DivergenceShown {
    DivergenceShown { call: found.id.to_string(), recorded: found.recorded.clone(), asked: found.asked.clone(), position: found.position.clone() }
}
