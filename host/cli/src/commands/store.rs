//! `lockstep store`: keeps the store itself in order.

mod backup;
mod compact;
mod retain;

use clap::Subcommand;
use lockstep_api::Exit;

use crate::context::Context;
use crate::error::CliError;

/// Give up old bytes, give room back to the disk, make a copy
///
/// Records are kept for ever. The bytes beside them, long requests and responses, artifacts, components and grant files, are kept until `retain` gives
/// them up. All of it works while runs go on in other processes.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    act: StoreAct,
}

#[derive(Debug, Subcommand)]
enum StoreAct {
    Retain(retain::RetainArgs),
    Compact(compact::CompactArgs),
    Backup(backup::BackupArgs),
}

/// Does it.
///
/// # Errors
/// When there is no store, or it cannot be read or written.
pub(super) fn run(args: &StoreArgs, context: &Context) -> Result<Exit, CliError> {
    match &args.act {
        StoreAct::Retain(args) => retain::run(args, context),
        StoreAct::Compact(args) => compact::run(args, context),
        StoreAct::Backup(args) => backup::run(args, context),
    }
}
