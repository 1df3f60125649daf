//! `lockstep inspect`: what a component says of itself, without running it.

use lockstep_api::Exit;
use lockstep_api::wire::Inspected;
use lockstep_model::plan::{Description, Plan};

use super::target::ComponentArgs;
use crate::component;
use crate::context::Context;
use crate::error::CliError;
use crate::ui::{Style, Table, Ui, bytes, harmless};

/// Show what a component is and may ask for; runs nothing of it
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    component: ComponentArgs,
}

/// Does it.
///
/// # Errors
/// When it is no procedure.
pub(super) fn run(args: &InspectArgs, context: &Context) -> Result<Exit, CliError> {
    let (name, component) = args.component.read()?;
    let facts = component::read(&component, &name)?;
    let ui = context.ui();
    if ui.json() {
        let component::Facts { digest, size, imports, descriptor } = facts;
        ui.print_json(&Inspected { file: name, digest, size, imports, descriptor })?;
        return Ok(Exit::Done);
    }
    match &facts.descriptor {
        Some(descriptor) => show_procedure(ui, &descriptor.procedure),
        None => ui.data(format!("{name}: a procedure that was not built by `lockstep build`: it says nothing of itself")),
    }
    ui.data(format!("  file      {name} ({})", bytes(facts.size)));
    ui.data(format!("  digest    {}", facts.digest));
    ui.data(format!("  imports   {}", harmless(&super::names::import_names(&facts.imports))));
    if facts.imports.iter().any(|import| component::is_wasi(import)) {
        ui.data(format!("            {}", super::names::VIRTUAL_WASI));
    }
    if let Some(descriptor) = &facts.descriptor {
        ui.data(format!("  built by  {}, contract {}", harmless(&descriptor.builder), harmless(&descriptor.contract)));
        show_parameters(ui, &descriptor.procedure);
        match &descriptor.plan {
            Some(plan) => show_steps(ui, plan),
            None => ui.data("\nIts steps depend on parameters that have no fallback: `lockstep plan` shows them."),
        }
    }
    Ok(Exit::Done)
}

fn show_procedure(ui: &Ui, procedure: &Description) {
    let title = procedure.title.as_deref().map(|title| format!(": {}", harmless(title))).unwrap_or_default();
    ui.data(format!("{} {}{title}", ui.out(Style::Strong, &harmless(&procedure.name)), harmless(&procedure.version)));
}

fn show_parameters(ui: &Ui, procedure: &Description) {
    if procedure.parameters.is_empty() {
        return;
    }
    let mut table = Table::headed(&["PARAMETER", "FALLBACK", "CHOICES", "TITLE"]);
    for parameter in &procedure.parameters {
        let fallback = parameter.fallback.as_deref().unwrap_or("(required)");
        table.row([&parameter.id, fallback, &parameter.choices.join(", "), parameter.title.as_deref().unwrap_or_default()]);
    }
    ui.data("");
    ui.raw(&table.render(ui.colors_data()));
}

fn show_steps(ui: &Ui, plan: &Plan) {
    let mut table = Table::headed(&["STEP", "PHASE", "UNDO", "TITLE"]);
    for step in &plan.steps {
        table.row([step.id.as_str(), step.phase.as_deref().unwrap_or_default(), super::names::undo_word(step.undo), &step.title]);
    }
    ui.data("");
    ui.raw(&table.render(ui.colors_data()));
}
