//! `lockstep store retain`: gives up the bytes of runs that ended long ago. Their records stay.

use std::time::Duration;

use lockstep_api::Exit;
use lockstep_gate::SystemClock;
use lockstep_journal::retention::{Released, survey};
use lockstep_model::{Clock as _, RunId, Timestamp};
use serde::Serialize;

use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::journal::{existing_store, store_to_act};
use crate::ui::{bytes, instant, plural};

/// Give up the bytes of runs that ended long ago; their records stay and verify
///
/// Long requests and responses, artifacts, components and grant files of runs that ended before then are deleted, unless another run names them that is
/// younger or has not ended. Who gave them up and when is a record in each of these runs. Without its bytes a run can be shown and verified, but not
/// replayed, and undone only with `--file` and `--env`. Choose a time that is longer than any call takes.
#[derive(Debug, clap::Args)]
pub(super) struct RetainArgs {
    /// How long ago a run must have ended: `30d`, `12h`
    #[arg(long, value_name = "TIME", value_parser = lockstep_grant::parse_duration)]
    older_than: Duration,
    /// Only say what would be given up
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Retained {
    ended_before: Timestamp,
    dry_run: bool,
    #[serde(flatten)]
    released: Released,
    /// The runs that were released.
    released_runs: Vec<RunId>,
}

/// Does it.
///
/// # Errors
/// When the store cannot be read or written, or a run that had ended goes on meanwhile.
pub(super) fn run(args: &RetainArgs, context: &Context) -> Result<Exit, CliError> {
    let store = if args.dry_run { existing_store(context)? } else { store_to_act(context)? };
    let now = SystemClock.now();
    let older = i64::try_from(args.older_than.as_micros()).unwrap_or(i64::MAX);
    let ended_before = Timestamp::from_microseconds(now.microseconds().saturating_sub(older));
    let found = survey(&*store, ended_before)?;
    let released_runs: Vec<RunId> = found.runs().collect();
    let released = if args.dry_run { found.sum() } else { found.carry_out(&*store, &environment::user(), now)? };
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&Retained { ended_before, dry_run: args.dry_run, released, released_runs })?;
        return Ok(Exit::Done);
    }
    let (gave, deleted) = if args.dry_run { ("would give", "would delete") } else { ("gave", "deleted") };
    ui.data(format!("{gave} up the bytes of {} that ended before {}", plural(released.runs, "run"), instant(ended_before)));
    ui.data(format!("{deleted} {}, {}", plural(released.blobs, "blob"), bytes(released.bytes)));
    if args.dry_run {
        for run in released_runs {
            ui.data(format!("  {run}"));
        }
    } else if released.blobs > 0 {
        ui.say("their records stay; `lockstep store compact` gives the room back to the disk");
    }
    Ok(Exit::Done)
}
