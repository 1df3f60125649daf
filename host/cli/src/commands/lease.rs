//! `lockstep lease`: which run has which environment, and taking one away.

use clap::Subcommand;
use lockstep_api::wire::LeaseShown;
use lockstep_api::{Code, Exit};
use lockstep_engine::release;
use lockstep_gate::SystemClock;
use lockstep_journal::LeaseKept;
use lockstep_model::Clock as _;

use super::act::house;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::{existing_store, store_to_act};
use crate::ui::{Table, duration, instant};

/// Show or release the leases of environments
///
/// An environment belongs to one run from its first record until its last, also while that run waits, is paused or stuck. The process that drives a run
/// shows every few seconds that it lives.
#[derive(Debug, clap::Args)]
pub(crate) struct LeaseArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List which run has which environment
    List,
    /// Take an environment away from the run that has it
    ///
    /// The run is paused, and a process that drives it can do nothing further, even if it wakes up late. What it had done stays done: look before another
    /// run begins.
    Release {
        /// The environment's name
        environment: String,
        /// Why, for the journal
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Does it.
///
/// # Errors
/// When the store cannot be read, or there is nothing to release.
pub(super) fn run(args: &LeaseArgs, context: &Context) -> Result<Exit, CliError> {
    match &args.what {
        What::List => list(context),
        What::Release { environment, reason } => {
            if reason.trim().is_empty() {
                return Err(CliError::new(Code::Usage, "taking an environment away needs a reason").hint("give it as `--reason TEXT`"));
            }
            let run = release(&house(store_to_act(context)?)?, environment, reason)?;
            context.ui().data(format!("environment {environment} is free; run {run} had it"));
            context.ui().say(format!("`lockstep show {run}` shows what it had done, `lockstep undo {run}` takes that back"));
            Ok(Exit::Done)
        }
    }
}

fn list(context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let leases = existing_store(context)?.leases()?;
    if ui.json() {
        ui.print_json(&leases.iter().map(shown).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if leases.is_empty() {
        ui.say("every environment is free");
        return Ok(Exit::Done);
    }
    let mut table = Table::headed(&["ENVIRONMENT", "RUN", "SINCE", "DRIVEN BY", "FOR"]);
    for kept in &leases {
        let run = kept.run.map(|run| run.to_string()).unwrap_or_default();
        table.row([&kept.environment, &run, &instant(kept.since), &driven_by(kept), &kept.reason]);
    }
    ui.raw(&table.render(ui.colors_data()));
    Ok(Exit::Done)
}

/// Who drives the run, and when that was last seen.
fn driven_by(kept: &LeaseKept) -> String {
    let silent = SystemClock.now().since(kept.beat);
    match &kept.process {
        Some(_) => format!("{}, seen {} ago", kept.holder, duration(silent)),
        None => format!("nobody; last {}", kept.holder),
    }
}

fn shown(kept: &LeaseKept) -> LeaseShown {
    LeaseShown {
        environment: kept.environment.clone(),
        run: kept.run,
        token: kept.token,
        driven: kept.process.is_some(),
        holder: kept.holder.clone(),
        reason: kept.reason.clone(),
        since: kept.since,
        seen: kept.beat,
    }
}
