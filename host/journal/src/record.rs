//! One record: an event with its place in the run, in canonical form and chained by hash.

use std::borrow::Cow;

use lockstep_model::{Digest, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::canonical::canonical_json;
use crate::event::Event;

/// The version of the record's form. A reader refuses a newer one.
pub const FORMAT: u32 = 1;

/// What is hashed before the canonical bytes, so that the hash of a record is never the hash of anything else.
const DOMAIN: &[u8] = b"lockstep record v1\0";

/// One record as it is hashed.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Whose.
    pub run: RunId,
    /// From 0, without gaps.
    pub seq: u64,
    /// When it was written. Information only: order is `seq`.
    pub time: Timestamp,
    /// Who caused it: `lockstep` or a person.
    pub actor: String,
    /// What happened.
    pub event: Event,
    /// The hash of the record before it; zero for the first.
    pub prev: Digest,
}

/// A record with its canonical bytes and its hash: what a store keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedRecord {
    /// What it says.
    pub record: Record,
    /// RFC 8785 canonical JSON of the record without its hash.
    pub bytes: Vec<u8>,
    /// SHA-256 over the domain and the bytes.
    pub hash: Digest,
}

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRecord {
    /// Written by a newer program.
    #[error("record of format {found}, this program reads up to {FORMAT}")]
    NewerFormat {
        /// The format found.
        found: u32,
    },
    /// Not the JSON of a record.
    #[error("not a record: {0}")]
    Form(#[from] serde_json::Error),
    /// JSON of a record, but not in the one canonical form.
    #[error("not in canonical form")]
    NotCanonical,
}

/// A record as it is read: everything borrowed that can be.
#[derive(Deserialize)]
struct Read<'a> {
    v: u32,
    run: RunId,
    seq: u64,
    time: Timestamp,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
    prev: Digest,
}

/// A record as it is written: its fields in the order of the canonical form, so that nothing has to be moved.
#[derive(Serialize)]
struct Written<'a> {
    actor: &'a str,
    #[serde(serialize_with = "Event::serialize_body")]
    body: &'a Event,
    kind: &'a str,
    prev: Digest,
    run: RunId,
    seq: u64,
    time: Timestamp,
    v: u32,
}

impl Record {
    /// Brings it into canonical form and hashes it.
    ///
    /// # Errors
    /// When the event cannot be written as JSON, which no event of ours can bring about.
    pub fn seal(self) -> Result<SealedRecord, InvalidRecord> {
        let Self { run, seq, time, ref actor, ref event, prev } = self;
        let bytes = canonical_json(&Written { actor, body: event, kind: event.kind(), prev, run, seq, time, v: FORMAT })?;
        let hash = hash(&bytes);
        Ok(SealedRecord { record: self, bytes, hash })
    }
}

impl SealedRecord {
    /// Reads a record from its bytes and hashes them. Whether the bytes are canonical is for the verifier to ask.
    ///
    /// # Errors
    /// When the bytes are no record, or one of a newer format.
    pub fn read(bytes: Vec<u8>) -> Result<Self, InvalidRecord> {
        let Read { v, run, seq, time, actor, kind, body, prev } = serde_json::from_slice(&bytes)?;
        if v > FORMAT {
            return Err(InvalidRecord::NewerFormat { found: v });
        }
        let event = Event::from_parts(&kind, body.get())?;
        let (actor, hash) = (actor.into_owned(), hash(&bytes));
        Ok(Self { record: Record { run, seq, time, actor, event, prev }, bytes, hash })
    }
}

/// The hash of a record's canonical bytes.
pub fn hash(bytes: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(bytes);
    Digest(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Digest, RunId, RunOutcome, Timestamp};

    use super::{Record, SealedRecord};
    use crate::event::{Event, RunFinished};

    #[test]
    fn a_record_reads_back_what_it_writes() {
        let record = Record {
            run: RunId::from_parts(1, 2),
            seq: 7,
            time: Timestamp::from_microseconds(3),
            actor: "lockstep".into(),
            event: Event::RunFinished(RunFinished { outcome: RunOutcome::Succeeded }),
            prev: Digest::ZERO,
        };
        let sealed = record.seal().unwrap();
        assert_eq!(
            String::from_utf8(sealed.bytes.clone()).unwrap(),
            r#"{"actor":"lockstep","body":{"outcome":"succeeded"},"kind":"RunFinished","prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","run":"00000000010000000000000002","seq":7,"time":"1970-01-01T00:00:00.000003Z","v":1}"#
        );
        assert_eq!(SealedRecord::read(sealed.bytes.clone()).unwrap(), sealed);
    }
}
