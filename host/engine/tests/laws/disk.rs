//! A store on a disk that can fill up, break, lose power, or die together with its process, at any append.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lockstep_gate::Interrupt;
use lockstep_journal::act::ActAnswer;
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::store::{KeptBlob, RawEntry};
use lockstep_journal::{
    Act, Batch, BlobDraft, BlobError, BlobReader, Blobs, Durability, Event, Lease, LeaseAsk, LeaseKept, PostedAct, SealedRecord, Store, StoreError,
};
use lockstep_model::{Clock, Digest, RunId, Timestamp};
use lockstep_testkit::VirtualClock;

/// How long an append takes that hangs: shorter than any deadline of a plan here.
const HANGS: Duration = Duration::from_secs(1);

/// What becomes of the disk at an append, and from then on until it is mended. Appends count from 1.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It works.
    Well,
    /// This append is refused, and every one after it.
    Refuses(usize, StoreError),
    /// This append is kept and its caller does not learn of it: the process dies with the answer on its way.
    DiesAfter(usize),
    /// This append is accepted and not kept, if nobody waits for it: the next one of the run is told. One that is waited for is refused at once.
    FailsLate(usize, StoreError),
    /// After this append the operator of the process wants it to stop: before the next call, or now.
    Interrupts(usize, Wish),
    /// This append takes long: a second passes before it is kept.
    Hangs(usize),
    /// After this append another process takes the run's lease away.
    LosesLease(usize),
}

/// How an operator wants a process to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Pause,
    Cancel,
}

/// The store of a trial. A clone is the same store.
#[derive(Clone)]
pub(crate) struct Disk(Arc<Mutex<Inside>>);

struct Inside {
    store: MemoryStore,
    fate: Fate,
    appends: usize,
    /// Everything kept, in order: what a loss of power leaves is the part up to the last durable batch.
    kept: Vec<(Batch, Durability)>,
    /// Keys of the intents that would survive a loss of power.
    durable: BTreeSet<String>,
    /// Keys of the intents that would survive the end of the process only.
    written: BTreeSet<String>,
    sick: bool,
    /// Goes on while an append hangs.
    clock: Arc<VirtualClock>,
    /// What the process that uses it is told by its operator.
    interrupt: Interrupt,
    /// Whether the lease was taken away, and the key of the intent that had become durable then, if it was one: its effect may still follow.
    lease_lost: Option<Option<String>>,
}

impl Disk {
    pub(crate) fn new(fate: Fate) -> Self {
        let (kept, durable, written, clock, interrupt) = Default::default();
        let inside = Inside { store: MemoryStore::new(), fate, appends: 0, kept, durable, written, sick: false, clock, interrupt, lease_lost: None };
        Self(Arc::new(Mutex::new(inside)))
    }

    /// What is found when the power comes back: everything up to the last durable append, and nothing after it.
    pub(crate) fn after_power_loss(&self) -> Self {
        let survivor = Self::new(Fate::Well);
        let inside = self.inside();
        let durable = inside.kept.iter().rposition(|(_, durability)| *durability == Durability::Durable).map_or(0, |last| last + 1);
        for (batch, durability) in &inside.kept[..durable] {
            // Whoever held the lease is gone with the power.
            survivor.append(Batch { lease: None, ..batch.clone() }, *durability).unwrap();
        }
        survivor
    }

    /// Well again from here on, or sick in another way, for a new process: appends count from 1 again.
    pub(crate) fn mend(&self, fate: Fate) {
        let mut inside = self.inside();
        (inside.fate, inside.appends, inside.sick) = (fate, 0, false);
        (inside.interrupt, inside.lease_lost) = (Interrupt::default(), None);
    }

    /// What the process that uses it now is told by its operator.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.inside().interrupt.clone()
    }

    /// Whether the run's lease is another's, and this is no effect whose intent was durable before.
    pub(crate) fn has_lost_the_lease_for(&self, key: &str) -> bool {
        self.inside().lease_lost.as_ref().is_some_and(|intended| intended.as_deref() != Some(key))
    }

    /// The clock that runs on while an append hangs.
    pub(crate) fn clock(&self) -> Arc<VirtualClock> {
        Arc::clone(&self.inside().clock)
    }

    /// Appends tried since it was mended.
    pub(crate) fn appends(&self) -> usize {
        self.inside().appends
    }

    /// Whether it has failed since it was mended.
    pub(crate) fn is_sick(&self) -> bool {
        self.inside().sick
    }

    /// Whether an intent with that key survives a loss of power.
    pub(crate) fn has_durable_intent(&self, key: &str) -> bool {
        self.inside().durable.contains(key)
    }

    /// What was kept, in order.
    pub(crate) fn kept(&self) -> Vec<(Batch, Durability)> {
        self.inside().kept.clone()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    fn store(&self) -> MemoryStore {
        self.inside().store.clone()
    }
}

impl Inside {
    fn keep(&mut self, batch: &Batch, durability: Durability) -> Result<(), StoreError> {
        self.store.append(batch.clone(), durability)?;
        self.kept.push((batch.clone(), durability));
        for record in &batch.records {
            if let Event::CallStarted(call) = &record.record.event {
                self.written.insert(call.key.clone());
            }
        }
        if durability == Durability::Durable {
            self.durable.append(&mut self.written);
        }
        Ok(())
    }

    /// The lease becomes another's after that batch.
    fn lose_lease(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let last = &batch.records.last().expect("a record").record;
        let intended = if let Event::CallStarted(call) = &last.event { Some(call.key.clone()) } else { None };
        let (environment, holder, reason) = ("test".to_owned(), "another".to_owned(), "it hangs".to_owned());
        let ask = LeaseAsk { environment, run: last.run, holder, reason, now: last.time, force: true };
        self.store.take_lease(&ask)?.expect("it is taken by force");
        self.lease_lost = Some(intended);
        Ok(())
    }
}

impl Store for Disk {
    fn append(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let mut inside = self.inside();
        inside.appends += 1;
        let appends = inside.appends;
        match inside.fate.clone() {
            Fate::Refuses(from, error) if appends >= from => {
                inside.sick = true;
                Err(error)
            }
            Fate::DiesAfter(last) if appends >= last => {
                inside.sick = true;
                if appends == last {
                    inside.keep(&batch, durability)?;
                }
                Err(StoreError::Medium("the process is dead".to_owned()))
            }
            Fate::FailsLate(at, error) if appends >= at => {
                let told = appends > at || durability == Durability::Durable;
                inside.sick |= told;
                if told { Err(error) } else { Ok(()) }
            }
            Fate::Interrupts(at, wish) if appends == at => {
                match wish {
                    Wish::Pause => inside.interrupt.pause(),
                    Wish::Cancel => inside.interrupt.cancel(),
                }
                inside.keep(&batch, durability)
            }
            Fate::Hangs(at) if appends == at => {
                let until = inside.clock.now().after(HANGS);
                inside.clock.wait_until(until);
                inside.keep(&batch, durability)
            }
            Fate::LosesLease(at) if appends == at => {
                inside.keep(&batch, durability)?;
                inside.lose_lease(&batch)
            }
            Fate::Well | Fate::Refuses(..) | Fate::DiesAfter(_) | Fate::FailsLate(..) | Fate::Interrupts(..) | Fate::Hangs(_) | Fate::LosesLease(_) => {
                inside.keep(&batch, durability)
            }
        }
    }

    fn records(&self, run: RunId) -> Result<Vec<SealedRecord>, StoreError> {
        self.store().records(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.store().runs()
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(RawEntry<'_>) -> bool) -> Result<(), StoreError> {
        self.store().scan(from, visit)
    }

    fn head(&self) -> Result<TreeHead, StoreError> {
        self.store().head()
    }

    fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        self.store().checkpoints()
    }

    fn checkpoint(&self) -> Result<String, StoreError> {
        self.store().checkpoint()
    }

    fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        self.store().kept_blobs()
    }

    fn remove_blobs(&self, blobs: &[Digest], kept_before: u64) -> Result<Vec<Digest>, StoreError> {
        self.store().remove_blobs(blobs, kept_before)
    }

    fn verifier_key(&self) -> String {
        self.store().verifier_key()
    }

    fn take_lease(&self, ask: &LeaseAsk) -> Result<Result<Lease, Box<LeaseKept>>, StoreError> {
        self.store().take_lease(ask)
    }

    fn renew_lease(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.store().renew_lease(lease, now)
    }

    fn leases(&self) -> Result<Vec<LeaseKept>, StoreError> {
        self.store().leases()
    }

    fn due(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
        self.store().due(now)
    }

    fn post_act(&self, run: RunId, actor: &str, now: Timestamp, act: &Act) -> Result<u64, StoreError> {
        self.store().post_act(run, actor, now, act)
    }

    fn acts(&self, run: RunId) -> Result<Vec<PostedAct>, StoreError> {
        self.store().acts(run)
    }

    fn act_answer(&self, id: u64) -> Result<Option<ActAnswer>, StoreError> {
        self.store().act_answer(id)
    }

    fn seal_secret(&self, run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.store().seal_secret(run, secret, value)
    }

    fn open_secret(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.store().open_secret(run, secret, sealed)
    }
}

impl Blobs for Disk {
    fn draft(&self) -> Result<Box<dyn BlobDraft>, BlobError> {
        self.store().draft()
    }

    fn open_blob(&self, digest: Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        self.store().open_blob(digest)
    }
}
