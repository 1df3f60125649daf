//! Retention: gives up the bytes of runs that ended long ago and deletes those that no run names any more. Records stay, so that no chain breaks.
//!
//! A blob may be named by many runs. First each old run gets a record that says who gave its bytes up and when; then what nobody names is deleted. So
//! nothing is ever gone that no record accounts for, and a crash in between leaves bytes that the next retention deletes.

use std::collections::{HashMap, HashSet};

use lockstep_model::{Digest, RunId, Timestamp};
use serde::Serialize;

use crate::event::{BytesReleased, Event};
use crate::record::{FORMAT, InvalidRecord, Record, SealedRecord};
use crate::scribe::JournalError;
use crate::state::{RunState, RunStatus};
use crate::store::{Batch, Durability, KeptBlob, Store, StoreError};

/// So many runs are released in one commit.
const RUNS_AT_ONCE: usize = 256;

/// So many bytes are deleted in one commit: others write between two of them, and a store's log does not grow by all of them at once.
const BYTES_AT_ONCE: u64 = 16 << 20;

/// What is to be given up.
#[derive(Debug)]
pub struct Survey {
    ended_before: Timestamp,
    /// The runs that had ended, with their states and how many kept blobs each names.
    runs: Vec<(RunState, u32)>,
    /// What no other run names.
    removable: Vec<KeptBlob>,
    /// A blob that was kept when the ledger had fewer records was kept before `ended_before`.
    kept_before: u64,
}

/// What was given up, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Released {
    /// How many runs.
    pub runs: u64,
    /// How many blobs were deleted.
    pub blobs: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

/// Looks for what the runs that ended before an instant need not keep any more. Nothing is changed.
///
/// # Errors
/// When the store cannot be read, or a run's records do not hold: what they name is not known then.
pub fn survey(store: &dyn Store, ended_before: Timestamp) -> Result<Survey, JournalError> {
    // Before the records: what is kept from here on is too young to be looked at.
    let blobs = store.kept_blobs()?;
    let kept: HashSet<Digest> = blobs.iter().map(|blob| blob.digest).collect();
    let mut claims = Claims::default();
    let mut unreadable = None;
    store.scan(0, &mut |entry| match SealedRecord::read(entry.bytes.to_vec()) {
        Ok(sealed) => {
            if sealed.record.time < ended_before {
                claims.kept_before = entry.index + 1;
            }
            claims.add(&sealed.record);
            true
        }
        Err(error) => {
            unreadable = Some(unreadable_record(entry.run, entry.seq, &error));
            false
        }
    })?;
    unreadable.map_or(Ok(()), Err)?;
    let Claims { mut named, kept_before } = claims;
    let mut old = Vec::new();
    for (run, (last, names)) in &named {
        if *last < ended_before
            && !names.is_empty()
            && let Some(state) = ended(store, *run)?
        {
            let there = names.iter().filter(|digest| kept.contains(digest)).count();
            old.push((state, u32::try_from(there).unwrap_or(u32::MAX)));
        }
    }
    // A map has no order, and records of one commit are better read in that of their runs.
    old.sort_by_key(|(state, _)| state.run);
    for (state, _) in &old {
        named.remove(&state.run);
    }
    let needed: HashSet<Digest> = named.into_values().flat_map(|(_, names)| names).collect();
    let removable = blobs.into_iter().filter(|blob| blob.since < kept_before && !needed.contains(&blob.digest)).collect();
    Ok(Survey { ended_before, runs: old, removable, kept_before })
}

/// What each run's records name and no record has given up, with the instant of its last record.
#[derive(Default)]
struct Claims {
    named: HashMap<RunId, (Timestamp, HashSet<Digest>)>,
    kept_before: u64,
}

impl Claims {
    fn add(&mut self, record: &Record) {
        let (last, names) = self.named.entry(record.run).or_insert_with(|| (record.time, HashSet::new()));
        *last = record.time;
        if let Event::BytesReleased(_) = record.event {
            names.clear();
        }
        names.extend(record.event.blobs());
    }
}

/// The state of a run that has ended.
fn ended(store: &dyn Store, run: RunId) -> Result<Option<RunState>, JournalError> {
    let state = RunState::fold(&store.records(run)?)?;
    Ok(state.filter(|state| matches!(state.status, RunStatus::Finished(_))))
}

fn unreadable_record(run: RunId, seq: u64, error: &InvalidRecord) -> JournalError {
    match error {
        InvalidRecord::NewerFormat { found } => StoreError::NewerRecord { found: *found, known: FORMAT }.into(),
        InvalidRecord::Form(_) | InvalidRecord::NotCanonical => JournalError::Invalid(format!("record {seq} of run {run}: {error}")),
    }
}

impl Survey {
    /// What would be given up.
    pub fn sum(&self) -> Released {
        let bytes = self.removable.iter().map(|blob| blob.size).sum();
        Released { runs: self.runs.len() as u64, blobs: self.removable.len() as u64, bytes }
    }

    /// The runs that would be released.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        self.runs.iter().map(|(state, _)| state.run)
    }

    /// Gives it up: a durable record in every run first, by `actor`, then the blobs.
    ///
    /// # Errors
    /// When a record cannot be kept, because a run has gone on meanwhile for example: then nothing is deleted. When a blob cannot be deleted: those
    /// before it are.
    pub fn carry_out(self, store: &dyn Store, actor: &str, now: Timestamp) -> Result<Released, JournalError> {
        let Self { ended_before, runs, removable, kept_before } = self;
        let mut released = Released { runs: runs.len() as u64, blobs: 0, bytes: 0 };
        for some in runs.chunks(RUNS_AT_ONCE) {
            let seal = |(state, blobs): &(RunState, u32)| {
                let event = Event::BytesReleased(BytesReleased { ended_before, blobs: *blobs });
                Record { run: state.run, seq: state.next_seq, time: now, actor: actor.to_owned(), event, prev: state.last_hash }.seal()
            };
            let records = some.iter().map(seal).collect::<Result<_, _>>()?;
            store.append(Batch { records, checkpoint: true, ..Batch::default() }, Durability::Durable)?;
        }
        let sizes: HashMap<Digest, u64> = removable.iter().map(|blob| (blob.digest, blob.size)).collect();
        let mut rest = removable.as_slice();
        while !rest.is_empty() {
            let (some, others) = rest.split_at(fitting(rest));
            let digests: Vec<Digest> = some.iter().map(|blob| blob.digest).collect();
            for digest in store.remove_blobs(&digests, kept_before)? {
                released.blobs += 1;
                released.bytes += sizes.get(&digest).copied().unwrap_or(0);
            }
            rest = others;
        }
        Ok(released)
    }
}

/// How many blobs are deleted in one commit: at least one.
fn fitting(blobs: &[KeptBlob]) -> usize {
    let mut bytes = 0;
    let fit = blobs.iter().take_while(|blob| {
        bytes += blob.size;
        bytes <= BYTES_AT_ONCE
    });
    fit.count().max(1)
}
