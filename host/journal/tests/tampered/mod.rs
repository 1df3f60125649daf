//! A store that keeps whatever a test puts there.

use lockstep_journal::act::ActAnswer;
use lockstep_journal::blobs::{BlobDraft, BlobError, BlobReader, Blobs};
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::sealing::NotSealedHere;
use lockstep_journal::store::{Batch, Durability, KeptBlob, RawEntry, Store, StoreError};
use lockstep_journal::{Act, Lease, LeaseAsk, LeaseKept, PostedAct, SealedRecord, ledger};
use lockstep_model::{Digest, RunId, Timestamp};

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) index: u64,
    pub(crate) run: RunId,
    pub(crate) seq: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: Digest,
}

/// Read-only to all but the test.
#[derive(Debug, Clone)]
pub(crate) struct Tampered {
    pub(crate) entries: Vec<Kept>,
    pub(crate) head: TreeHead,
    pub(crate) checkpoints: Vec<String>,
    pub(crate) key: String,
    /// What a scan ends with.
    pub(crate) broken: Option<StoreError>,
}

impl Tampered {
    /// What another store keeps.
    pub(crate) fn copy_of(store: &dyn Store) -> Self {
        let mut entries = Vec::new();
        let mut visit = |entry: RawEntry<'_>| {
            let RawEntry { index, run, seq, bytes, hash } = entry;
            entries.push(Kept { index, run, seq, bytes: bytes.to_vec(), hash });
            true
        };
        store.scan(0, &mut visit).unwrap();
        Self { entries, head: store.head().unwrap(), checkpoints: store.checkpoints().unwrap(), key: store.verifier_key(), broken: None }
    }

    /// Lets the entries count from 0 again, and the head be theirs: what a thorough forger would do.
    pub(crate) fn tidy(&mut self) {
        for (index, entry) in (0..).zip(&mut self.entries) {
            entry.index = index;
        }
        let hashes: Vec<_> = self.entries.iter().map(|entry| entry.hash).collect();
        self.head = TreeHead { size: hashes.len() as u64, root: ledger::root(&hashes) };
    }
}

impl Store for Tampered {
    fn append(&self, _: Batch, _: Durability) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn records(&self, _: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        Ok(Vec::new())
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    fn scan(&self, _: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        for Kept { index, run, seq, bytes, hash } in &self.entries {
            if !visit(RawEntry { index: *index, run: *run, seq: *seq, bytes, hash: *hash }) {
                break;
            }
        }
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn head(&self) -> Result<TreeHead, StoreError> {
        Ok(self.head)
    }

    fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.checkpoints.clone())
    }

    fn checkpoint(&self) -> Result<String, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        Ok(Vec::new())
    }

    fn remove_blobs(&self, _: &[Digest], _: u64) -> Result<Vec<Digest>, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn verifier_key(&self) -> String {
        self.key.clone()
    }

    fn take_lease(&self, _: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn renew_lease(&self, _: &Lease, _: Timestamp) -> Result<bool, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        Ok(Vec::new())
    }

    fn due(&self, _: Timestamp) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    fn post_act(&self, _: RunId, _: &str, _: Timestamp, _: &Act) -> Result<u64, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn acts(&self, _: RunId) -> Result<Vec<PostedAct>, StoreError> {
        Ok(Vec::new())
    }

    fn act_answer(&self, _: u64) -> Result<Option<ActAnswer>, StoreError> {
        Ok(None)
    }

    fn seal_secret(&self, _: RunId, _: &str, _: &[u8]) -> Result<Vec<u8>, StoreError> {
        Err(NotSealedHere.into())
    }

    fn open_secret(&self, _: RunId, _: &str, _: &[u8]) -> Result<Vec<u8>, StoreError> {
        Err(NotSealedHere.into())
    }
}

impl Blobs for Tampered {
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError> {
        Err(BlobError::Medium("read-only".into()))
    }

    fn open_blob(&self, _: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        Ok(None)
    }
}
