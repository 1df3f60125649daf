//! What every run in this process shares: the store, the clock, the drivers, and who looks on.

use std::sync::Arc;
use std::time::Duration;

use lockstep_gate::{Drivers, Interrupt, Live, SecretSource};
use lockstep_journal::{Desk, Lease, Observer, Store};
use lockstep_model::Clock;

/// What waits for longer holds no guest: waking costs a replay, which takes less than a thousandth of that.
pub const LONGEST_HOLD: Duration = Duration::from_secs(5);

/// Put together once, by the program's wiring.
#[derive(Clone)]
pub struct House {
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where a new run's id and seed come from.
    pub entropy: Arc<dyn Entropy>,
    /// What performs calls.
    pub drivers: Drivers,
    /// The values of declared secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Sees every record.
    pub observer: Arc<dyn Observer>,
    /// Sees calls and output while they come.
    pub live: Arc<dyn Live>,
    /// The operator's wish to stop.
    pub interrupt: Interrupt,
    /// A wait that ends later than this from now lets go of the guest's memory: `LONGEST_HOLD`, or without limit where time is virtual.
    pub longest_hold: Duration,
    /// Who causes the records: `lockstep`, or a person.
    pub actor: String,
    /// Who drives runs, for those who find an environment taken: person, machine and process.
    pub holder: String,
    /// Whether other processes can reach the store: then the lease is shown to be alive, and acts of other terminals are heard.
    pub shared: bool,
    /// The machine's name, for the journal.
    pub host: String,
    /// The program and its version, for the journal.
    pub engine: String,
}

/// Where unpredictable bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl House {
    pub(crate) fn desk(&self, lease: Option<Lease>) -> Desk {
        Desk { store: Arc::clone(&self.store), clock: Arc::clone(&self.clock), observer: Arc::clone(&self.observer), actor: self.actor.clone(), lease }
    }
}
