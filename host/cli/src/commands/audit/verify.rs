//! `lockstep audit verify`: checks every record, chain, head and signature of a store.

use std::path::PathBuf;

use lockstep_api::{Code, Exit};
use lockstep_journal::verify::{BytesFound, Flaw, VerifyError, VerifyOptions, VerifyReport, verify};
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::fsio;
use crate::journal::existing_store;
use crate::ui::{Style, harmless, plural};

/// Verify the whole store: every record, every run, the ledger and its signed checkpoints
///
/// Bytes that records name must be there, or given up by `lockstep store retain`; what they say is compared with their digests when they are read, or now
/// with --blobs.
///
/// A checkpoint kept elsewhere (`lockstep audit checkpoint`) is what detects that a store lost its end or was replaced whole: give it with --checkpoint,
/// and the key known from elsewhere with --key.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// A checkpoint kept elsewhere: a file with a signed note
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The verifier key, known from elsewhere; without it the store's own word for it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Also go through every run's states: that no record stands where it may not. Takes three times as long
    #[arg(long)]
    states: bool,
    /// Also open every blob that a run still names: its bytes must be those of its digest. Needs the store's key, and reads them all
    #[arg(long)]
    blobs: bool,
}

#[derive(Serialize)]
struct Verified<'a> {
    ok: bool,
    #[serde(flatten)]
    report: &'a VerifyReport,
}

/// Does it.
///
/// # Errors
/// When something does not verify, or the store cannot be read.
pub(super) fn run(args: &VerifyArgs, context: &Context) -> Result<Exit, CliError> {
    let store = existing_store(context)?;
    let checkpoint = args.checkpoint.as_deref().map(fsio::read_text).transpose()?;
    let options = VerifyOptions { checkpoint: checkpoint.as_deref(), key: args.key.as_deref(), fold: args.states, bytes: true, open: args.blobs };
    let report = verify(&*store, options).map_err(|error| match error {
        VerifyError::Store(error) => CliError::from(error),
        VerifyError::Blob(error) => CliError::from(error),
        VerifyError::Checkpoint(error) => {
            CliError::new(Code::AuditFailed, error.to_string()).hint("give the checkpoint and the key as `lockstep audit checkpoint` printed them")
        }
    })?;
    let ui = context.ui();
    if ui.json() {
        ui.print_json(&Verified { ok: report.is_sound(), report: &report })?;
    }
    if !report.is_sound() {
        let error = failed(&report);
        ui.say_error(&error);
        return Ok(error.exit());
    }
    if !ui.json() {
        ui.data(format!("{} {} of {} verify", ui.out(Style::Good, "✓"), plural(report.records, "record"), plural(report.runs, "run")));
        ui.data(format!("  {} checked", plural(report.checkpoints, "signed head")));
        if let Some(BytesFound { kept, released }) = report.bytes {
            let released = if released > 0 { format!(", {released} gone by retention") } else { String::new() };
            let opened = if args.blobs { " and opened" } else { "" };
            ui.data(format!("  {} kept beside the records{opened}{released}", plural(kept, "blob")));
        }
        ui.data(format!("  head {} of {}", report.head.root, plural(report.head.size, "record")));
        if args.checkpoint.is_none() {
            ui.say("  without a checkpoint kept elsewhere nobody can tell whether the end of the ledger was cut off");
        }
    }
    Ok(Exit::Done)
}

fn failed(report: &VerifyReport) -> CliError {
    /// What follows from one change is many findings: the first ones say where to look.
    const SHOWN: usize = 10;
    let newer = !report.findings.is_empty() && report.findings.iter().all(|finding| finding.flaw == Flaw::NewerFormat);
    let code = if newer { Code::StoreNewer } else { Code::AuditFailed };
    let first = report.findings.first().map(|finding| harmless(&finding.to_string())).unwrap_or_default();
    let error = CliError::new(code, first);
    let error = report.findings.iter().skip(1).take(SHOWN).fold(error, |error, finding| error.detail(finding.to_string()));
    let more = report.more + u64::try_from(report.findings.len().saturating_sub(SHOWN + 1)).unwrap_or(0);
    let error = if more > 0 { error.detail(format!("and {more} more")) } else { error };
    if newer {
        return error.hint("use the Lockstep that wrote it, or a newer one");
    }
    error.hint("keep the store as it is, and compare it with a checkpoint or a copy kept elsewhere")
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;
    use lockstep_journal::ledger::TreeHead;
    use lockstep_journal::verify::{Finding, Flaw, VerifyReport};
    use lockstep_model::{Digest, RunId};

    use super::failed;

    fn code(flaws: &[Flaw]) -> Code {
        let finding = |flaw: &Flaw| Finding { flaw: *flaw, run: Some(RunId::from_parts(1, 1)), seq: Some(3), index: Some(3), expected: None, found: None };
        let findings = flaws.iter().map(finding).collect();
        let head = TreeHead { size: 4, root: Digest::ZERO };
        failed(&VerifyReport { records: 4, runs: 1, checkpoints: 0, head, bytes: None, findings, more: 0 }).code()
    }

    #[test]
    fn records_of_a_newer_program_are_no_forgery() {
        assert_eq!(code(&[Flaw::NewerFormat, Flaw::NewerFormat]), Code::StoreNewer);
        assert_eq!(code(&[Flaw::NewerFormat, Flaw::Changed]), Code::AuditFailed);
    }
}
