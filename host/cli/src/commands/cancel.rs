//! `lockstep cancel`: a run stops now.

use lockstep_api::Exit;
use lockstep_journal::Act;

use super::act::{ActArgs, carry_out};
use crate::context::Context;
use crate::error::CliError;

/// Stop a run now, in the middle of a call as well
///
/// A program that is running is killed, a request is given up. A call that must not be done twice is in doubt then and is put to you; otherwise the run
/// is paused. `lockstep resume` goes on, `lockstep undo` takes back what was done.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    on: ActArgs,
}

/// Does it.
///
/// # Errors
/// When there is no such run, or it stands still already.
pub(super) fn run(args: &CancelArgs, context: &Context) -> Result<Exit, CliError> {
    let (store, run, reason) = args.on.find(context)?;
    carry_out(context, store, run, &Act::Cancel { reason })
}
