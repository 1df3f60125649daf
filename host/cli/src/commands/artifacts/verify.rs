//! `lockstep artifacts verify`: reads the artifacts of a run from end to end and compares them with their digests.

use lockstep_api::{Code, Exit};
use lockstep_journal::BlobError;
use lockstep_model::Digest;
use serde::Serialize;

use super::all;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::ui::{Style, bytes, plural};

/// Read the artifacts of a run from end to end and compare them with their digests
///
/// Fails when one was changed, or is gone without retention. `audit verify --blobs` does it for a whole store.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
}

#[derive(Serialize)]
struct Verified<'a> {
    id: &'a str,
    digest: Digest,
    /// `sound`, `changed`, `missing` or `released`.
    found: &'static str,
}

/// Does it.
///
/// # Errors
/// When there is no such run, or the store cannot be read.
pub(super) fn run(args: &VerifyArgs, context: &Context) -> Result<Exit, CliError> {
    let run = Run::find(context, &args.run)?;
    let (mut verified, mut read) = (Vec::new(), 0);
    for artifact in all(&run.records) {
        let found = match run.store.check_blob(artifact.sealed.digest) {
            Ok(Some(size)) => {
                read += size;
                "sound"
            }
            Ok(None) if run.state.released.is_some() => "released",
            Ok(None) => "missing",
            Err(BlobError::Corrupt(_)) => "changed",
            Err(error) => return Err(error.into()),
        };
        verified.push(Verified { id: &artifact.sealed.id, digest: artifact.sealed.digest, found });
    }
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&verified)?;
    }
    let wrong: Vec<&Verified<'_>> = verified.iter().filter(|artifact| matches!(artifact.found, "changed" | "missing")).collect();
    if let Some(first) = wrong.first() {
        let error = CliError::new(Code::AuditFailed, format!("artifact `{}` is {}", first.id, first.found)).detail(format!("digest: {}", first.digest));
        let error = wrong.iter().skip(1).fold(error, |error, artifact| error.detail(format!("artifact `{}` is {}", artifact.id, artifact.found)));
        let error = error.hint("keep the store as it is, and take the artifact from a backup that was made before");
        ui.say_error(&error);
        return Ok(error.exit());
    }
    if !ui.json() {
        let released = verified.iter().filter(|artifact| artifact.found == "released").count();
        let gone = if released > 0 { format!(", {released} gone by retention") } else { String::new() };
        ui.data(format!("{} {} verify, {}{gone}", ui.out(Style::Good, "✓"), plural(verified.len() - released, "artifact"), bytes(read)));
    }
    Ok(Exit::Done)
}
