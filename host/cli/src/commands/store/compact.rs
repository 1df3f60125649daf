//! `lockstep store compact`: gives free room in the store's files back to the disk.

use lockstep_api::Exit;
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::journal::existing_folder;
use crate::ui::bytes;
use crate::wiring::{self, Sizes};

/// Give free room in the store's files back to the disk
///
/// In small transactions, so that runs in other processes go on meanwhile. What another process still reads of the log stays until the next time.
#[derive(Debug, clap::Args)]
pub(super) struct CompactArgs {}

#[derive(Serialize)]
struct Compacted {
    before: Shown,
    after: Shown,
}

/// In bytes.
#[derive(Serialize)]
struct Shown {
    database: u64,
    log: u64,
    free: u64,
    files: u64,
}

/// Does it.
///
/// # Errors
/// When there is no store, or it cannot be written.
pub(super) fn run(_: &CompactArgs, context: &Context) -> Result<Exit, CliError> {
    let (before, after) = wiring::compact_store(&existing_folder(context)?)?;
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&Compacted { before: shown(before), after: shown(after) })?;
        return Ok(Exit::Done);
    }
    for (name, sizes) in [("before", before), ("after ", after)] {
        let files = if sizes.files == 0 { String::new() } else { format!(", files {}", bytes(sizes.files)) };
        ui.data(format!("{name}  database {}, of which {} free, log {}{files}", bytes(sizes.database), bytes(sizes.free), bytes(sizes.log)));
    }
    Ok(Exit::Done)
}

fn shown(Sizes { database, log, free, files }: Sizes) -> Shown {
    Shown { database, log, free, files }
}
