//! `lockstep plan`: what a run would do, before it does anything.

use std::sync::Arc;

use lockstep_api::Exit;
use lockstep_api::wire::{DryRunShown, PlanShown, StepShown};
use lockstep_engine::{DeclaredPlan, declare};
use lockstep_grant::Grant;
use lockstep_model::Digest;
use lockstep_model::plan::{OnFailure, Retry, Step, Undo};
use lockstep_model::request::{DbAsk, DbRequest, HttpRequest, KubeCall, KubeRequest, RedisRequest, ShellRequest};

use super::dry_run;
use super::names::{on_failure_words, undo_word};
use super::target::{Target, TargetArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::ui::{Style, Ui, duration, harmless};
use crate::wiring;

/// Show what a run would do
///
/// Its steps with what failure and undo mean for each, the point of no return, what the grant allows, and what cannot be known.
/// The procedure is asked in a sandbox where it can reach nothing. The digest at the end is what `run --plan` binds a run to.
/// With `--dry-run` its steps are gone through as well, as far as that changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Go through the steps: reads are real, what would change something is only tried where its far side can do that, and else its step ends there
    ///
    /// A Kubernetes server goes through a change and stores nothing; a database executes in a transaction that is rolled back, where the grant has `dry-run`.
    /// Nothing is kept. Ends with 1 when a step would fail now, and with 3 when the grant would refuse a call.
    #[arg(long)]
    dry_run: bool,
}

/// Does it.
///
/// # Errors
/// When the component, the grant or the parameters do not fit.
pub(super) fn run(args: &PlanArgs, context: &Context) -> Result<Exit, CliError> {
    let target = args.target.read()?;
    let Target { name, component, grant, environment, parameters, .. } = &target;
    let cache = context.compiled();
    let procedure = Arc::new(wiring::load(component, name, Some(grant), cache.as_deref())?);
    let declared = declare(&*procedure, grant, environment, parameters)?;
    let tried = args.dry_run.then(|| dry_run::go(&target, procedure, context)).transpose()?;
    let shown = shown(declared, Digest::of(component), grant, environment, tried.as_ref().map(|tried| tried.shown.clone()));
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&shown)?
    } else {
        show(ui, &shown)
    }
    Ok(tried.map_or(Exit::Done, |tried| tried.end(ui)))
}

fn shown(declared: DeclaredPlan, component: Digest, grant: &Grant, environment: &str, dry_run: Option<DryRunShown>) -> PlanShown {
    let DeclaredPlan { description, parameters, plan, digest } = declared;
    let point_of_no_return = plan.steps.iter().find(|step| step.undo == Undo::Irreversible).map(|step| step.id.to_string());
    PlanShown {
        procedure: description,
        component,
        grant: grant.digest(),
        environment: environment.to_owned(),
        parameters,
        digest,
        steps: plan.steps.into_iter().enumerate().map(|(index, step)| StepShown { number: index + 1, step }).collect(),
        point_of_no_return,
        allows: allows(grant),
        unknowns: unknowns(grant, dry_run.is_some()),
        dry_run,
    }
}

/// Every rule of the grant, a line each. Asking about something that nobody asks for gives all of them, as the gate would consider them.
fn allows(grant: &Grant) -> Vec<String> {
    let http = grant.explain(&HttpRequest::to("GET", "http://lockstep.invalid/")).considered;
    let shell = grant.explain(&ShellRequest::command("/lockstep.invalid", &[])).considered;
    let redis = grant.explain(&RedisRequest::run("lockstep.invalid", &["PING"])).considered;
    let kube = grant.explain(&KubeRequest::of("lockstep.invalid/v1", "Nothing", "", "nothing", KubeCall::Read)).considered;
    let db = grant.explain(&DbRequest { database: "lockstep.invalid".to_owned(), ask: DbAsk::Open }).considered;
    let rules = http.into_iter().map(|rule| ("http", rule)).chain(shell.into_iter().map(|rule| ("shell", rule)));
    let rules = rules.chain(redis.into_iter().map(|rule| ("redis", rule)));
    let rules = rules.chain(kube.into_iter().map(|rule| ("kube", rule)));
    let rules = rules.chain(db.into_iter().map(|rule| ("db", rule)));
    let mut lines: Vec<String> = rules
        .map(|(interface, rule)| {
            let side = match rule.side {
                lockstep_grant::Side::Allow => "allow",
                lockstep_grant::Side::Deny => "deny",
            };
            let class = rule.class.map(|class| format!(" as {class}, whatever the procedure says")).unwrap_or_default();
            format!("{interface} {side} {}{class}", rule.text)
        })
        .collect();
    lines.extend(grant.http().ways().iter().map(|way| format!("http {way}")));
    for mount in grant.files().mounts() {
        lines.push(format!("files {}", super::names::mount(mount)));
    }
    lines.extend(grant.secrets().iter().map(|secret| format!("secret {}", secret.id)));
    lines
}

/// A plan that does not lie says what it does not say.
fn unknowns(grant: &Grant, tried: bool) -> Vec<String> {
    let mut unknowns = vec![
        "which calls each step makes: that is decided while it runs, within what the grant allows".to_owned(),
        "what the world answers, and so whether a step fails".to_owned(),
    ];
    if grant.allows_interface("http").is_ok() {
        unknowns.push("what names resolve to: addresses are checked when a request is sent".to_owned());
    }
    if !tried {
        unknowns.push("how things stand now: with `--dry-run` they are read, and changes are tried where that can be done".to_owned());
    }
    unknowns
}

fn show(ui: &Ui, shown: &PlanShown) {
    let procedure = &shown.procedure;
    let title = procedure.title.as_deref().map(|title| format!(": {}", harmless(title))).unwrap_or_default();
    ui.data(format!("{} {} in {}{title}", ui.out(Style::Strong, &harmless(&procedure.name)), harmless(&procedure.version), harmless(&shown.environment)));
    for (id, value) in &shown.parameters {
        ui.data(format!("  {}={}", harmless(id), harmless(value)));
    }
    let mut phase = None;
    for (index, step) in shown.steps.iter().enumerate() {
        if step.step.phase != phase || index == 0 {
            phase.clone_from(&step.step.phase);
            ui.data("");
            if let Some(phase) = &phase {
                ui.data(ui.out(Style::Strong, &harmless(phase)));
            }
        }
        let before = index.checked_sub(1).and_then(|before| shown.steps.get(before)).map(|before| before.step.id.as_str());
        show_step(ui, step, before);
    }
    ui.data("");
    match &shown.point_of_no_return {
        Some(step) => ui.data(format!("{}: `{step}`. What was done up to it is not undone after it.", ui.out(Style::Warn, "point of no return"))),
        None => ui.data("no point of no return: everything that declares an undo can be undone"),
    }
    section(ui, "the grant allows", &shown.allows, "nothing but planning, logging, time and artifacts");
    section(ui, "not known yet", &shown.unknowns, "");
    if let Some(tried) = &shown.dry_run {
        dry_run::show(ui, tried);
    }
    ui.data("");
    ui.data(format!("component  {}", shown.component));
    ui.data(format!("grant      {}", shown.grant));
    ui.data(format!("plan       {}", ui.out(Style::Strong, &shown.digest.to_string())));
}

fn section(ui: &Ui, title: &str, lines: &[String], nothing: &str) {
    ui.data("");
    ui.data(format!("{title}:"));
    for line in lines {
        ui.data(format!("  {}", harmless(line)));
    }
    if lines.is_empty() {
        ui.data(format!("  {nothing}"));
    }
}

fn show_step(ui: &Ui, shown: &StepShown, before: Option<&str>) {
    let Step { id, title, .. } = &shown.step;
    ui.data(format!("{:3}. {}  {}", shown.number, ui.out(Style::Strong, id.as_str()), harmless(title)));
    let mut facts = Vec::new();
    let step = &shown.step;
    let needs: Vec<&str> = step.needs.iter().map(|need| need.as_str()).collect();
    // Needing the step before is what everybody expects.
    if before.map_or(!needs.is_empty(), |before| needs != [before]) {
        facts.push(if needs.is_empty() { "needs nothing before it".to_owned() } else { format!("needs {}", needs.join(", ")) });
    }
    facts.push(match step.undo {
        Undo::UndoStep => "undo: yes".to_owned(),
        Undo::NothingToUndo => undo_word(step.undo).to_owned(),
        Undo::Irreversible => ui.out(Style::Warn, "irreversible"),
    });
    facts.extend(retry_words(&step.retry));
    if let Some(seconds) = step.timeout_seconds {
        facts.push(format!("at most {}", duration(std::time::Duration::from_secs(seconds.into()))));
    }
    if let Some(seconds) = step.expected_seconds {
        facts.push(format!("usually {}", duration(std::time::Duration::from_secs(seconds.into()))));
    }
    if step.on_failure != OnFailure::Decide {
        facts.push(format!("on failure: {}", on_failure_words(step.on_failure)));
    }
    ui.data(format!("     {}", facts.join(" · ")));
    for line in step.about.iter().flat_map(|about| about.lines()) {
        ui.data(ui.out(Style::Dim, &format!("     {}", harmless(line))));
    }
}

fn retry_words(retry: &Retry) -> Option<String> {
    let wait = |milliseconds: u32| duration(std::time::Duration::from_millis(milliseconds.into()));
    let codes = if retry.codes.is_empty() { String::new() } else { format!(" after {}", harmless(&retry.codes.join(", "))) };
    (retry.attempts > 1).then(|| {
        format!(
            "up to {} attempts{codes}, {} to {} apart",
            retry.attempts,
            wait(retry.backoff_milliseconds.min(retry.longest_milliseconds)),
            wait(retry.longest_milliseconds)
        )
    })
}
