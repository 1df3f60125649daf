//! What one run is played on: a store in memory, a virtual clock, the scripted world, and randomness that is always the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockstep_engine::{EngineError, Entropy, House, Resume, RunReport, Waits};
use lockstep_gate::{SecretSource, VirtualClock};
use lockstep_grant::{Grant, SecretRule};
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::{FailingStore, JournalError, Store, StoreError};
use lockstep_model::{Digest, RunId, Secret};

use crate::rehearsal::{Onlookers, Play, Rehearsal};
use crate::scenario::Scenario;
use crate::world::{Announced, Things, World};

pub(crate) struct Stage<'a> {
    rehearsal: &'a Rehearsal,
    onlookers: Onlookers,
    pub(crate) memory: MemoryStore,
    clock: Arc<VirtualClock>,
    entropy: Arc<Counted>,
    pub(crate) world: Arc<World>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(rehearsal: &'a Rehearsal, onlookers: Onlookers) -> Self {
        let memory = MemoryStore::new();
        let clock = Arc::new(VirtualClock::starting_at(rehearsal.scenario.start));
        let mounts: Vec<String> = rehearsal.setting.grant.files().mounts().iter().map(|mount| mount.guest.clone()).collect();
        let scenario = Arc::clone(&rehearsal.scenario);
        let world = World::new(scenario, &mounts, Arc::clone(&clock), onlookers.interrupt.clone());
        Self { rehearsal, onlookers, memory, clock, entropy: Arc::default(), world: Arc::new(world) }
    }

    /// The store, as long as it is to work. How it fails then goes by turns: it makes no difference.
    pub(crate) fn store_for(&self, appends: usize) -> Arc<FailingStore> {
        let crashes = [StoreError::Medium("the rehearsal crashes the host here".to_owned()), StoreError::Full, StoreError::ReadOnly];
        Arc::new(FailingStore::after(Arc::new(self.memory.clone()), appends, crashes[appends % crashes.len()].clone()))
    }

    /// A fresh engine's house over a store.
    pub(crate) fn house(&self, store: Arc<dyn Store>) -> House {
        House {
            store,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            drivers: self.world.drivers(),
            secrets: Arc::new(Given(Arc::clone(&self.rehearsal.scenario))),
            observer: Arc::clone(&self.onlookers.observer),
            live: Arc::new(Announced { world: Arc::clone(&self.world), live: Arc::clone(&self.onlookers.live) }),
            interrupt: self.onlookers.interrupt.clone(),
            longest_hold: Duration::MAX,
            actor: "lockstep".to_owned(),
            holder: "a rehearsal".to_owned(),
            shared: false,
            host: "rehearsal".to_owned(),
            engine: self.rehearsal.setting.engine.clone(),
        }
    }

    /// To go on with the run after a crash or an answer.
    pub(crate) fn resume(&self, run: RunId) -> Resume {
        Resume {
            run,
            procedure: Arc::clone(&self.rehearsal.setting.procedure),
            grant: Arc::clone(&self.rehearsal.setting.grant),
            grant_file: self.rehearsal.setting.grant_file.clone(),
            attended: false,
            reason: "the rehearsal goes on".to_owned(),
            waits: Waits::default(),
        }
    }

    /// What the procedure may do.
    pub(crate) fn grant(&self) -> &Grant {
        &self.rehearsal.setting.grant
    }

    /// How it went.
    pub(crate) fn play(&self, report: RunReport, before: Things, appends: usize) -> Result<Play, EngineError> {
        Ok(Play {
            records: self.memory.records(report.run).map_err(JournalError::Store)?,
            unanswered: self.world.unanswered(),
            appends,
            before,
            after: self.world.things(),
            performed: self.world.performed(),
            report,
        })
    }
}

/// The scenario's values of secrets.
struct Given(Arc<Scenario>);

impl SecretSource for Given {
    fn value(&self, rule: &SecretRule, _: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        match self.0.secrets.get(&rule.id) {
            Some(value) => Ok(Some(value.clone())),
            None if rule.may_be_captured() => Ok(None),
            None => Err("the scenario gives it none".to_owned()),
        }
    }
}

/// Bytes that look like chance and are the same every time.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let block = Digest::of(format!("lockstep rehearsal\0{count}").as_bytes()).0;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
