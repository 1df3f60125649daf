//! What happens when Lockstep itself is wrong: the panic is caught, and the operator learns which run it was and how far its journal goes. And what it is
//! besides: a launcher of programs, when it starts itself as one.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
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

/// The run that this process drives, once it has a record.
pub(crate) fn driving() -> Option<RunId> {
    lock(&UNDER_WAY).as_ref().map(|(run, _)| *run)
}

/// Becomes the program that the arguments name, confined as they say. Comes back only when it could not.
pub(crate) fn launch(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let error = lockstep_driver_shell::launch(arguments);
    // Whoever has started it reads this; there is nobody to tell that it cannot be written.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::from(lockstep_driver_shell::NOT_LAUNCHED)
}

/// Runs the program and turns a panic into an error.
pub(crate) fn guarded(program: impl FnOnce() -> Exit) -> Exit {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let mut said = format!("{text}{place}");
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            said.push_str(&format!("\n{backtrace}"));
        }
        let thread = std::thread::current();
        if thread.name() == Some("main") {
            lock(&PANIC).get_or_insert(said);
        } else {
            // Nobody may ever join it: what it said must not be lost.
            Ui::before_arguments().say_error(&CliError::internal(format!("thread `{}` has panicked: {said}", thread.name().unwrap_or("without a name"))));
        }
    }));
    catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|_| {
        let said = lock(&PANIC).take().unwrap_or_else(|| "a panic without words".to_owned());
        let under_way = lock(&UNDER_WAY).take();
        Ui::before_arguments().fail(&error(&said, under_way))
    })
}

fn error(said: &str, under_way: Option<(RunId, PathBuf)>) -> CliError {
    let error = CliError::internal(format!("Lockstep has panicked: {said}")).hint("please report this with the whole message");
    let Some((run, store)) = under_way else { return error };
    // The process is in an unknown state: the store is opened afresh, and only read.
    let records = wiring::open_store_to_look(&store).and_then(|store| Ok(store.records(run)?.len()));
    let intact = match records {
        Ok(0) => format!("run {run} has no record yet: nothing was performed"),
        Ok(count) => format!("run {run}: its journal is intact up to record {}", count - 1),
        Err(_) => format!("run {run}: its journal is intact up to its last durable record"),
    };
    error.detail(intact).hint(format!("`lockstep resume {run}` goes on where it stopped"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use lockstep_api::{Code, Exit};
    use lockstep_model::RunId;

    #[test]
    fn a_panic_names_the_run_and_how_far_its_journal_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        drop(crate::wiring::open_store(&store).unwrap());
        let run = RunId::from_parts(1, 2);
        let error = super::error("index out of bounds (x.rs:1)", Some((run, store)));
        assert_eq!((error.code(), error.exit()), (Code::Internal, Exit::Internal));
        let text = error.render(false);
        assert!(text.contains("has panicked: index out of bounds (x.rs:1)") && text.contains(&format!("run {run} has no record yet")), "{text}");
    }
}
