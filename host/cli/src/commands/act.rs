//! What the verbs of an operator's acts have in common: done here when no process drives the run, else asked of the one that does.

use std::sync::Arc;

use lockstep_api::wire::ActShown;
use lockstep_api::{Code, Exit};
use lockstep_engine::{EngineError, Heard, House, act, post};
use lockstep_gate::{Interrupt, NoLive};
use lockstep_journal::{Act, NoObserver, Store};
use lockstep_model::{RunId, StepId};

use crate::context::Context;
use crate::error::CliError;
use crate::journal::{Run, store_to_act};
use crate::wiring::{self, Watchers};
use crate::{environment, runs};

/// Which run, and why.
#[derive(Debug, clap::Args)]
pub(super) struct ActArgs {
    /// The run: its id, the beginning of it, or `latest`
    run: String,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl ActArgs {
    /// Whether the operator says why.
    pub(super) fn has_reason(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty())
    }

    /// The store, the run and the reason.
    ///
    /// # Errors
    /// When there is no such run.
    pub(super) fn find(&self, context: &Context) -> Result<(Arc<dyn Store>, RunId, String), CliError> {
        let store = store_to_act(context)?;
        let run = runs::find(&*store, &self.run)?;
        let reason = self.reason.clone().unwrap_or_else(|| format!("asked by {}", environment::user()));
        Ok((store, run, reason))
    }

    /// A step of the run.
    ///
    /// # Errors
    /// When its plan has no such step.
    pub(super) fn step(&self, store: &Arc<dyn Store>, run: RunId, text: &str) -> Result<StepId, CliError> {
        let read = Run::read(Arc::clone(store), run)?;
        let id = StepId::parse(text).ok().filter(|id| read.state.steps.contains_key(id));
        id.ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            CliError::new(Code::NoSuchStep, format!("run {run} has no step `{shown}`")).hint(format!("`lockstep show {run}` lists its steps"))
        })
    }
}

/// Nobody watches what is done in a moment.
///
/// # Errors
/// When a driver cannot be started.
pub(super) fn house(store: Arc<dyn Store>) -> Result<House, CliError> {
    wiring::house(store, Watchers { observer: Arc::new(NoObserver), live: Arc::new(NoLive), interrupt: Interrupt::default() })
}

/// Carries out an act that only leaves a record, here or where the run is driven.
///
/// # Errors
/// When it may not be, or the store does not answer.
pub(super) fn carry_out(context: &Context, store: Arc<dyn Store>, run: RunId, what: &Act) -> Result<Exit, CliError> {
    let house = house(store)?;
    match act(&house, run, what) {
        Ok(()) => tell(context, run, what, "done", &format!("`lockstep resume {run}` goes on, `lockstep show {run}` shows how it stands")),
        Err(EngineError::RunTaken(_)) => ask(context, &house, run, what),
        Err(error) => Err(error.into()),
    }
}

/// Asks the process that drives the run.
///
/// # Errors
/// When it refuses, or the store does not answer.
pub(super) fn ask(context: &Context, house: &House, run: RunId, what: &Act) -> Result<Exit, CliError> {
    match post(house, run, what)? {
        Heard::Done => tell(context, run, what, "done", &format!("by the process that drives the run; `lockstep show {run}` shows how it stands")),
        Heard::NotYet => tell(context, run, what, "asked", "the process that drives the run is in the middle of a call: it is done when that has ended"),
        Heard::Refused(why) => {
            Err(CliError::new(Code::ActRefused, format!("{}: {why}", what.verb())).hint(format!("`lockstep show {run}` shows how it stands")))
        }
    }
}

fn tell(context: &Context, run: RunId, what: &Act, heard: &str, more: &str) -> Result<Exit, CliError> {
    let (ui, verb) = (context.ui(), what.verb());
    if ui.json() {
        ui.print_json(&ActShown { run, act: verb.to_owned(), heard: heard.to_owned() })?;
    } else {
        ui.data(format!("run {run}: {verb} {heard}"));
        ui.say(more);
    }
    Ok(Exit::Done)
}
