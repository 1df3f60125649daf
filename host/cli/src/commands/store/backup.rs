//! `lockstep store backup`: a copy of the store as it is at one instant.

use std::path::PathBuf;

use lockstep_api::Exit;
use lockstep_journal::ledger::TreeHead;
use serde::Serialize;

use crate::context::{Context, absolute};
use crate::error::CliError;
use crate::journal::existing_folder;
use crate::ui::plural;
use crate::wiring;

/// Copy the store to a folder, while runs go on
///
/// The copy is a store itself: `--store DIR` shows and verifies it. The key file is not in it: it never changes, so keep it once and elsewhere, as the
/// bytes beside the records are encrypted under it. To go on with the copy, put it there as DIR/key.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// The folder: new or empty
    dir: PathBuf,
}

#[derive(Serialize)]
struct Copied {
    store: PathBuf,
    head: TreeHead,
}

/// Does it.
///
/// # Errors
/// When there is no store, the folder is not empty, or one of them cannot be read or written.
pub(super) fn run(args: &BackupArgs, context: &Context) -> Result<Exit, CliError> {
    let folder = existing_folder(context)?;
    let to = absolute(&args.dir)?;
    let head = wiring::backup_store(&folder, &to)?;
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&Copied { store: to, head })?;
        return Ok(Exit::Done);
    }
    ui.data(format!("copied {} to {}", plural(head.size, "record"), to.display()));
    ui.data(format!("  head {}", head.root));
    ui.say(format!(
        "  the key is not in the copy: keep {} once, elsewhere; without it the bytes beside the records cannot be read",
        folder.join("key").display()
    ));
    ui.say(format!("  `lockstep audit verify --store {}` verifies the copy", to.display()));
    Ok(Exit::Done)
}
