//! A store that stops working: for what happens when the power goes, or the disk is full, at any append. Tests and rehearsals use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockstep_model::{Digest, RunId, Timestamp};

use crate::act::{Act, ActAnswer, PostedAct};
use crate::blobs::{BlobDraft, BlobError, BlobReader, Blobs};
use crate::lease::{Lease, LeaseAsk, LeaseKept};
use crate::ledger::TreeHead;
use crate::record::SealedRecord;
use crate::store::{Batch, Durability, KeptBlob, RawEntry, Store, StoreError};

/// Passes on a number of appends, then fails every one.
pub struct FailingStore {
    inner: Arc<dyn Store>,
    left: AtomicUsize,
    error: StoreError,
}

impl FailingStore {
    /// Fails with `error` after `appends` appends.
    pub fn after(inner: Arc<dyn Store>, appends: usize, error: StoreError) -> Self {
        Self { inner, left: AtomicUsize::new(appends), error }
    }

    /// How many appends it still passes on.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

impl Blobs for FailingStore {
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError> {
        self.inner.draft()
    }

    fn open_blob(&self, digest: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        self.inner.open_blob(digest)
    }
}

impl Store for FailingStore {
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).map_err(|_| self.error.clone())?;
        self.inner.append(batch, durability)
    }

    fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        self.inner.records(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.runs()
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        self.inner.scan(from, visit)
    }

    fn head(&self) -> Result<TreeHead, StoreError> {
        self.inner.head()
    }

    fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        self.inner.checkpoints()
    }

    fn checkpoint(&self) -> Result<String, StoreError> {
        self.inner.checkpoint()
    }

    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        self.inner.kept_blobs()
    }

    fn remove_blobs(&self, blobs: &[Digest], kept_before: u64) -> Result<Vec<Digest>, StoreError> {
        self.inner.remove_blobs(blobs, kept_before)
    }

    fn verifier_key(&self) -> String {
        self.inner.verifier_key()
    }

    fn take_lease(&self, ask: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        self.inner.take_lease(ask)
    }

    fn renew_lease(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.renew_lease(lease, now)
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        self.inner.leases()
    }

    fn due(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
        self.inner.due(now)
    }

    fn post_act(&self, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError> {
        self.inner.post_act(run, actor, now, act)
    }

    fn acts(&self, run: RunId) -> Result<Vec<PostedAct>, StoreError> {
        self.inner.acts(run)
    }

    fn act_answer(&self, id: u64) -> Result<Option<ActAnswer>, StoreError> {
        self.inner.act_answer(id)
    }

    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.inner.seal_secret(run, secret, value)
    }

    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.inner.open_secret(run, secret, sealed)
    }
}
