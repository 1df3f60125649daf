//! `lockstep run`: a new run, from its grant to its end.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use lockstep_api::Exit;
use lockstep_engine::{Start, Waits, start};
use lockstep_grant::units::duration;
use lockstep_model::Digest;

use super::drive::{Driven, drive};
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
    #[command(flatten)]
    waits: WaitArgs,
}

/// How this process waits.
#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// When the run waits for long, leave it to `lockstep tick` or a worker and end with 5
    #[arg(long)]
    detach: bool,
    /// Wait so long for an environment that another run has: 15m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
}

impl WaitArgs {
    /// For the engine.
    pub(super) fn read(&self) -> Waits {
        Waits { environment: self.wait.unwrap_or_default(), detach: self.detach, hand_on: false }
    }
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
        grant,
        grant_file: grant_file.display().to_string(),
        environment,
        parameters,
        initiator: environment::user(),
        attended: attended(args.yes, context),
        expected_plan: args.plan,
        waits: args.waits.read(),
    };
    drive(context, Driven { store, before: &[], wish: Wish::Forward, elsewhere: None }, |house| start(house, start_with))
}

/// Whether a person can be expected to answer.
pub(super) fn attended(yes: bool, context: &Context) -> bool {
    !yes && !context.ui().json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
