//! What a driver notes while it performs an effect, kept durable; and what it finds out by it when the outcome was lost.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lockstep_grant::Granted;
use lockstep_journal::event::{CallId, CallNoted, CallProbed, Event, ProbeAnswer};
use lockstep_journal::state::RecordedOutcome;
use lockstep_model::Failure;

use super::probing::Found;
use super::recording::Canonical;
use super::{Session, Way, live, lock, values};
use crate::dispatch::Dispatch;
use crate::driver::{CallContext, NoNotes, Notes, Settled};
use crate::stop::Stop;

/// How long a driver may take to find out what became of a call: what is still under way there is over by then, or a person looks after it.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest detail of a record, in characters.
const LONGEST_DETAIL: usize = 400;

/// Keeps the notes of one call.
pub(super) struct Noting<'a> {
    way: &'a Way<'a>,
    id: &'a CallId,
    /// Why one could not be kept.
    stop: Mutex<Option<Stop>>,
}

impl<'a> Noting<'a> {
    pub(super) fn new(way: &'a Way<'a>, id: &'a CallId) -> Self {
        Self { way, id, stop: Mutex::default() }
    }

    /// A note that was not kept ends the attempt: whatever the driver made of it, the journal cannot be written.
    pub(super) fn kept(self) -> Result<(), Stop> {
        self.stop.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn keep(&self, note: &serde_json::Value) -> Result<(), Stop> {
        let Canonical { stored, blob, .. } = self.way.gate.canonical(note)?;
        let mut scribe = lock(&self.way.run.scribe);
        if let Some(blob) = blob {
            scribe.attach(blob);
        }
        scribe.commit(Event::CallNoted(Box::new(CallNoted { id: self.id.clone(), note: stored })))?;
        Ok(())
    }
}

impl Notes for Noting<'_> {
    fn note(&self, note: &serde_json::Value) -> Result<(), Failure> {
        self.keep(note).map_err(|stop| {
            let failure = Failure::problem("host.journal", format!("what the call depends on could not be recorded, so it does not happen: {stop}"));
            *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
            failure
        })
    }
}

impl Way<'_> {
    /// Asks the driver, and records what it says. None when it has nobody to ask.
    pub(super) fn ask_driver<R: Dispatch>(&self, session: &mut Session, id: &CallId, granted: &Granted<R>, key: &str) -> Result<Option<Found<R>>, Stop> {
        let note = self.gate.look(|state| state.steps.get(&id.step).and_then(|step| step.calls.last()).filter(|call| call.id == *id)?.note.clone());
        let note = match note.map(|note| self.gate.recorded::<serde_json::Value>(RecordedOutcome::Returned(note))).transpose()? {
            Some(Ok(note)) => Some(note),
            Some(Err(_)) | None => None,
        };
        let began = self.now();
        let output = live::Lines::new(id, self.run);
        let artifacts = self.artifacts();
        let interrupt = &self.run.interrupt;
        let context = CallContext { idempotency_key: key, time_left: LONGEST, interrupt, notes: &NoNotes, live: &output, artifacts: &artifacts };
        let with_values = self.with_values(granted);
        let settled = R::settle(&self.surroundings(id, began), &with_values, note.as_ref(), &context);
        values::wipe(with_values);
        session.budget.extend(self.now().since(began));
        let (answer, detail) = match settled {
            Settled::NobodyToAsk => return Ok(None),
            Settled::Happened(response, detail) => (Some(Ok(response)), detail),
            Settled::DidNot(detail) => (Some(Err(())), detail),
            Settled::Unknown(detail) => (None, detail),
        };
        let detail: String = self.run.secrets.scrub_text(&detail).chars().take(LONGEST_DETAIL).collect();
        let asked = granted.request();
        let probe = format!("{}: what became of it", asked.interface());
        let record = |answer| Event::CallProbed(Box::new(CallProbed { id: id.clone(), probe: probe.clone(), answer, detail: detail.clone() }));
        match answer {
            Some(Ok(response)) => {
                self.finish(session, id, asked, Ok(response), |outcome| record(ProbeAnswer::Happened(outcome))).map(Found::Happened).map(Some)
            }
            Some(Err(())) => {
                lock(&self.run.scribe).write(record(ProbeAnswer::DidNot))?;
                Ok(Some(Found::DidNot))
            }
            None => {
                lock(&self.run.scribe).write(record(ProbeAnswer::Unknown))?;
                Ok(Some(Found::Unknown(format!("its driver was asked what became of it: {detail}"))))
            }
        }
    }
}
