//! A store that keeps everything in memory: for tests of what writes to one, and as the plainest statement of what every store does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_model::{Digest, RunId, Timestamp};

use crate::act::{self, Act, ActAnswer, PostedAct};
use crate::blobs::{BlobDraft, BlobError, BlobReader, Blobs, DraftKept};
use crate::checkpoint::Signer;
use crate::lease::{self, Known, Lease, LeaseAsk, LeaseEnd, LeaseKept, LeaseUse};
use crate::ledger::{Frontier, TreeHead};
use crate::record::SealedRecord;
use crate::sealing::{NONCE, SealingKey};
use crate::store::{Batch, Durability, KeptBlob, RawEntry, Store, StoreError, Wake};

/// A store in memory. A clone is another handle of the same store, as if it were opened again.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    signer: Signer,
    sealing: SealingKey,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    ledger: Vec<SealedRecord>,
    /// The next sequence number of each run.
    next: HashMap<RunId, u64>,
    /// Runs in the order of their first records.
    runs: Vec<RunId>,
    /// With the number of records when they were last kept.
    blobs: HashMap<Digest, (Vec<u8>, u64)>,
    frontier: Frontier,
    checkpoints: BTreeMap<u64, String>,
    nonces: u64,
    leases: BTreeMap<String, LeaseKept>,
    wakes: HashMap<RunId, Timestamp>,
    acts: Vec<(PostedAct, Option<ActAnswer>)>,
}

/// The name of the one process that can reach a store in memory.
const PROCESS: &str = "memory";

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store. Its keys are always the same: what dies with the process needs no secrecy.
    pub fn new() -> Self {
        Self(Arc::new(Shared { signer: Signer::from_seed(&[1; 32]), sealing: SealingKey::new(&[2; 32]), kept: Mutex::default() }))
    }

    /// Exchanges the kept bytes of a blob, so that tests can see damage found. False when it is not there.
    pub fn damage_blob(&self, digest: Digest, bytes: Vec<u8>) -> bool {
        self.kept().blobs.get_mut(&digest).map(|(kept, _)| *kept = bytes).is_some()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Where each run of the batch will stand after it, when every record has its place.
    fn places(&self, batch: &Batch) -> Result<HashMap<RunId, u64>, StoreError> {
        let mut places = HashMap::new();
        for record in &batch.records {
            let (run, seq) = (record.record.run, record.record.seq);
            let next = places.entry(run).or_insert_with(|| self.next.get(&run).copied().unwrap_or(0));
            if seq < *next {
                return Err(StoreError::Conflict { run, seq });
            }
            if seq > *next {
                return Err(StoreError::Gap { run, seq, expected: *next });
            }
            *next += 1;
        }
        Ok(places)
    }

    /// The same rule as in every store: the newest token writes.
    fn check(&self, used: &LeaseUse) -> Result<(), StoreError> {
        let Lease { environment, run, token } = &used.lease;
        match self.leases.get(environment) {
            Some(kept) if kept.run == Some(*run) && kept.token == *token => Ok(()),
            _ => Err(StoreError::LeaseLost { run: *run, environment: environment.clone() }),
        }
    }

    fn end(&mut self, used: &LeaseUse) {
        let Some(kept) = self.leases.get_mut(&used.lease.environment) else { return };
        match used.end {
            LeaseEnd::Kept => {}
            LeaseEnd::LetGo => kept.process = None,
            LeaseEnd::GivenBack => (kept.process, kept.run) = (None, None),
        }
    }

    fn keep(&mut self, bytes: Vec<u8>, since: u64) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.insert(digest, (bytes, since));
        digest
    }

    fn checkpoint(&mut self, signer: &Signer) -> String {
        let head = self.frontier.head();
        self.checkpoints.entry(head.size).or_insert_with(|| signer.sign(&head)).clone()
    }
}

impl Store for MemoryStore {
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        // Memory survives neither the process nor a loss of power: there is nothing to wait for.
        match durability {
            Durability::Written | Durability::Durable => {}
        }
        let mut kept = self.kept();
        if let Some(used) = &batch.lease {
            kept.check(used)?;
        }
        let places = kept.places(&batch)?;
        let since = kept.frontier.size();
        for record in batch.records {
            if record.record.seq == 0 {
                kept.runs.push(record.record.run);
            }
            kept.frontier.push(&record.hash);
            kept.ledger.push(record);
        }
        kept.next.extend(places);
        for blob in batch.blobs {
            kept.keep(blob, since);
        }
        for digest in &batch.forget {
            kept.blobs.remove(digest);
        }
        if batch.checkpoint {
            kept.checkpoint(&self.0.signer);
        }
        if let Some(used) = &batch.lease {
            kept.end(used);
        }
        match batch.wake {
            Some(Wake { run, at: Some(at) }) => drop(kept.wakes.insert(run, at)),
            Some(Wake { run, at: None }) => drop(kept.wakes.remove(&run)),
            None => {}
        }
        for (id, answer) in batch.answers {
            if let Some((_, kept)) = kept.acts.iter_mut().find(|(act, _)| act.id == id) {
                *kept = Some(answer);
            }
        }
        Ok(())
    }

    fn take_lease(&self, ask: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        let mut kept = self.kept();
        let known = Known { process: PROCESS, lives: &|_| true, begun: &|run| kept.next.contains_key(&run) };
        let decided = lease::decide(kept.leases.get(&ask.environment).cloned(), ask, &known);
        Ok(decided.map(|taken| {
            let token = taken.token;
            kept.leases.insert(ask.environment.clone(), taken);
            Lease { environment: ask.environment.clone(), run: ask.run, token }
        }))
    }

    fn renew_lease(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let ours = kept.leases.get_mut(&lease.environment).filter(|kept| kept.run == Some(lease.run) && kept.token == lease.token);
        Ok(ours.map(|kept| kept.beat = now).is_some())
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        Ok(self.kept().leases.values().filter(|kept| kept.run.is_some()).cloned().collect())
    }

    fn due(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
        let kept = self.kept();
        let mut due: Vec<_> = kept.wakes.iter().filter(|(_, at)| **at <= now).map(|(run, at)| (*at, *run)).collect();
        due.sort();
        Ok(due.into_iter().map(|(_, run)| run).collect())
    }

    fn post_act(&self, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let id = kept.acts.last().map_or(0, |(act, _)| act.id + 1);
        let taken: HashSet<RunId> = kept.leases.values().filter_map(|kept| kept.run).collect();
        kept.acts.retain(|(act, answer)| now.since(act.posted_at) <= act::KEPT || (answer.is_none() && taken.contains(&act.run)));
        kept.acts.push((PostedAct { id, run, actor: actor.to_owned(), posted_at: now, act: act.clone() }, None));
        Ok(id)
    }

    fn acts(&self, run: RunId) -> Result<Vec<PostedAct>, StoreError> {
        Ok(self.kept().acts.iter().filter(|(act, answer)| act.run == run && answer.is_none()).map(|(act, _)| act.clone()).collect())
    }

    fn act_answer(&self, id: u64) -> Result<Option<ActAnswer>, StoreError> {
        Ok(self.kept().acts.iter().find(|(act, _)| act.id == id).and_then(|(_, answer)| answer.clone()))
    }

    fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        Ok(self.kept().ledger.iter().filter(|record| record.record.run == run).cloned().collect())
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(self.kept().runs.clone())
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        // A copy, so that `visit` may use the store.
        let ledger = self.kept().ledger.clone();
        for (index, kept) in (0..).zip(&ledger).skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            let SealedRecord { record, bytes, hash } = kept;
            if !visit(RawEntry { index, run: record.run, seq: record.seq, bytes, hash: *hash }) {
                break;
            }
        }
        Ok(())
    }

    fn head(&self) -> Result<TreeHead, StoreError> {
        Ok(self.kept().frontier.head())
    }

    fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.kept().checkpoints.values().cloned().collect())
    }

    fn checkpoint(&self) -> Result<String, StoreError> {
        Ok(self.kept().checkpoint(&self.0.signer))
    }

    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        Ok(self.kept().blobs.iter().map(|(digest, (bytes, since))| KeptBlob { digest: *digest, size: bytes.len() as u64, since: *since }).collect())
    }

    fn remove_blobs(&self, blobs: &[Digest], kept_before: u64) -> Result<Vec<Digest>, StoreError> {
        let kept = &mut self.kept().blobs;
        let mut old = |digest: &Digest| kept.get(digest).is_some_and(|(_, since)| *since < kept_before).then(|| kept.remove(digest));
        Ok(blobs.iter().filter(|digest| old(digest).is_some()).copied().collect())
    }

    fn verifier_key(&self) -> String {
        self.0.signer.verifier().to_string()
    }

    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        let mut kept = self.kept();
        kept.nonces += 1;
        nonce[..8].copy_from_slice(&kept.nonces.to_le_bytes());
        Ok(self.0.sealing.seal(nonce, run, secret, value)?)
    }

    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.sealing.open(run, secret, sealed)?)
    }
}

impl Blobs for MemoryStore {
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError> {
        Ok(Box::new(Draft { store: self.clone(), bytes: Vec::new() }))
    }

    fn open_blob(&self, digest: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let Some((bytes, _)) = self.kept().blobs.get(&digest).cloned() else { return Ok(None) };
        if Digest::of(&bytes) == digest { Ok(Some(Box::new(Cursor::new(bytes)))) } else { Err(BlobError::Corrupt(digest)) }
    }
}

/// A blob that is being written.
struct Draft {
    store: MemoryStore,
    bytes: Vec<u8>,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobDraft for Draft {
    fn finish(self: Box<Self>) -> Result<DraftKept, BlobError> {
        let Self { store, bytes } = *self;
        let (mut kept, size) = (store.kept(), bytes.len() as u64);
        let since = kept.frontier.size();
        Ok(DraftKept { digest: kept.keep(bytes, since), size })
    }
}
