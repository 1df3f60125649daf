//! `lockstep audit`: proves what the journal says, and gives it to others.

mod checkpoint;
mod export;
mod prove;
mod secret;
mod show;
mod verify;

pub(super) use export::exported;

use clap::Subcommand;
use lockstep_api::Exit;

use crate::context::Context;
use crate::error::CliError;

/// Verify, show and export the journal
///
/// Every record of every run is in one ledger, a Merkle tree with signed heads: change, insert, delete or reorder a record and `verify` says which.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    act: AuditAct,
}

#[derive(Debug, Subcommand)]
enum AuditAct {
    Verify(verify::VerifyArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Prove(prove::ProveArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Secret(secret::SecretArgs),
}

/// Does it.
///
/// # Errors
/// When the store cannot be read; what does not verify is an error as well.
pub(super) fn run(args: &AuditArgs, context: &Context) -> Result<Exit, CliError> {
    match &args.act {
        AuditAct::Verify(args) => verify::run(args, context),
        AuditAct::Show(args) => show::run(args, context),
        AuditAct::Export(args) => export::run(args, context),
        AuditAct::Prove(args) => prove::run(args, context),
        AuditAct::Checkpoint(args) => checkpoint::run(args, context),
        AuditAct::Secret(args) => secret::run(args, context),
    }
}
