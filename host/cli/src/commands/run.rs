//! `lockstep run`: a new run, from its grant to its end.

use std::io::IsTerminal as _;
use std::sync::Arc;

use lockstep_api::Exit;
use lockstep_engine::{Start, start};
use lockstep_model::Digest;

use super::drive::drive;
use super::ending::Wish;
use super::target::{Target, TargetArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::keep;
use crate::{environment, wiring};

/// Run a procedure
///
/// Each step's effects are recorded before and after they happen. When a step fails and no person is attached, everything done is undone, last in
/// first out; when one is, the run pauses. Ctrl-C pauses after the current call; `lockstep resume` goes on, also after a crash.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Run only if the plan is this one, as `lockstep plan` printed it
    #[arg(long, value_name = "DIGEST")]
    plan: Option<Digest>,
    /// Nobody is attached: a failure without a policy of its own undoes instead of pausing
    #[arg(long)]
    yes: bool,
}

/// Does it.
///
/// # Errors
/// When it could not be started; how it ended is its exit code.
pub(super) fn run(args: &RunArgs, context: &Context) -> Result<Exit, CliError> {
    let Target { name, component, grant, grant_bytes, grant_file, environment, parameters } = args.target.read()?;
    let folder = context.store()?;
    let store = wiring::open_store(&folder)?;
    let procedure = wiring::load(&component, &name, Some(&grant), Some(&folder))?;
    keep(&*store, component, grant_bytes)?;
    let start_with = Start {
        procedure: Arc::new(procedure),
        grant: Arc::new(grant),
        grant_file: grant_file.display().to_string(),
        environment,
        parameters,
        initiator: environment::user(),
        attended: attended(args.yes, context),
        expected_plan: args.plan,
    };
    drive(context, store, &[], Wish::Forward, |house| start(house, start_with))
}

/// Whether a person can be expected to answer.
pub(super) fn attended(yes: bool, context: &Context) -> bool {
    !yes && !context.ui().json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
