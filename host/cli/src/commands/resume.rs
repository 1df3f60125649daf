//! `lockstep resume`: goes on with a run after a crash, a pause, or when what it was stuck on has been mended.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_api::Exit;
use lockstep_engine::{EngineError, Resume, resume};
use lockstep_journal::RunStatus;
use lockstep_model::RunOutcome;

use super::drive::{Driven, drive};
use super::ending::Wish;
use super::run::{WaitArgs, attended};
use crate::context::{Context, absolute, program};
use crate::environment;
use crate::error::CliError;
use crate::journal::{Run, keep};
use crate::ui::shell_word;
use crate::wiring;

/// Go on with a run
///
/// Finished calls are answered from the journal, so nothing is done twice. A step that had failed for good is tried again.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    again: AgainArgs,
}

/// What `resume` and `undo` have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct AgainArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// A grant file from here on: another one, or the same after a change; without it the run keeps the grant that it has
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// The component, when the store does not have it any more
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Nobody is attached: a failure without a policy of its own undoes instead of pausing
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    waits: WaitArgs,
}

/// Does it.
///
/// # Errors
/// When it could not be gone on with; how it ended is its exit code.
pub(super) fn run(args: &ResumeArgs, context: &Context) -> Result<Exit, CliError> {
    let (run, again) = args.again.prepare(context, Wish::Forward)?;
    let driven = Driven { store: run.store, before: &run.records, wish: Wish::Forward, elsewhere: None };
    drive(context, driven, |house| resume(house, again))
}

impl AgainArgs {
    /// Reads the run and what it is made of.
    ///
    /// # Errors
    /// When it has ended, or something of it is missing.
    pub(super) fn prepare(&self, context: &Context, wish: Wish) -> Result<(Run, Resume), CliError> {
        let run = Run::find_to_act(context, &self.run)?;
        if let RunStatus::Finished(outcome) = run.state.status
            && (wish, outcome) != (Wish::Undo, RunOutcome::Succeeded)
        {
            // Said before anything that it is made of is looked for.
            return Err(EngineError::Ended { run: run.state.run, outcome }.into());
        }
        let component = run.component(self.file.as_deref())?;
        let (grant, grant_bytes) = run.grant(self.env.as_deref())?;
        if self.env.is_none() && run.grant_file_has_changed() {
            let (verb, file) = (if wish == Wish::Undo { "undo" } else { "resume" }, shell_word(&run.state.grant_file));
            let command = format!("{} {verb} {} --env {file}", program(), run.state.run);
            context.ui().say(format!("{file} has changed; the run keeps the grant that it has. As the file is now: `{command}`"));
        }
        let procedure = wiring::load(&component, "the component", Some(&grant), Some(&context.store()?))?;
        keep(&*run.store, component, grant_bytes)?;
        let act = if wish == Wish::Undo { "undone" } else { "resumed" };
        let reason = self.reason.clone().unwrap_or_else(|| format!("{act} by {}", environment::user()));
        let (procedure, grant) = (Arc::new(procedure), Arc::new(grant));
        let grant_file = match &self.env {
            Some(file) => absolute(file)?.display().to_string(),
            None => run.state.grant_file.clone(),
        };
        let again = Resume { run: run.state.run, procedure, grant, grant_file, attended: attended(self.yes, context), reason, waits: self.waits.read() };
        Ok((run, again))
    }
}
