//! The one file that sees everything: puts store, drivers, runtime, clock, randomness and secrets together into a house for runs.

use std::path::Path;
use std::sync::Arc;

use lockstep_api::Code;
use lockstep_driver_db::DbDriver;
use lockstep_driver_files::FilesDriver;
use lockstep_driver_http::HttpDriver;
pub(crate) use lockstep_driver_kube::KubeDriver;
use lockstep_driver_redis::RedisDriver;
pub(crate) use lockstep_driver_shell::Kernel;
use lockstep_driver_shell::ShellDriver;
use lockstep_engine::{Entropy, House, LONGEST_HOLD};
use lockstep_gate::{Drivers, Interrupt, Live, SystemClock};
use lockstep_grant::Grant;
use lockstep_journal::ledger::TreeHead;
use lockstep_journal::{Observer, Store};
pub(crate) use lockstep_runtime::Compiled;
use lockstep_runtime::{Limits, LoadedProcedure, Runtime, RuntimeOptions};
pub(crate) use lockstep_store_sqlite::Sizes;
use lockstep_store_sqlite::{BackupError, Options, SqliteStore};

use crate::error::CliError;
use crate::{environment, secrets};

/// The program and its version, as journals and descriptors have it.
pub(crate) const ENGINE: &str = concat!("lockstep ", env!("CARGO_PKG_VERSION"));

/// The store's database, which is there when the store is.
const DATABASE: &str = "store.db";

/// Compiled code, in the store's folder. It may be deleted at any time, and may be there before the store: a build compiles what a run will need.
const CACHE: &str = "cache";

/// Opens the store in a folder, making it if needed.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open_store(folder: &Path) -> Result<Arc<dyn Store>, CliError> {
    open_with(folder, Options::default())
}

/// Opens a store that is there, to write to it.
///
/// # Errors
/// When it is not there or cannot be opened.
pub(crate) fn open_store_to_act(folder: &Path) -> Result<Arc<dyn Store>, CliError> {
    open_with(folder, Options { create: false, ..Options::default() })
}

/// Opens a store to look at it: nothing is written, no key is needed, and one that does not hold can still be looked at.
///
/// # Errors
/// When it is not there or cannot be read.
pub(crate) fn open_store_to_look(folder: &Path) -> Result<Arc<dyn Store>, CliError> {
    open_with(folder, Options { create: false, read_only: true, ..Options::default() })
}

fn open_with(folder: &Path, options: Options) -> Result<Arc<dyn Store>, CliError> {
    let store = SqliteStore::open(folder, options).map_err(|error| CliError::store(folder, &error))?;
    Ok(Arc::new(store))
}

/// Gives free room in the files of a store back to the disk; its sizes before and after.
///
/// # Errors
/// When there is none, or it cannot be written.
pub(crate) fn compact_store(folder: &Path) -> Result<(Sizes, Sizes), CliError> {
    lockstep_store_sqlite::compact(folder).map_err(|error| CliError::store(folder, &error))
}

/// Copies a store to an empty folder; gives the head of the copy's ledger.
///
/// # Errors
/// When there is none, or one of them cannot be read or written.
pub(crate) fn backup_store(folder: &Path, to: &Path) -> Result<TreeHead, CliError> {
    lockstep_store_sqlite::backup(folder, to).map_err(|error| match error {
        BackupError::NotEmpty(_) | BackupError::UnderWay(_) => CliError::new(Code::FolderTaken, error.to_string()).hint("name a new folder"),
        BackupError::Store(error) => CliError::store(folder, &error),
    })
}

/// Whether there is a store in a folder: looking at one must not make it.
pub(crate) fn has_store(folder: &Path) -> bool {
    folder.join(DATABASE).exists()
}

/// Whether compiled code is kept in a store's folder: a build or a run has made room for it.
pub(crate) fn keeps_compiled(folder: &Path) -> bool {
    folder.join(CACHE).is_dir()
}

/// How much compiled code there is in a store's folder.
///
/// # Errors
/// When its directory cannot be read.
pub(crate) fn compiled(store: &Path) -> std::io::Result<Compiled> {
    Compiled::below(&store.join(CACHE))
}

/// A procedure of a component's bytes, bounded by a grant. Compiled code is kept in the store's folder, if there is one.
///
/// # Errors
/// When the bytes are no procedure that this host can run.
pub(crate) fn load(component: &[u8], name: &str, grant: Option<&Grant>, store: Option<&Path>) -> Result<LoadedProcedure, CliError> {
    let cache_dir = store.map(|store| store.join(CACHE));
    let runtime = Runtime::new(RuntimeOptions { cache_dir }).map_err(|error| CliError::internal(error.to_string()))?;
    let limits = grant.map_or_else(Limits::default, limits);
    runtime.load(component, limits).map_err(|error| CliError::load(name, &error))
}

fn limits(grant: &Grant) -> Limits {
    let granted = grant.limits();
    Limits { memory: granted.memory, fuel: granted.fuel, ..Limits::default() }
}

/// What watches a run and may stop it.
pub(crate) struct Watchers {
    /// Sees every record.
    pub(crate) observer: Arc<dyn Observer>,
    /// Sees calls and output while they come.
    pub(crate) live: Arc<dyn Live>,
    /// The operator's wish to stop.
    pub(crate) interrupt: Interrupt,
}

/// Everything that runs of this process share.
///
/// # Errors
/// When a driver cannot be started.
pub(crate) fn house(store: Arc<dyn Store>, watchers: Watchers) -> Result<House, CliError> {
    let http = HttpDriver::new().map_err(|error| CliError::internal(format!("the http driver cannot be started: {error}")))?;
    let kube = KubeDriver::new().map_err(|error| CliError::internal(format!("the kube driver cannot be started: {error}")))?;
    let kube = Arc::new(kube);
    let db = DbDriver::new(Arc::new(ShellDriver::new()));
    Ok(House {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        drivers: Drivers {
            http: Arc::new(http),
            shell: Arc::new(ShellDriver::new()),
            files: Arc::new(FilesDriver::new()),
            redis: Arc::new(RedisDriver::new()),
            kube: kube.clone(),
            db: Arc::new(db),
        },
        secrets: Arc::new(secrets::Declared { kube }),
        observer: watchers.observer,
        live: watchers.live,
        interrupt: watchers.interrupt,
        longest_hold: LONGEST_HOLD,
        actor: environment::user(),
        holder: environment::holder(),
        shared: true,
        host: environment::host(),
        engine: ENGINE.to_owned(),
    })
}

/// The system's randomness.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // A predictable seed would make markers of secrets guessable: no run may have one.
            std::panic::panic_any(format!("the system gives no randomness: {error}"));
        }
    }
}
