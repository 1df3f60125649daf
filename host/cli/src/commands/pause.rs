//! `lockstep pause`: a run stops before its next call.

use lockstep_api::Exit;
use lockstep_journal::Act;

use super::act::{ActArgs, carry_out};
use crate::context::Context;
use crate::error::CliError;

/// Pause a run before its next call
///
/// Also a run that another terminal or a worker drives, and one that waits: it will not be woken before `lockstep resume`.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    on: ActArgs,
}

/// Does it.
///
/// # Errors
/// When there is no such run, or it stands still already.
pub(super) fn run(args: &PauseArgs, context: &Context) -> Result<Exit, CliError> {
    let (store, run, reason) = args.on.find(context)?;
    carry_out(context, store, run, &Act::Pause { reason })
}
