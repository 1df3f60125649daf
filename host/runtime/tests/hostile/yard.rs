//! Where guests may misbehave: one store, one house with the real drivers, one runtime, for all of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_driver_files::FilesDriver;
use lockstep_driver_http::HttpDriver;
use lockstep_driver_shell::ShellDriver;
use lockstep_engine::{House, LONGEST_HOLD, Procedure, Start, Waits};
use lockstep_gate::Drivers;
use lockstep_grant::Grant;
use lockstep_journal::Store;
use lockstep_journal::verify::{VerifyOptions, VerifyReport, verify};
use lockstep_runtime::{Limits, LoadError, LoadedProcedure, Runtime, RuntimeOptions};
use lockstep_store_sqlite::{Options, SqliteStore};
use lockstep_testkit::{FakeDrivers, grant, house, start_of};
use tempfile::TempDir;

/// Time for `describe` and `plan`: less than the product's, enough for the longest plan on a slow machine.
const DECLARING: Duration = Duration::from_secs(3);

/// The place.
pub(crate) struct Yard {
    pub(crate) house: House,
    pub(crate) store: Arc<dyn Store>,
    runtime: Runtime,
    misbehaving: Vec<u8>,
    place: TempDir,
    started: AtomicUsize,
}

/// A component of the examples. `scripts/test` builds them first.
fn example(name: &str) -> Vec<u8> {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/guests")).join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}: run scripts/test", file.display()))
}

impl Yard {
    pub(crate) fn new() -> Self {
        let place = TempDir::new().unwrap();
        std::fs::create_dir(place.path().join("box")).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&place.path().join("store"), Options::default()).unwrap());
        let drivers = Drivers {
            http: Arc::new(HttpDriver::new().unwrap()),
            shell: Arc::new(ShellDriver::new()),
            files: Arc::new(FilesDriver::new()),
            ..FakeDrivers::default().drivers()
        };
        let house = House { drivers, longest_hold: LONGEST_HOLD, ..house(store.clone(), &FakeDrivers::default()) };
        let runtime = Runtime::new(RuntimeOptions { cache_dir: Some(place.path().join("cache")) }).unwrap();
        Self { house, store, runtime, misbehaving: example("misbehaving"), place, started: AtomicUsize::new(0) }
    }

    /// The grant of `misbehaving`, with these limits.
    pub(crate) fn grant(&self, limits: &str) -> Arc<Grant> {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest-sdk/procedures/misbehaving/grant.toml")).unwrap();
        let text = text.replace("@ROOT@", &self.place.path().display().to_string());
        let (rest, _) = text.split_once("[limits]").unwrap();
        grant(&format!("{rest}[limits]\n{limits}"))
    }

    /// Loads a component under a grant.
    pub(crate) fn load(&self, component: &[u8], grant: &Grant) -> Result<LoadedProcedure, LoadError> {
        let granted = grant.limits();
        self.runtime.load(component, Limits { memory: granted.memory, fuel: granted.fuel, declaring: DECLARING, ..Limits::default() })
    }

    /// The procedure that misbehaves as it is told.
    pub(crate) fn misbehaving(&self) -> &[u8] {
        &self.misbehaving
    }

    /// The procedure that behaves.
    pub(crate) fn hello(&self) -> LoadedProcedure {
        self.load(&example("hello"), &self.grant("")).unwrap()
    }

    /// A new run, in an environment of its own: a stuck one keeps it. A long wait ends the drive.
    pub(crate) fn start(&self, procedure: Arc<dyn Procedure>, grant: Arc<Grant>, how: Option<&str>, attended: bool) -> Start {
        Start {
            environment: format!("yard-{}", self.started.fetch_add(1, Ordering::Relaxed)),
            parameters: how.map(|how| ("how".to_owned(), how.to_owned())).into_iter().collect(),
            attended,
            waits: Waits { detach: true, ..Waits::default() },
            ..start_of(procedure, grant)
        }
    }

    /// Everything in the store, hashes, chains, ledger, signatures and states.
    pub(crate) fn verify(&self) -> VerifyReport {
        verify(&*self.store, VerifyOptions { fold: true, ..VerifyOptions::default() }).unwrap()
    }
}
