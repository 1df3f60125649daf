//! `lockstep audit prove`: a proof that a record is in the ledger, which nobody needs the store to check.

use lockstep_api::{Code, Exit};
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::ledger::{inclusion_proof, root, verify_inclusion};
use lockstep_model::{Digest, RunId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::export::exported;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::store_to_act;
use crate::runs;
use crate::ui::{harmless_json, plural};

/// Prove that a record is in the ledger: the record, the path to a root, and a signed checkpoint with that root
///
/// Checked offline by RFC 6962: the leaf is the 32 bytes of the record's hash.
#[derive(Debug, clap::Args)]
pub(super) struct ProveArgs {
    /// The record: its place in the ledger from 0, or with --run its number in the run
    #[arg(long, value_name = "N")]
    record: u64,
    /// The run whose record it is
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Proof {
    index: u64,
    size: u64,
    leaf: Digest,
    root: Digest,
    path: Vec<Digest>,
    record: Map<String, Value>,
    checkpoint: String,
    key: String,
}

/// Does it.
///
/// # Errors
/// When there is no such record.
pub(super) fn run(args: &ProveArgs, context: &Context) -> Result<Exit, CliError> {
    let store = store_to_act(context)?;
    let wanted_run = args.run.as_deref().map(|text| runs::find(&*store, text)).transpose()?;
    // The head that is signed first covers every record that is read after it, or more.
    let checkpoint = store.checkpoint()?;
    let size =
        checkpoint.lines().nth(1).and_then(|line| line.parse::<u64>().ok()).ok_or_else(|| CliError::internal("the store's own checkpoint has no size"))?;
    let mut hashes = Vec::new();
    let mut found: Option<(u64, RunId, u64)> = None;
    store.scan(0, &mut |entry| {
        if wanted_run.map_or(entry.index == args.record, |run| entry.run == run && entry.seq == args.record) {
            found = Some((entry.index, entry.run, entry.seq));
        }
        hashes.push(entry.hash);
        entry.index + 1 < size
    })?;
    let missing = || {
        CliError::new(Code::NoSuchRecord, format!("the ledger of {} has no such record", plural(size, "record")))
            .hint("`lockstep audit show RUN` lists the records of a run")
    };
    let (index, run, seq) = found.ok_or_else(missing)?;
    let path = inclusion_proof(&hashes, index).ok_or_else(missing)?;
    let records = store.records(run)?;
    let record = records.iter().find(|record| record.record.seq == seq).ok_or_else(missing)?;
    let head = TreeHead { size, root: root(&hashes) };
    if !verify_inclusion(&head, index, &record.hash, &path) {
        return Err(CliError::new(Code::AuditFailed, format!("record {seq} of run {run} is not what the ledger says"))
            .hint("`lockstep audit verify` says what is wrong"));
    }
    let proof = Proof { index, size, leaf: record.hash, root: head.root, path, record: exported(record)?, checkpoint, key: store.verifier_key() };
    let text = serde_json::to_string_pretty(&proof).map_err(|error| CliError::internal(error.to_string()))?;
    if context.ui().json() {
        context.ui().print_json(&proof)?
    } else {
        context.ui().data(harmless_json(text))
    }
    Ok(Exit::Done)
}
