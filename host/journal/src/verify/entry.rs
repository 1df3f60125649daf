//! What can be said of a ledger entry by itself, so that many can be checked side by side.

use std::ops::Range;

use lockstep_model::{Digest, RunId};

use super::finding::{Finding, Flaw};
use crate::canonical::{self, NotCanonical, Outline};
use crate::event::Event;
use crate::record::{self, FORMAT, InvalidRecord, SealedRecord};
use crate::store::RawEntry;

/// So many entries make handing them over cheap, and fit a core's cache.
const ENTRIES: usize = 256;

/// Long records fill a chunk earlier, so that a few of them do not fill the memory.
const BYTES: usize = 1 << 20;

/// Some entries of the ledger, one after another.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    entries: Vec<(Filed, Range<usize>)>,
}

/// What a store says of an entry.
#[derive(Clone, Copy)]
struct Filed {
    index: u64,
    run: RunId,
    seq: u64,
    hash: Digest,
}

/// An entry with what is wrong in itself, and what it takes to see whether it fits its neighbours.
pub(super) struct Checked {
    pub(super) index: u64,
    /// Of the record itself if it is sound, else where it is filed.
    pub(super) run: RunId,
    pub(super) seq: u64,
    /// As kept.
    pub(super) hash: Digest,
    pub(super) prev: Digest,
    pub(super) finding: Option<Box<Finding>>,
    /// When it is to be folded.
    pub(super) record: Option<SealedRecord>,
    /// When bytes are to be looked for.
    pub(super) bytes: Bytes,
}

/// What a record says about bytes kept beside the journal.
#[derive(Default)]
pub(super) enum Bytes {
    /// Nothing, or it was not asked for.
    #[default]
    Nothing,
    /// It names these.
    Named(Vec<Digest>),
    /// Retention gave up those that the run's records before it name.
    Released,
}

/// How closely each entry is looked at.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    /// Whether it is read for the fold.
    pub(super) fold: bool,
    /// Whether it is read for the bytes it names.
    pub(super) bytes: bool,
}

impl Chunk {
    pub(super) fn add(&mut self, entry: &RawEntry<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(entry.bytes);
        let filed = Filed { index: entry.index, run: entry.run, seq: entry.seq, hash: entry.hash };
        self.entries.push((filed, start..self.bytes.len()));
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES || self.bytes.len() >= BYTES
    }

    pub(super) fn check(&self, depth: Depth) -> Vec<Checked> {
        self.entries.iter().map(|(filed, range)| filed.check(&self.bytes[range.clone()], depth)).collect()
    }
}

impl Filed {
    fn check(self, bytes: &[u8], depth: Depth) -> Checked {
        let Self { index, run, seq, hash } = self;
        let mut checked = Checked { index, run, seq, hash, prev: Digest::ZERO, finding: None, record: None, bytes: Bytes::Nothing };
        if let Err(finding) = self.judge(bytes, depth, &mut checked) {
            checked.finding = Some(finding);
        }
        checked
    }

    fn judge(self, bytes: &[u8], depth: Depth, checked: &mut Checked) -> Result<(), Box<Finding>> {
        // Reading a record hashes it: the same bytes need not be hashed twice.
        let read = (depth.fold || depth.bytes && may_name_bytes(bytes)).then(|| SealedRecord::read(bytes.to_vec()));
        let hash = match &read {
            Some(Ok(record)) => record.hash,
            Some(Err(_)) | None => record::hash(bytes),
        };
        if hash != self.hash {
            Err(self.finding(Flaw::Changed).expected(self.hash).found(hash))?;
        }
        let outline = canonical::outline(bytes).map_err(|NotCanonical(at)| self.finding(Flaw::NotCanonical).found(format_args!("at byte {at}")))?;
        self.judge_format(&outline)?;
        self.judge_place(&outline, checked)?;
        match read {
            Some(Ok(record)) => {
                checked.bytes = if depth.bytes { bytes_of(&record.record.event) } else { Bytes::Nothing };
                checked.record = depth.fold.then_some(record);
            }
            Some(Err(InvalidRecord::NewerFormat { found })) => Err(self.finding(Flaw::NewerFormat).expected(FORMAT).found(found))?,
            Some(Err(error @ (InvalidRecord::Form(_) | InvalidRecord::NotCanonical))) => Err(self.finding(Flaw::Unreadable).found(error))?,
            None => {}
        }
        Ok(())
    }

    fn judge_format(self, outline: &Outline<'_>) -> Result<(), Box<Finding>> {
        let format: u32 = field(outline.format).ok_or_else(|| self.finding(Flaw::Unreadable).found("no field `v` with the format"))?;
        if format == FORMAT {
            return Ok(());
        }
        let flaw = if format > FORMAT { Flaw::NewerFormat } else { Flaw::Unreadable };
        Err(self.finding(flaw).expected(FORMAT).found(format).into())
    }

    /// Takes over what the record says of itself, and compares it with where it is filed.
    fn judge_place(self, outline: &Outline<'_>, checked: &mut Checked) -> Result<(), Box<Finding>> {
        let unreadable = |name| self.finding(Flaw::Unreadable).found(format_args!("no valid field `{name}`"));
        checked.prev = digest(outline.prev).ok_or_else(|| unreadable("prev"))?;
        checked.run = field(outline.run).ok_or_else(|| unreadable("run"))?;
        checked.seq = field(outline.seq).ok_or_else(|| unreadable("seq"))?;
        if (checked.run, checked.seq) == (self.run, self.seq) {
            return Ok(());
        }
        let own = format!("record {} of run {}", checked.seq, checked.run);
        Err(self.finding(Flaw::Misfiled).found(own).into())
    }

    fn finding(self, flaw: Flaw) -> Finding {
        Finding::of_record(flaw, self.run, self.seq, self.index)
    }
}

/// Whether the record can name a blob, so that most need not be parsed. Every kind but those of calls can; a call names one only in place of a long
/// request or response, and in canonical form that is written in one way.
fn may_name_bytes(record: &[u8]) -> bool {
    !contains(record, b"\"kind\":\"Call") || contains(record, b"{\"blob\":{\"digest\":")
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

fn bytes_of(event: &Event) -> Bytes {
    match event {
        Event::BytesReleased(_) => Bytes::Released,
        // It is forgotten when its run ends.
        Event::SecretCaptured(_) => Bytes::Nothing,
        event => Bytes::Named(event.blobs()),
    }
}

fn field<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

/// A digest between quotes. None of its characters is ever escaped.
fn digest(json: &[u8]) -> Option<Digest> {
    std::str::from_utf8(json).ok()?.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}
