//! `lockstep audit export`: the records of a run for other people's tools.

use clap::ValueEnum;
use lockstep_api::Exit;
use lockstep_journal::SealedRecord;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;

/// Export the records of a run
///
/// One JSON object a line, with --json and without it. Each record has its hash beside it: SHA-256 over `lockstep record v1`, a zero byte, and the canonical JSON (RFC 8785) of the record without its hash.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// In which form
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    format: Format,
}

/// Forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One record a line
    Ndjson,
}

/// Does it.
///
/// # Errors
/// When there is no such run.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<Exit, CliError> {
    let Format::Ndjson = args.format;
    let run = Run::find(context, &args.run)?;
    for record in &run.records {
        context.ui().print_json(&exported(record)?)?;
    }
    Ok(Exit::Done)
}

/// A record as it was hashed, with its hash.
///
/// # Errors
/// When its bytes are no JSON, which the store has checked.
pub(in crate::commands) fn exported(record: &SealedRecord) -> Result<Map<String, Value>, CliError> {
    let mut fields: Map<String, Value> =
        serde_json::from_slice(&record.bytes).map_err(|error| CliError::internal(format!("record {} is not JSON: {error}", record.record.seq)))?;
    fields.insert("hash".to_owned(), Value::String(record.hash.to_string()));
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use lockstep_journal::Record;
    use lockstep_journal::event::{Event, RunFinished};
    use lockstep_model::{Digest, RunId, RunOutcome, Timestamp};

    use super::exported;

    #[test]
    fn an_exported_record_has_every_published_key() {
        let event = Event::RunFinished(RunFinished { outcome: RunOutcome::Succeeded });
        let record = Record { run: RunId::from_parts(1, 2), seq: 3, time: Timestamp::from_microseconds(4), actor: "me".into(), event, prev: Digest::ZERO };
        let fields = exported(&record.seal().unwrap()).unwrap();
        for key in ["run", "seq", "time", "actor", "kind", "body", "prev", "hash"] {
            assert!(fields.contains_key(key), "{key}");
        }
    }
}
