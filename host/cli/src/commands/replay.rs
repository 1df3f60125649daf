//! `lockstep replay`: checks what a run recorded against a component, with no effects.

use std::path::PathBuf;

use lockstep_api::Exit;
use lockstep_engine::replay;

use super::replayed;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::wiring;

/// Check a run's records against its component, with no effects
///
/// Every attempt of a step or an undo is made once more and answered from the journal: each call and each end must be as recorded. Nothing is performed or
/// written, and no secret is needed. Ends with 7 when the two part, and says where. A run that is under way is checked as far as its records go.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// Another component: would it have done the same?
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Does it.
///
/// # Errors
/// When there is no such run, or its component cannot be loaded.
pub(super) fn run(args: &ReplayArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let component = run.component(args.file.as_deref())?;
    // Only its limits count: the grant itself is not asked.
    let grant = run.grant(None).ok().map(|(grant, _)| grant);
    let procedure = wiring::load(&component, "the component", grant.as_ref(), Some(&context.store()?))?;
    let ui = context.ui();
    let report = replay(&run.store, run.state.run, &procedure, &mut |attempt| replayed::tell(ui, attempt))?;
    let error = replayed::error_of(&report);
    if let Some(error) = &error {
        ui.say_error(error);
    }
    if ui.json() {
        ui.print_json(&replayed::shown(&report, error.as_ref()))?;
    } else {
        replayed::sum_up(ui, &report);
    }
    Ok(if report.diverged() { Exit::Diverged } else { Exit::Done })
}
