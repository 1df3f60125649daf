//! Drives a run for a command: watches it, listens for Ctrl-C, and says how it ended.

use std::sync::Arc;

use lockstep_api::Exit;
use lockstep_engine::{EngineError, House, RunReport};
use lockstep_gate::Interrupt;
use lockstep_journal::{Observer, RunState, SealedRecord, Store};

use super::ending::{self, Wish};
use crate::context::Context;
use crate::error::CliError;
use crate::ui::View;
use crate::wiring::{self, Watchers};
use crate::{internal, signals};

/// Lets `act` drive a run, which has the records `before`, in a house that is watched, and gives the exit code of how it ended.
///
/// # Errors
/// When the run could not be started or gone on with.
pub(super) fn drive(
    context: &Context,
    store: Arc<dyn Store>,
    before: &[SealedRecord],
    wish: Wish,
    act: impl FnOnce(&House) -> Result<RunReport, EngineError>,
) -> Result<Exit, CliError> {
    let ui = context.ui();
    let view = Arc::new(View::new(ui, before));
    let interrupt = Interrupt::default();
    let heard = Arc::clone(&view);
    signals::listen(&interrupt, move |what| heard.say(what))?;
    let folder = context.store()?;
    let observer = Arc::new(Witness { view: Arc::clone(&view), folder });
    let watchers = Watchers { observer, live: Arc::clone(&view) as _, interrupt: interrupt.clone() };
    let house = wiring::house(store, watchers)?;
    let result = act(&house);
    view.end();
    let report = result.map_err(|error| {
        let error = CliError::from(error);
        // A record is seen before it is durable: only what the store has can be gone on with.
        match internal::driving().filter(|run| house.store.records(*run).is_ok_and(|records| !records.is_empty())) {
            Some(run) => error.amid(run),
            None => error,
        }
    })?;
    ending::tell(ui, &*house.store, report, if interrupt.is_set() { Wish::Stop } else { wish })
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
