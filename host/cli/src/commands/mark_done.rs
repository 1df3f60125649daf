//! `lockstep mark-done`: a step, or the undo of one, was done by hand.

use lockstep_api::{Code, Exit};
use lockstep_journal::Act;

use super::act::{ActArgs, carry_out};
use crate::context::Context;
use crate::error::CliError;

/// Say that a step was done by hand
///
/// A step that has failed or not begun counts as succeeded; when the run goes back, an undo that has failed counts as done. The evidence is part of the
/// journal: a ticket, a link, a digest.
#[derive(Debug, clap::Args)]
pub(crate) struct MarkDoneArgs {
    #[command(flatten)]
    on: ActArgs,
    /// The step
    step: String,
    /// How that can be seen
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    /// The step's output for later steps
    #[arg(long, value_name = "JSON")]
    output: Option<String>,
}

/// Does it.
///
/// # Errors
/// When there is no such run or step, or nothing of it is left to be done.
pub(super) fn run(args: &MarkDoneArgs, context: &Context) -> Result<Exit, CliError> {
    if let Some(output) = &args.output {
        serde_json::from_str::<serde_json::Value>(output).map_err(|error| CliError::new(Code::Usage, format!("--output is not JSON: {error}")))?;
    }
    let (store, run, reason) = args.on.find(context)?;
    let step = args.on.step(&store, run, &args.step)?;
    let evidence = if args.on.has_reason() { format!("{} ({reason})", args.evidence) } else { args.evidence.clone() };
    carry_out(context, store, run, &Act::MarkDone { step, evidence, output: args.output.clone() })
}
