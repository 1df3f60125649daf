//! The verbs: one file each, with the help as the doc comment of its arguments and the function that does it below.

mod audit;
mod build;
mod calls;
mod check;
mod completions;
mod doctor;
mod drive;
mod ending;
mod explain;
mod grant;
mod inspect;
mod logs;
mod names;
mod new;
mod plan;
mod resolve;
mod resume;
mod run;
mod runs;

mod show;
mod steps;
mod target;
mod undo;

use clap::Subcommand;
use lockstep_api::Exit;

use crate::context::Context;
use crate::error::CliError;

/// What to do.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = false)]
pub(crate) enum Command {
    New(new::NewArgs),
    Build(build::BuildArgs),
    Inspect(inspect::InspectArgs),
    Check(check::CheckArgs),
    Plan(plan::PlanArgs),
    Run(run::RunArgs),
    Resume(resume::ResumeArgs),
    Undo(undo::UndoArgs),
    Resolve(resolve::ResolveArgs),
    Runs(runs::RunsArgs),
    Show(show::ShowArgs),
    Logs(logs::LogsArgs),
    Audit(audit::AuditArgs),
    Grant(grant::GrantArgs),
    Doctor(doctor::DoctorArgs),
    Explain(explain::ExplainArgs),
    Completions(completions::CompletionsArgs),
}

/// Does it.
///
/// # Errors
/// What the operator is to be told.
pub(crate) fn dispatch(command: &Command, context: &Context) -> Result<Exit, CliError> {
    match command {
        Command::New(args) => new::run(args, context),
        Command::Build(args) => build::run(args, context),
        Command::Inspect(args) => inspect::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Plan(args) => plan::run(args, context),
        Command::Run(args) => run::run(args, context),
        Command::Resume(args) => resume::run(args, context),
        Command::Undo(args) => undo::run(args, context),
        Command::Resolve(args) => resolve::run(args, context),
        Command::Runs(args) => runs::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Logs(args) => logs::run(args, context),
        Command::Audit(args) => audit::run(args, context),
        Command::Grant(args) => grant::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Completions(args) => completions::run(args, context),
    }
}
