//! What happens when Lockstep itself is wrong: the panic is caught, and the operator learns which run it was and how far its journal goes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_api::Exit;
use lockstep_model::RunId;

use crate::error::CliError;
use crate::ui::Ui;
use crate::wiring;

/// The run that this process drives, and where its store is.
static UNDER_WAY: Mutex<Option<(RunId, PathBuf)>> = Mutex::new(None);

/// What the panic said, and where.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Remembers which run this process drives.
pub(crate) fn now_driving(run: RunId, store: &Path) {
    lock(&UNDER_WAY).get_or_insert_with(|| (run, store.to_owned()));
}

/// Runs the program and turns a panic into an error.
pub(crate) fn guarded(program: impl FnOnce() -> Exit) -> Exit {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        lock(&PANIC).get_or_insert_with(|| format!("{text}{place}"));
    }));
    catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|_| Ui::before_arguments().fail(&error()))
}

fn error() -> CliError {
    let said = lock(&PANIC).take().unwrap_or_else(|| "a panic without words".to_owned());
    let error = CliError::internal(format!("Lockstep has panicked: {said}"));
    let Some((run, store)) = lock(&UNDER_WAY).take() else { return error.hint("nothing was under way") };
    // The process is in an unknown state: the store is opened afresh, and only read.
    let records = wiring::open_store(&store).and_then(|store| Ok(store.records(run)?.len()));
    let intact = match records {
        Ok(0) => format!("run {run} has no record yet"),
        Ok(count) => format!("run {run}: its journal is intact up to record {}", count - 1),
        Err(_) => format!("run {run}: its journal is intact up to its last durable record"),
    };
    error.detail(intact).hint(format!("`lockstep resume {run}` goes on where it stopped")).hint("please report this with the message above")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
