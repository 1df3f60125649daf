//! Drives a run for a command: watches it, listens for Ctrl-C, and says how it ended.

use std::sync::Arc;

use lockstep_api::Exit;
use lockstep_engine::{EngineError, House, RunReport};
use lockstep_gate::Interrupt;
use lockstep_journal::{Act, Observer, RunState, SealedRecord, Store};
use lockstep_model::RunId;

use super::ending::{self, Wish};
use crate::context::Context;
use crate::error::CliError;
use crate::ui::View;
use crate::wiring::{self, Watchers};
use crate::{internal, signals};

/// A run to be driven.
pub(super) struct Driven<'a> {
    /// Where it is.
    pub(super) store: Arc<dyn Store>,
    /// Its records so far.
    pub(super) before: &'a [SealedRecord],
    /// What is wanted of it.
    pub(super) wish: Wish,
    /// What to ask of another process when that drives it.
    pub(super) elsewhere: Option<(RunId, Act)>,
}

/// Lets `act` drive a run in a house that is watched, and gives the exit code of how it ended.
///
/// # Errors
/// When the run could not be started or gone on with.
pub(super) fn drive(context: &Context, driven: Driven<'_>, act: impl FnOnce(&House) -> Result<RunReport, EngineError>) -> Result<Exit, CliError> {
    let Driven { store, before, wish, elsewhere } = driven;
    let interrupt = Interrupt::default();
    let (view, house) = watched_house(context, store, before, &interrupt)?;
    let result = act(&house);
    view.end();
    if let (Err(EngineError::RunTaken(_)), Some((run, act))) = (&result, &elsewhere) {
        return super::act::ask(context, &house, *run, act);
    }
    let report = result.map_err(|error| {
        let error = CliError::from(error);
        // A record is seen before it is durable: only what the store has can be gone on with.
        match internal::driving().filter(|run| house.store.records(*run).is_ok_and(|records| !records.is_empty())) {
            Some(run) => error.amid(run),
            None => error,
        }
    })?;
    ending::tell(context.ui(), &*house.store, report, if interrupt.is_set() { Wish::Stop } else { wish })
}

/// A house whose runs are shown as they go on, and that hears Ctrl-C.
///
/// # Errors
/// When a driver cannot be started, or the system allows no signal handler.
pub(super) fn watched_house(context: &Context, store: Arc<dyn Store>, before: &[SealedRecord], interrupt: &Interrupt) -> Result<(Arc<View>, House), CliError> {
    let view = Arc::new(View::new(context.ui(), before));
    let heard = Arc::clone(&view);
    signals::listen(interrupt, move |what| heard.say(what))?;
    let observer = Arc::new(Witness { view: Arc::clone(&view), folder: context.store()? });
    let watchers = Watchers { observer, live: Arc::clone(&view) as _, interrupt: interrupt.clone() };
    Ok((view, wiring::house(store, watchers)?))
}

/// Remembers which run is under way, for the message of a panic, and passes records on.
struct Witness {
    view: Arc<View>,
    folder: std::path::PathBuf,
}

impl Observer for Witness {
    fn recorded(&self, record: &SealedRecord, state: &RunState) {
        internal::now_driving(record.record.run, &self.folder);
        self.view.recorded(record, state);
    }
}
