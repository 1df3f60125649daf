//! What the verifier found, in words that name the record.

use std::fmt;

use lockstep_model::RunId;
use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What is wrong.
    pub flaw: Flaw,
    /// The run of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The record's number in the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The record's place in the ledger, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What should stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// The record's bytes are not those its hash was made of.
    Changed,
    /// The record is not in canonical form.
    NotCanonical,
    /// The record is of a format this program does not know.
    NewerFormat,
    /// The bytes are no record, or the store cannot be read.
    Unreadable,
    /// The record is filed under another run or number than its own.
    Misfiled,
    /// A record of the run is missing.
    Missing,
    /// The record is there twice, or out of its order.
    Repeated,
    /// The record does not follow from the one before it.
    Unchained,
    /// What the record says may not happen where it stands.
    Illegal,
    /// An entry of the ledger is missing or out of its order.
    LedgerGap,
    /// The ledger is not the one whose head is kept.
    HeadDiffers,
    /// The ledger is not the one that was signed.
    CheckpointDiffers,
    /// The ledger is shorter than the one that was signed.
    Truncated,
    /// Bytes that the record names are not there, and no retention has given them up.
    BytesMissing,
    /// Bytes that the record names are not what they were.
    BytesChanged,
    /// A checkpoint is malformed, or not signed with the store's key.
    BadCheckpoint,
}

impl Finding {
    /// About the store as a whole.
    pub(super) fn of_store(flaw: Flaw, found: Option<String>) -> Self {
        Self { flaw, run: None, seq: None, index: None, expected: None, found }
    }

    /// About a record.
    pub(super) fn of_record(flaw: Flaw, run: RunId, seq: u64, index: u64) -> Self {
        Self { flaw, run: Some(run), seq: Some(seq), index: Some(index), expected: None, found: None }
    }

    pub(super) fn expected(self, expected: impl fmt::Display) -> Self {
        Self { expected: Some(expected.to_string()), ..self }
    }

    pub(super) fn found(self, found: impl fmt::Display) -> Self {
        Self { found: Some(found.to_string()), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.seq, self.run) {
            (Some(seq), Some(run)) => write!(f, "record {seq} of run {run}")?,
            (Some(_) | None, _) => f.write_str("the store")?,
        }
        if let Some(index) = self.index {
            write!(f, ", ledger entry {index}")?;
        }
        write!(f, ": {}", self.flaw)?;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}"),
            (Some(expected), None) => write!(f, ": expected {expected}"),
            (None, Some(found)) => write!(f, ": {found}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "the record was changed",
            Self::NotCanonical => "the record is not in canonical form",
            Self::NewerFormat => "the record is of a newer format",
            Self::Unreadable => "it cannot be read",
            Self::Misfiled => "the record is filed under another name than its own",
            Self::Missing => "the record is missing",
            Self::Repeated => "the record is there twice or out of order",
            Self::Unchained => "the record does not follow from the one before it",
            Self::Illegal => "the record may not stand there",
            Self::LedgerGap => "an entry of the ledger is missing or out of order",
            Self::HeadDiffers => "the ledger is not the one whose head is kept",
            Self::CheckpointDiffers => "the ledger is not the one that was signed",
            Self::Truncated => "the ledger has lost its end",
            Self::BytesMissing => "bytes that it names are not there, and no retention has given them up",
            Self::BytesChanged => "bytes that it names are not what was kept: they were changed, or sealed with another key",
            Self::BadCheckpoint => "a checkpoint is not valid",
        })
    }
}
