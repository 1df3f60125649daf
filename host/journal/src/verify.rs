//! Checks everything a store keeps against itself, its signed checkpoints and one kept elsewhere, and names what was changed, lost, added or moved.
//!
//! Nothing kept is believed: hashes, chains, the ledger's roots and, if asked, the runs' states are computed anew from the records' bytes.

mod entry;
mod finding;
mod sequence;

pub use finding::{Finding, Flaw};

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use lockstep_model::Digest;
use serde::Serialize;

use crate::blobs::BlobError;
use crate::checkpoint::{InvalidCheckpoint, Verifier};
use crate::ledger::TreeHead;
use crate::store::{Store, StoreError};
use entry::{Checked, Chunk, Depth};
use sequence::{Mark, Sequence};

/// After so many findings the others are only counted: what is wrong everywhere needs no list.
pub const MOST_FINDINGS: usize = 100;

/// How many chunks wait for a thread: enough to keep it busy, few enough to stay in the cache.
const WAITING: usize = 2;

/// More threads than this find the scan too slow to feed them.
const MOST_CHECKERS: usize = 8;

/// What to check, and with what.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// A checkpoint kept elsewhere: without one nobody can tell that a store lost its end.
    pub checkpoint: Option<&'a str>,
    /// The verifier key, known from elsewhere; none: the store's own word for it.
    pub key: Option<&'a str>,
    /// Whether each run's records are also folded, to see that every one of them may stand where it stands.
    pub fold: bool,
    /// Whether the bytes that records name are also looked for: they must be there, or given up by retention.
    pub bytes: bool,
    /// Whether those that a run still names are opened as well: what was changed in them is found. Needs the store's key, and reads them all.
    pub open: bool,
}

/// What was checked and what was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerifyReport {
    /// How many records.
    pub records: u64,
    /// How many runs they belong to.
    pub runs: u64,
    /// How many signed checkpoints fit, the one from elsewhere included.
    pub checkpoints: u64,
    /// The ledger's head, computed from the records.
    pub head: TreeHead,
    /// What there is of the bytes that records name, if they were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<BytesFound>,
    /// What is wrong: the first thing of each run, and what is wrong with the ledger.
    pub findings: Vec<Finding>,
    /// How many findings more there were.
    pub more: u64,
}

/// How many blobs records name, each counted once. Captured secrets are not among them: they are forgotten when their run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BytesFound {
    /// That are there.
    pub kept: u64,
    /// That are gone and were given up by retention.
    pub released: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Why a store could not be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Bytes could not be read or opened.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The key or the checkpoint from elsewhere is none.
    #[error(transparent)]
    Checkpoint(#[from] InvalidCheckpoint),
}

/// Verifies a whole store.
///
/// # Errors
/// When it cannot be read, or the key or checkpoint given cannot be used. What is wrong in the store is no error but a finding.
pub fn verify(store: &dyn Store, options: VerifyOptions<'_>) -> Result<VerifyReport, VerifyError> {
    let verifier = Verifier::parse(options.key.unwrap_or(&store.verifier_key()))?;
    let mut sequence = Sequence::default();
    if let Some(note) = options.checkpoint {
        sequence.expect(Mark::elsewhere(verifier.open(note)?));
    }
    if let Some(head) = sequence.readable(store.head())? {
        sequence.expect(Mark::head(head));
    }
    for note in sequence.readable(store.checkpoints())?.unwrap_or_default() {
        match verifier.open(&note) {
            Ok(head) => sequence.expect(Mark::kept(head)),
            Err(error) => sequence.report(Finding::of_store(Flaw::BadCheckpoint, Some(error.to_string()))),
        }
    }
    sequence.begin();
    // Before and after, because others may keep and delete meanwhile.
    let mut kept: HashSet<Digest> = kept_blobs(store, options)?.collect();
    let read = read_all(store, options, &mut sequence);
    sequence.readable(read)?;
    kept.extend(kept_blobs(store, options)?);
    if options.open {
        sequence.open_blobs(store)?;
    }
    // Read again, because others may have added records since: the head can only be ahead of what was read.
    Ok(sequence.finish(store.head().ok(), options.bytes.then_some(&kept)))
}

fn kept_blobs(store: &dyn Store, options: VerifyOptions<'_>) -> Result<impl Iterator<Item = Digest>, StoreError> {
    let blobs = if options.bytes { store.kept_blobs()? } else { Vec::new() };
    Ok(blobs.into_iter().map(|blob| blob.digest))
}

/// One thread reads, others check what each record says by itself, and this one puts the results together in the ledger's order.
fn read_all(store: &dyn Store, options: VerifyOptions<'_>, sequence: &mut Sequence) -> Result<(), StoreError> {
    let depth = Depth { fold: options.fold, bytes: options.bytes || options.open };
    let checkers = thread::available_parallelism().map_or(1, |count| count.get().min(MOST_CHECKERS));
    thread::scope(|scope| {
        let (mut to, mut from) = (Vec::new(), Vec::new());
        for _ in 0..checkers {
            let (chunks, unchecked) = sync_channel::<Chunk>(WAITING);
            let (checked, results) = sync_channel(WAITING);
            scope.spawn(move || check_chunks(&unchecked, &checked, depth));
            to.push(chunks);
            from.push(results);
        }
        let reader = scope.spawn(move || scan(store, &to));
        // Chunks go round the checkers, so that taking the results in turn keeps their order.
        for results in from.iter().cycle() {
            let Ok(chunk) = results.recv() else { break };
            for checked in chunk {
                sequence.take(checked);
            }
        }
        drop(from);
        joined(reader)
    })
}

fn check_chunks(unchecked: &Receiver<Chunk>, checked: &SyncSender<Vec<Checked>>, depth: Depth) {
    for chunk in unchecked {
        if checked.send(chunk.check(depth)).is_err() {
            break;
        }
    }
}

fn scan(store: &dyn Store, checkers: &[SyncSender<Chunk>]) -> Result<(), StoreError> {
    let mut turn = checkers.iter().cycle();
    let mut chunk = Chunk::default();
    let mut hand_over = |chunk: Chunk| turn.next().is_some_and(|checker| checker.send(chunk).is_ok());
    let scanned = store.scan(0, &mut |entry| {
        chunk.add(&entry);
        !chunk.is_full() || hand_over(std::mem::take(&mut chunk))
    });
    hand_over(chunk);
    scanned
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
