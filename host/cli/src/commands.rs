//! The verbs: one file each, with the help as the doc comment of its arguments and the function that does it below.

mod act;
mod artifacts;
mod audit;
mod build;
mod calls;
mod cancel;
mod check;
mod completions;
mod doctor;
mod drive;
mod dry_run;
mod ending;
mod explain;
mod grant;
mod inspect;
mod lease;
mod logs;
mod mark_done;
mod migrate;
mod names;
mod new;
mod pause;
mod plan;
mod replay;
mod replayed;
mod resolve;
mod resume;
mod retry;
mod run;
mod runs;
mod show;
mod simulate;
mod skip;
mod steps;
mod store;
mod target;
mod test;
mod tick;
mod undo;
mod waking;
mod worker;

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
    Simulate(simulate::SimulateArgs),
    Test(test::TestArgs),
    Run(run::RunArgs),
    Resume(resume::ResumeArgs),
    Undo(undo::UndoArgs),
    Pause(pause::PauseArgs),
    Cancel(cancel::CancelArgs),
    Retry(retry::RetryArgs),
    Skip(skip::SkipArgs),
    MarkDone(mark_done::MarkDoneArgs),
    Resolve(resolve::ResolveArgs),
    Replay(replay::ReplayArgs),
    Migrate(migrate::MigrateArgs),
    Runs(runs::RunsArgs),
    Show(show::ShowArgs),
    Logs(logs::LogsArgs),
    Artifacts(artifacts::ArtifactsArgs),
    Tick(tick::TickArgs),
    Worker(worker::WorkerArgs),
    Lease(lease::LeaseArgs),
    Audit(audit::AuditArgs),
    Grant(grant::GrantArgs),
    Store(store::StoreArgs),
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
        Command::Simulate(args) => simulate::run(args, context),
        Command::Test(args) => test::run(args, context),
        Command::Run(args) => run::run(args, context),
        Command::Resume(args) => resume::run(args, context),
        Command::Undo(args) => undo::run(args, context),
        Command::Pause(args) => pause::run(args, context),
        Command::Cancel(args) => cancel::run(args, context),
        Command::Retry(args) => retry::run(args, context),
        Command::Skip(args) => skip::run(args, context),
        Command::MarkDone(args) => mark_done::run(args, context),
        Command::Resolve(args) => resolve::run(args, context),
        Command::Replay(args) => replay::run(args, context),
        Command::Migrate(args) => migrate::run(args, context),
        Command::Runs(args) => runs::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Logs(args) => logs::run(args, context),
        Command::Artifacts(args) => artifacts::run(args, context),
        Command::Tick(args) => tick::run(args, context),
        Command::Worker(args) => worker::run(args, context),
        Command::Lease(args) => lease::run(args, context),
        Command::Audit(args) => audit::run(args, context),
        Command::Grant(args) => grant::run(args, context),
        Command::Store(args) => store::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Completions(args) => completions::run(args, context),
    }
}
