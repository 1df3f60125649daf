//! `lockstep undo`: takes back what a run has done, last in first out.

use lockstep_api::{Code, Exit};
use lockstep_engine::undo;
use lockstep_journal::Act;
use lockstep_model::StepId;

use super::drive::{Driven, drive};
use super::ending::Wish;
use super::resume::AgainArgs;
use crate::context::Context;
use crate::error::CliError;

/// Undo a run, also one that has succeeded
///
/// Steps are undone last in first out, by the procedure's own undo, back to the beginning or to the step named with --to. An irreversible step is the
/// end of the way back. Ends with 0 when all was undone that had to be.
#[derive(Debug, clap::Args)]
pub(crate) struct UndoArgs {
    #[command(flatten)]
    again: AgainArgs,
    /// This step and those before it stay done
    #[arg(long, value_name = "STEP")]
    to: Option<String>,
}

/// Does it.
///
/// # Errors
/// When it could not be begun; how it ended is its exit code.
pub(super) fn run(args: &UndoArgs, context: &Context) -> Result<Exit, CliError> {
    let (run, again) = args.again.prepare(context, Wish::Undo)?;
    let no_step = |text: &str| {
        CliError::new(Code::NoSuchStep, format!("run {} has not started a step `{text}`", run.state.run))
            .hint(format!("`lockstep show {}` lists its steps", run.state.run))
    };
    let to = match args.to.as_deref() {
        None => None,
        Some(text) => {
            let id = StepId::parse(text).ok().filter(|id| run.state.started.contains(id));
            Some(id.ok_or_else(|| no_step(&text.chars().take(64).collect::<String>()))?)
        }
    };
    let elsewhere = Act::Undo { to: to.clone(), reason: again.reason.clone() };
    let driven = Driven { store: run.store, before: &run.records, wish: Wish::Undo, elsewhere: Some((run.state.run, elsewhere)) };
    drive(context, driven, |house| undo(house, again, to))
}
