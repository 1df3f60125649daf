//! `lockstep audit checkpoint`: the ledger's head, signed, to be kept elsewhere.

use lockstep_api::Exit;
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::journal::store_to_act;

/// Print the signed head of the ledger, to be kept elsewhere
///
/// A C2SP tlog-checkpoint in a signed note. A store cannot lose what a checkpoint kept elsewhere covers without `audit verify --checkpoint` noticing.
#[derive(Debug, clap::Args)]
pub(super) struct CheckpointArgs {
    /// Print the key that checkpoints are verified with instead
    #[arg(long)]
    key: bool,
}

#[derive(Serialize)]
struct Shown {
    checkpoint: String,
    key: String,
}

/// Does it.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) fn run(args: &CheckpointArgs, context: &Context) -> Result<Exit, CliError> {
    let store = store_to_act(context)?;
    let ui = context.ui();
    match (args.key, ui.json()) {
        (true, false) => ui.data(store.verifier_key()),
        (false, false) => ui.raw(&store.checkpoint()?),
        (_, true) => ui.print_json(&Shown { checkpoint: store.checkpoint()?, key: store.verifier_key() })?,
    }
    Ok(Exit::Done)
}
