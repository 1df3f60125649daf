//! What can only be said of entries in their order: chains, the ledger and its signed heads, and the runs' states.

use std::collections::{BTreeMap, HashMap, HashSet};

use lockstep_model::{Digest, RunId};

use super::entry::{Bytes, Checked};
use super::finding::{Finding, Flaw};
use super::{BytesFound, MOST_FINDINGS, VerifyReport};
use crate::blobs::BlobError;
use crate::ledger::{Frontier, TreeHead};
use crate::record::SealedRecord;
use crate::state::{IllegalRecord, RunState};
use crate::store::{Store, StoreError};

/// A head that the ledger must have passed through.
pub(super) struct Mark {
    head: TreeHead,
    source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Head,
    Kept,
    Elsewhere,
}

impl Mark {
    /// The head as the store keeps it.
    pub(super) fn head(head: TreeHead) -> Self {
        Self { head, source: Source::Head }
    }

    /// A signed head in the store.
    pub(super) fn kept(head: TreeHead) -> Self {
        Self { head, source: Source::Kept }
    }

    /// A signed head from elsewhere.
    pub(super) fn elsewhere(head: TreeHead) -> Self {
        Self { head, source: Source::Elsewhere }
    }
}

/// Where the verifier stands in the ledger.
#[derive(Default)]
pub(super) struct Sequence {
    frontier: Frontier,
    /// The index that comes next: the frontier's size, until an entry is missing.
    next: u64,
    runs: HashMap<RunId, Chain>,
    /// The last one is looked at first.
    marks: Vec<Mark>,
    /// The size at which the ledger last was what a mark says.
    sound: u64,
    /// Once a kept checkpoint differs, all later ones do.
    differs: bool,
    /// Once an entry is missing, no root can be compared any more.
    gap: bool,
    checkpoints: u64,
    bytes: Names,
    findings: Vec<Finding>,
    more: u64,
}

/// The blobs that records name.
#[derive(Default)]
struct Names {
    /// By runs that have not given them up, and the record that names each first.
    claimed: HashMap<RunId, HashMap<Digest, (u64, u64)>>,
    /// By runs that have.
    released: HashSet<Digest>,
}

/// Where a run stands.
#[derive(Default)]
struct Chain {
    next: u64,
    last: Option<Digest>,
    state: Option<RunState>,
    /// Something is wrong with it: what follows from that is not told.
    broken: bool,
}

impl Sequence {
    pub(super) fn expect(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// To be called when all marks are known.
    pub(super) fn begin(&mut self) {
        self.marks.sort_by_key(|mark| std::cmp::Reverse(mark.head.size));
        self.compare();
    }

    pub(super) fn report(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn take(&mut self, mut entry: Checked) {
        if entry.index != self.next && !self.gap {
            self.gap = true;
            let finding = Finding { index: Some(self.next), ..Finding::of_store(Flaw::LedgerGap, None) };
            self.report(finding.expected(format_args!("entry {}", self.next)).found(format_args!("entry {}", entry.index)));
        }
        let Checked { index, hash, .. } = entry;
        self.bytes.take(&mut entry);
        let chain = self.runs.entry(entry.run).or_default();
        if !chain.broken
            && let Err(finding) = chain.take(entry)
        {
            chain.broken = true;
            self.report(*finding);
        }
        self.next = index.saturating_add(1);
        self.frontier.push(&hash);
        self.compare();
    }

    /// Damage is a finding; that the store cannot be reached is an error.
    pub(super) fn readable<T>(&mut self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(StoreError::Damaged(text)) => {
                self.report(Finding::of_store(Flaw::Unreadable, Some(text)));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// `kept` is the store's head as it was after the last entry had been read: it cannot be shorter than what was read.
    /// `blobs` are those that are there, if they were to be looked for.
    pub(super) fn finish(mut self, kept: Option<TreeHead>, blobs: Option<&HashSet<Digest>>) -> VerifyReport {
        let head = self.frontier.head();
        let bytes = blobs.map(|blobs| self.look_for(blobs));
        if let Some(kept) = kept.filter(|kept| kept.size < self.next) {
            let finding = Finding { index: Some(kept.size), ..Finding::of_store(Flaw::HeadDiffers, None) };
            self.report(finding.expected(format_args!("{} records by its kept head", kept.size)).found(format_args!("{} records", self.next)));
        }
        while let Some(mark) = self.marks.pop() {
            let words = match mark.source {
                Source::Head => "by its kept head",
                Source::Kept => "by a signed checkpoint in the store",
                Source::Elsewhere => "by the signed checkpoint kept elsewhere",
            };
            let finding = Finding::of_store(Flaw::Truncated, None);
            self.report(finding.expected(format_args!("{} records {words}", mark.head.size)).found(format_args!("{} records", self.next)));
        }
        let Self { runs, checkpoints, findings, more, .. } = self;
        VerifyReport { records: head.size, runs: runs.len() as u64, checkpoints, head, bytes, findings, more }
    }

    /// Opens every blob that a run names and has not given up, once. One that is not there is found by `finish`.
    pub(super) fn open_blobs(&mut self, store: &dyn Store) -> Result<(), BlobError> {
        let mut first = BTreeMap::new();
        for (run, names) in &self.bytes.claimed {
            for (digest, (seq, index)) in names {
                let place = first.entry(*digest).or_insert((*index, *run, *seq));
                *place = (*place).min((*index, *run, *seq));
            }
        }
        for (digest, (index, run, seq)) in first {
            match store.check_blob(digest) {
                Ok(_) => {}
                Err(BlobError::Corrupt(_)) => self.report(Finding::of_record(Flaw::BytesChanged, run, seq, index).expected(digest)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn look_for(&mut self, blobs: &HashSet<Digest>) -> BytesFound {
        let Names { claimed, released } = std::mem::take(&mut self.bytes);
        let all: HashSet<Digest> = claimed.values().flat_map(HashMap::keys).chain(&released).copied().collect();
        let mut missing = BTreeMap::new();
        for (run, names) in claimed {
            for (digest, (seq, index)) in names.into_iter().filter(|(digest, _)| !blobs.contains(digest)) {
                missing.insert((index, digest), (run, seq));
            }
        }
        for ((index, digest), (run, seq)) in &missing {
            self.report(Finding::of_record(Flaw::BytesMissing, *run, *seq, *index).expected(digest));
        }
        let unaccounted: HashSet<Digest> = missing.into_keys().map(|(_, digest)| digest).collect();
        let gone = all.difference(blobs).filter(|digest| !unaccounted.contains(digest)).count();
        BytesFound { kept: all.intersection(blobs).count() as u64, released: gone as u64 }
    }

    /// Compares the ledger so far with the marks of its size.
    fn compare(&mut self) {
        let size = self.next;
        while let Some(Mark { head, source }) = self.marks.pop_if(|mark| mark.head.size <= size) {
            if self.gap {
                continue;
            }
            let root = self.frontier.root();
            if root == head.root {
                self.sound = size;
                self.checkpoints += u64::from(source != Source::Head);
                continue;
            }
            let flaw = match source {
                Source::Head => Flaw::HeadDiffers,
                Source::Kept if self.differs => continue,
                Source::Kept | Source::Elsewhere => Flaw::CheckpointDiffers,
            };
            self.differs |= source == Source::Kept;
            let found = format!("{root}: something was changed from entry {} to entry {}", self.sound, size.saturating_sub(1));
            let expected = format!("root {} at {size} records", head.root);
            self.report(Finding::of_store(flaw, None).expected(expected).found(found));
        }
    }
}

impl Names {
    fn take(&mut self, entry: &mut Checked) {
        match std::mem::take(&mut entry.bytes) {
            Bytes::Nothing => {}
            Bytes::Named(digests) => {
                let claimed = self.claimed.entry(entry.run).or_default();
                for digest in digests {
                    claimed.entry(digest).or_insert((entry.seq, entry.index));
                }
            }
            Bytes::Released => self.released.extend(self.claimed.remove(&entry.run).unwrap_or_default().into_keys()),
        }
    }
}

impl Chain {
    fn take(&mut self, entry: Checked) -> Result<(), Box<Finding>> {
        let Checked { index, run, seq, hash, prev, finding, record, .. } = entry;
        if let Some(finding) = finding {
            return Err(finding);
        }
        if seq > self.next {
            let missing = Finding::of_record(Flaw::Missing, run, self.next, index);
            return Err(missing.found(format_args!("record {seq} in its place")).into());
        }
        let wrong = |flaw| Finding::of_record(flaw, run, seq, index);
        if seq < self.next {
            return Err(wrong(Flaw::Repeated).expected(format_args!("record {}", self.next)).found(format_args!("record {seq}")).into());
        }
        let last = self.last.unwrap_or(Digest::ZERO);
        if prev != last {
            return Err(wrong(Flaw::Unchained).expected(last).found(prev).into());
        }
        if let Some(record) = record {
            self.fold(&record).map_err(|error| wrong(Flaw::Illegal).found(error))?;
        }
        self.last = Some(hash);
        self.next = seq.saturating_add(1);
        Ok(())
    }

    fn fold(&mut self, record: &SealedRecord) -> Result<(), IllegalRecord> {
        match &mut self.state {
            Some(state) => state.apply(record),
            None => RunState::begin(record).map(|state| self.state = Some(state)),
        }
    }
}
