//! `lockstep artifacts ls`: what a run has made, and whether it is still there.

use std::collections::HashSet;

use lockstep_api::Exit;
use lockstep_model::{Digest, Timestamp};
use serde::Serialize;

use super::{Artifact, all};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::ui::{Style, Table, bytes, instant};

/// List the artifacts of a run: id, size, the step that made it and when, digest
#[derive(Debug, clap::Args)]
pub(super) struct LsArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    digest: Digest,
    /// In bytes, decimal.
    size: &'a str,
    step: &'a str,
    sealed: Timestamp,
    /// Whether its bytes are still in the store.
    kept: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such run.
pub(super) fn run(args: &LsArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let there: HashSet<Digest> = run.store.kept_blobs()?.into_iter().map(|blob| blob.digest).collect();
    let artifacts: Vec<(Artifact<'_>, bool)> = all(&run.records).map(|artifact| (artifact, there.contains(&artifact.sealed.digest))).collect();
    let ui = context.ui();
    if ui.json() {
        let rows = artifacts.iter().map(|(Artifact { sealed, time }, kept)| Shown {
            id: &sealed.id,
            digest: sealed.digest,
            size: &sealed.size,
            step: sealed.step.as_str(),
            sealed: *time,
            kept: *kept,
        });
        let rows: Vec<Shown<'_>> = rows.collect();
        ui.print_json(&rows)?;
        return Ok(Exit::Done);
    }
    if artifacts.is_empty() {
        ui.say("the run has made no artifact");
        return Ok(Exit::Done);
    }
    let mut table = Table::headed(&["ARTIFACT", "SIZE", "STEP", "SEALED", "KEPT", "DIGEST"]);
    for (artifact, kept) in &artifacts {
        let Artifact { sealed, time } = artifact;
        let kept_shown = if *kept { "yes" } else { "no" };
        table.row([&sealed.id, &bytes(artifact.size()), sealed.step.as_str(), &instant(*time), kept_shown, &sealed.digest.to_string()]);
        if !kept {
            table.style(4, Style::Warn);
        }
    }
    ui.raw(&table.render(ui.colors_data()));
    Ok(Exit::Done)
}
