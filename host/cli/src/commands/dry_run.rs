//! The dry run of a plan: goes through its steps with real reads, in a store that is thrown away.

use std::sync::Arc;

use lockstep_api::wire::{DryRunShown, StepTriedEnd, StepTriedShown, TriedShown};
use lockstep_api::{Code, Exit};
use lockstep_engine::{DryRunReport, Procedure, Start, StepEnd, StepTried, Waits, dry_run};
use lockstep_gate::{Came, Interrupt, Tried};
use lockstep_journal::event::Event;
use lockstep_journal::{NoObserver, SealedRecord};
use lockstep_model::Failure;

use super::target::Target;
use crate::context::Context;
use crate::error::CliError;
use crate::ui::{Style, Ui, View, harmless};
use crate::wiring::{self, Watchers};
use crate::{environment, signals};

/// What came of it.
pub(super) struct DryRun {
    /// To be printed.
    pub(super) shown: DryRunShown,
    /// What a run would fail of now.
    problem: Option<CliError>,
}

/// Goes through the steps.
///
/// # Errors
/// When it could not be started.
pub(super) fn go(target: &Target, procedure: Arc<dyn Procedure>, context: &Context) -> Result<DryRun, CliError> {
    let folder = tempfile::tempdir().map_err(|error| CliError::internal(format!("no temporary directory could be made: {error}")))?;
    let view = Arc::new(View::new(context.ui(), &[]));
    let (interrupt, heard) = (Interrupt::default(), Arc::clone(&view));
    signals::listen(&interrupt, move |what| heard.say(what))?;
    let watchers = Watchers { observer: Arc::new(NoObserver), live: Arc::clone(&view) as _, interrupt };
    let house = wiring::house(wiring::open_store(folder.path())?, watchers)?;
    let start = Start {
        procedure,
        grant: Arc::clone(&target.grant),
        grant_file: target.grant_file.display().to_string(),
        environment: target.environment.clone(),
        parameters: target.parameters.clone(),
        initiator: environment::user(),
        attended: false,
        expected_plan: None,
        waits: Waits::default(),
    };
    let report = dry_run(&house, start);
    view.end();
    let report = report?;
    let records = house.store.records(report.run)?;
    let cut_off = report
        .interrupted
        .then(|| CliError::new(Code::RunInterrupted, "the dry run was ended before its end").hint("nothing was changed, and nothing is kept"));
    Ok(DryRun { problem: problem(&report, &records).or(cut_off), shown: shown(report) })
}

impl DryRun {
    /// Says what a run would fail of, and gives the exit code.
    pub(super) fn end(&self, ui: &Ui) -> Exit {
        self.problem.as_ref().map_or(Exit::Done, |problem| {
            ui.say_error(problem);
            problem.exit()
        })
    }
}

/// The first failure that a run would meet as well.
fn problem(report: &DryRunReport, records: &[SealedRecord]) -> Option<CliError> {
    let (step, failure) = report.steps.iter().find_map(|step| match &step.end {
        StepEnd::Failed(failure) => Some((&step.step, failure)),
        StepEnd::Through | StepEnd::Stopped | StepEnd::FailedAfterTrial(_) | StepEnd::NotReached => None,
    })?;
    let denied = records.iter().find_map(|record| match &record.record.event {
        Event::CallDenied(denied) if denied.id.step == *step => Some(denied),
        _ => None,
    });
    Some(match (failure, denied) {
        (Failure::Denied(_), Some(denied)) => CliError::new(Code::CallDenied, denied.message.clone())
            .detail(format!("step `{step}`, call {} of the dry run", denied.id.call))
            .detail(format!("rule: {}", denied.rule))
            .maybe_hint(denied.hint.clone()),
        (failure, _) => CliError::new(Code::DryRunFailed, format!("step `{step}` would fail now: {failure}")).hint("nothing was changed; mend it before a run"),
    })
}

fn shown(report: DryRunReport) -> DryRunShown {
    let DryRunReport { steps, tried, interrupted, .. } = report;
    let steps = steps.into_iter().map(|StepTried { step, end }| {
        let calls = tried.iter().filter(|tried| tried.id.step == step).map(call).collect();
        let (end, failure) = match end {
            StepEnd::Through => (StepTriedEnd::Through, None),
            StepEnd::Stopped => (StepTriedEnd::Stopped, None),
            StepEnd::Failed(failure) => (StepTriedEnd::Failed, Some(failure)),
            StepEnd::FailedAfterTrial(failure) => (StepTriedEnd::FailedAfterTrial, Some(failure)),
            StepEnd::NotReached => (StepTriedEnd::NotReached, None),
        };
        StepTriedShown { step, end, failure, calls }
    });
    DryRunShown { steps: steps.collect(), interrupted }
}

fn call(tried: &Tried) -> TriedShown {
    let (came, failure, why) = match tried.came.clone() {
        Came::Taken => ("taken", None, None),
        Came::Refused(failure) => ("refused", Some(failure), None),
        Came::Untried(why) => ("untried", None, Some(why)),
    };
    TriedShown { call: tried.id.to_string(), what: tried.what.clone(), came, failure, why }
}

/// As text, below the plan.
pub(super) fn show(ui: &Ui, shown: &DryRunShown) {
    ui.data("");
    ui.data(format!("{}: nothing was changed", ui.out(Style::Strong, "dry run")));
    for (index, step) in shown.steps.iter().enumerate() {
        let words = match step.end {
            StepTriedEnd::Through => ui.out(Style::Good, "went through"),
            StepTriedEnd::Stopped => "ends at what cannot be tried".to_owned(),
            StepTriedEnd::Failed => ui.out(Style::Warn, "would fail"),
            StepTriedEnd::FailedAfterTrial => ui.out(Style::Warn, "failed, perhaps because what came before was only tried"),
            StepTriedEnd::NotReached => ui.out(Style::Dim, "not reached"),
        };
        ui.data(format!("{:3}. {}  {words}", index + 1, ui.out(Style::Strong, step.step.as_str())));
        for call in &step.calls {
            ui.data(format!("     {}  {}", harmless(&call.what), came_words(ui, call)));
        }
        if let Some(failure) = &step.failure {
            ui.data(format!("     {}", harmless(&failure.to_string())));
        }
    }
}

fn came_words(ui: &Ui, call: &TriedShown) -> String {
    match (&call.failure, &call.why) {
        (Some(failure), _) => format!("{}: {}", ui.out(Style::Warn, "would be refused"), harmless(&failure.to_string())),
        (None, Some(why)) => ui.out(Style::Dim, &format!("not tried: {}", harmless(why))),
        (None, None) => ui.out(Style::Good, "would be taken"),
    }
}
