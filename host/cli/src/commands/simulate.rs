//! `lockstep simulate`: a run in a scripted world, under a clock that jumps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_api::{Code, Exit};
use lockstep_gate::Interrupt;
use lockstep_journal::SealedRecord;
use lockstep_rehearsal::{Onlookers, Problem};

use super::audit::exported;
use super::ending;
use super::target::TargetArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::fsio;
use crate::rehearsals::{GrantFile, put_together, read_scenario};
use crate::ui::View;
use crate::{signals, wiring};

/// Run a procedure in a scripted world
///
/// Nothing outside is reached: the scenario answers each call, time jumps to what is waited for, and nothing is left in the store. The grant file decides as it
/// would in a run. Ends with the exit code of a run, or with 1 when something is not as the scenario expects. `lockstep explain scenario` is the reference.
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// The scenario: what the world answers, and what is expected
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
    /// Write the records of the run into a file, one a line as `audit export` gives them
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// Does it.
///
/// # Errors
/// When it could not be started; how it ended is its exit code.
pub(super) fn run(args: &SimulateArgs, context: &Context) -> Result<Exit, CliError> {
    let scenario = read_scenario(&args.scenario)?;
    let (name, component) = args.target.component.read()?;
    let grant = GrantFile::read(&args.target.grant_file_or(scenario.grant.as_deref())?)?;
    let cache = context.compiled();
    let procedure = Arc::new(wiring::load(&component, &name, Some(&grant.grant), cache.as_deref())?);
    let rehearsal = put_together(&args.scenario, scenario, &grant, procedure, args.target.parameters()?)?;

    let view = Arc::new(View::new(context.ui(), &[]));
    let (interrupt, heard) = (Interrupt::default(), Arc::clone(&view));
    signals::listen(&interrupt, move |what| heard.say(what))?;
    let played = rehearsal.play(&Onlookers { observer: Arc::clone(&view) as _, live: Arc::clone(&view) as _, interrupt });
    view.end();
    let play = played?;
    if let Some(file) = &args.journal {
        write_journal(file, &play.records)?;
    }
    let unmet = unmet(&rehearsal.plain(&play).problems);
    ending::tell_rehearsed(context.ui(), &play.records, &play.report, unmet)
}

fn write_journal(file: &Path, records: &[SealedRecord]) -> Result<(), CliError> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, &exported(record)?).map_err(|error| CliError::internal(format!("a record is not JSON: {error}")))?;
        lines.push(b'\n');
    }
    fsio::write(file, &lines)
}

/// What is not as the scenario expects.
fn unmet(problems: &[Problem]) -> Option<CliError> {
    let error = match problems {
        [] => return None,
        [alone] => CliError::new(Code::RehearsalFailed, &alone.what),
        several => {
            several.iter().fold(CliError::new(Code::RehearsalFailed, "it did not go as the scenario expects"), |error, problem| error.detail(&problem.what))
        }
    };
    Some(problems.iter().flat_map(|problem| &problem.details).fold(error, |error, detail| error.detail(detail)))
}
