//! `lockstep skip`: a step is left out.

use lockstep_api::{Code, Exit};
use lockstep_journal::Act;

use super::act::{ActArgs, carry_out};
use crate::context::Context;
use crate::error::CliError;

/// Leave out a step that has failed or not begun
///
/// What needs it goes on as if it had succeeded, without its output. The reason is part of the journal and must be given.
#[derive(Debug, clap::Args)]
pub(crate) struct SkipArgs {
    #[command(flatten)]
    on: ActArgs,
    /// The step
    step: String,
}

/// Does it.
///
/// # Errors
/// When there is no such run or step, or it is not one that can be left out.
pub(super) fn run(args: &SkipArgs, context: &Context) -> Result<Exit, CliError> {
    if !args.on.has_reason() {
        return Err(CliError::new(Code::Usage, "leaving out a step needs a reason").hint("give it as `--reason TEXT`"));
    }
    let (store, run, reason) = args.on.find(context)?;
    let step = args.on.step(&store, run, &args.step)?;
    carry_out(context, store, run, &Act::Skip { step, reason })
}
