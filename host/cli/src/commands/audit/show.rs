//! `lockstep audit show`: the records of a run, as they stand in the journal.

use lockstep_api::Exit;
use lockstep_journal::SealedRecord;

use super::export::exported;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::ui::{Style, harmless};

/// Show the records of a run
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// Only this record
    #[arg(long, value_name = "N")]
    record: Option<u64>,
}

/// Does it.
///
/// # Errors
/// When there is no such run.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let ui = context.ui();
    let wanted = run.records.iter().filter(|record| args.record.is_none_or(|wanted| record.record.seq == wanted));
    if ui.json() {
        ui.print_json(&wanted.map(exported).collect::<Result<Vec<_>, _>>()?)?;
        return Ok(Exit::Done);
    }
    for record in wanted {
        let SealedRecord { record, hash, .. } = record;
        let kind = record.event.kind();
        ui.data(format!(
            "{:5}  {}  {}  {}  {}",
            record.seq,
            record.time,
            ui.out(Style::Strong, kind),
            harmless(&record.actor),
            ui.out(Style::Dim, &hash.hex()[..16])
        ));
        let body = serde_json::to_value(&record.event).ok().and_then(|mut event| event.get_mut("body").map(serde_json::Value::take));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        ui.data(format!("       {}", ui.out(Style::Dim, &shortened(&harmless(&body), args.record.is_some()))));
    }
    Ok(Exit::Done)
}

/// A record whole when it was asked for by number, else as much of it as fits a few lines.
fn shortened(text: &str, whole: bool) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) if !whole => format!("{}… (`--record` or `--json` shows all)", &text[..end]),
        Some(_) | None => text.to_owned(),
    }
}
