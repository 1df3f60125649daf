//! `lockstep migrate`: moves a run to another component, if a replay agrees.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_api::wire::Migrated;
use lockstep_api::{Code, Exit};
use lockstep_engine::{Migrate, migrate};
use lockstep_gate::{Interrupt, NoLive};
use lockstep_journal::NoObserver;
use lockstep_model::Digest;

use super::replayed;
use super::resolve::ask_reason;
use crate::context::{Context, program};
use crate::error::CliError;
use crate::fsio;
use crate::journal::Run;
use crate::wiring::{self, Watchers};

/// Move a run to another component, if a replay agrees
///
/// The whole run is replayed with the new component. When the plan is the same and every recorded call is asked for just so, the run goes with the new one
/// from here on; else nothing is changed, and it ends with 7. What may be different is how steps go that have not begun, and how a step goes on from where it failed.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// The new component
    file: PathBuf,
    /// The grant file that the new component's imports are compared with, when it is not the run's own
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Does it.
///
/// # Errors
/// When the run has ended or goes with that component already, or the component cannot be loaded or is not granted what it imports.
pub(super) fn run(args: &MigrateArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find_to_act(context, &args.run)?;
    let id = run.state.run;
    let component = fsio::read(&args.file)?;
    if Digest::of(&component) == run.state.component {
        return Err(
            CliError::new(Code::Usage, format!("run {id} goes with this component already")).hint(format!("`{} resume {id}` goes on with it", program()))
        );
    }
    let (grant, _) = run.grant(args.env.as_deref())?;
    let procedure = wiring::load(&component, &args.file.display().to_string(), Some(&grant), Some(&context.store()?))?;
    let reason = args.reason.clone().map_or_else(|| ask_reason(context), Ok)?;
    let watchers = Watchers { observer: Arc::new(NoObserver), live: Arc::new(NoLive), interrupt: Interrupt::default() };
    let house = wiring::house(run.store.clone(), watchers)?;
    let moving = Migrate { run: id, procedure: Arc::new(procedure), component, grant: Arc::new(grant), reason };
    let ui = context.ui();
    let report = migrate(&house, moving, &mut |attempt| replayed::tell(ui, attempt))?;
    let (moved, found) = (report.agrees(), replayed::error_of(&report));
    let error = (!moved).then(|| found.unwrap_or_else(|| not_shown(&report)).hint(format!("run {id} stays with the component it has")));
    if let Some(error) = &error {
        ui.say_error(error);
    }
    if ui.json() {
        ui.print_json(&Migrated { migrated: moved, replay: replayed::shown(&report, error.as_ref()) })?;
    } else {
        replayed::sum_up(ui, &report);
    }
    if moved {
        ui.say(format!("run {id} goes with component {}; next: {} resume {id}", report.component, program()));
    }
    Ok(if moved { Exit::Done } else { Exit::Diverged })
}

/// Nothing diverged, but not everything could be checked.
fn not_shown(report: &lockstep_engine::ReplayReport) -> CliError {
    CliError::new(Code::RunDiverged, format!("it cannot be shown that the component agrees with run {}", report.run))
}
