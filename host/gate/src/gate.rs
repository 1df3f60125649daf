//! One attempt's way out: replay, grant, intent, driver, outcome, in this order and nowhere else.

mod facts;
mod live;
mod noting;
mod probing;
mod recorded;
mod recording;
mod side_by_side;
mod trying;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_grant::{Decision, Denial, Destination, Grant, Granted};
use lockstep_journal::event::{Asked, CallDenied, CallId, CallStarted, Event, Phase};
use lockstep_journal::state::RecordedCall;
use lockstep_journal::{Answer, Replay, RunState, Scribe};
use lockstep_model::request::{Response, TextPlace};
use lockstep_model::{Digest, EffectClass, Failure, StepId, Timestamp};

use crate::artifacts::{self, ArtifactSink, Artifacts as _, RunArtifacts, Streams};
use crate::budget::Budget;
use crate::dispatch::{Dispatch, Drivers, Surroundings};
use crate::driver::CallContext;
use crate::dry_run::DryRun;
use crate::interrupt::Interrupt;
use crate::secrets::Secrets;
use crate::stop::Stop;

use recording::Canonical;

pub use live::{Live, NoLive};
pub use recorded::Recorded;

/// What every attempt of a run shares.
#[derive(Clone)]
pub struct RunPassage {
    /// The run's one writer.
    pub scribe: Arc<Mutex<Scribe>>,
    /// What may be done.
    pub grant: Arc<Grant>,
    /// Who does it.
    pub drivers: Drivers,
    /// The values of the run's secrets.
    pub secrets: Secrets,
    /// The operator's wish to stop.
    pub interrupt: Interrupt,
    /// Who sees calls and output while they come.
    pub live: Arc<dyn Live>,
    /// A sleep that ends later than this from now ends the attempt instead: what waits for long holds no memory.
    pub longest_hold: Duration,
    /// Nothing is to be changed: effects are only tried.
    pub dry_run: Option<DryRun>,
}

/// The gate of one attempt. A clone is the same gate.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    records: Records,
    secrets: Secrets,
    step: StepId,
    phase: Phase,
    attempt: u32,
    seed: String,
    session: Mutex<Session>,
    /// What drafts of artifacts take, those of calls included.
    streams: Arc<Streams>,
}

/// What an attempt is answered from, and whether there is anything beyond it.
enum Records {
    /// They grow: a call beyond them is live.
    Growing(RunPassage),
    /// They are all there is: neither grant nor writer nor driver is there to be reached.
    Closed(Recorded),
}

/// The way out of a gate that has one.
struct Way<'a> {
    gate: &'a Gate,
    run: &'a RunPassage,
}

struct Session {
    replay: Replay,
    budget: Budget,
    /// Calls made so far, replayed ones included.
    calls: u32,
    /// Effects among them.
    effects: u32,
    /// What the step has kept, as far as this attempt has come: a replay must not see what it kept later.
    remembered: BTreeMap<String, String>,
    stop: Option<Stop>,
    /// Whether a call was denied: a guest that fails with a denial has not made it up.
    denied: bool,
    /// How long the far side wants to be left alone, as its last answer said.
    rest: Option<Duration>,
}

impl Session {
    /// Notes what the guest was told.
    fn told<T: Response>(&mut self, answers: &[Result<T, Failure>]) {
        self.denied |= answers.iter().any(|answer| matches!(answer, Err(Failure::Denied(_))));
        let before = self.rest;
        if let Some(rest) = answers.iter().flatten().map(|answer| answer.rest(before)).max() {
            self.rest = rest;
        }
    }
}

/// The next call, as the journal will have it.
struct NextCall {
    id: CallId,
    asked: Asked,
    /// The request in canonical form, when it is too long for a record.
    blob: Option<Vec<u8>>,
    /// The canonical form's length.
    size: usize,
}

/// What there is of the next call.
enum Turn<R: Dispatch> {
    /// The journal has it, or what is left of it has been done.
    Answered(Result<R::Response, Failure>),
    /// The journal does not have it.
    Live(NextCall, R),
}

impl Gate {
    /// Opens the gate for an attempt whose start is recorded. Calls that the journal has of it are replayed.
    pub fn open(run: RunPassage, step: StepId, phase: Phase, attempt: u32, budget: Budget) -> Self {
        let (replay, remembered, seed) = {
            let scribe = lock(&run.scribe);
            let state = scribe.state();
            let recorded = state.steps.get(&step);
            let replay = recorded.map(|step| Replay::of(&step.calls)).unwrap_or_default();
            let remembered = recorded.map(|step| step.remembered_before.clone()).unwrap_or_default();
            (replay, remembered, state.created.seed.clone())
        };
        let session = Session { replay, budget, calls: 0, effects: 0, remembered, stop: None, denied: false, rest: None };
        let secrets = run.secrets.clone();
        let (session, streams) = (Mutex::new(session), Arc::default());
        Self { inner: Arc::new(Inner { records: Records::Growing(run), secrets, step, phase, attempt, seed, session, streams }) }
    }

    /// The way out, when there is one.
    fn way(&self) -> Option<Way<'_>> {
        match &self.inner.records {
            Records::Growing(run) => Some(Way { gate: self, run }),
            Records::Closed(_) => None,
        }
    }

    /// What the run's records say as far as this gate knows.
    fn look<T>(&self, look: impl FnOnce(&RunState) -> T) -> T {
        match &self.inner.records {
            Records::Growing(run) => look(lock(&run.scribe).state()),
            Records::Closed(recorded) => look(&recorded.state),
        }
    }

    /// Why the attempt was stopped from the host's side, if it was.
    pub fn stopped(&self) -> Option<Stop> {
        lock(&self.inner.session).stop.clone()
    }

    /// Says where in the procedure it was stopped, when that is known: both sides of a divergence do not say it.
    pub fn stopped_at(&self, position: &str) {
        if let Some(Stop::Diverged(found)) = &mut lock(&self.inner.session).stop {
            found.position = Some(self.scrub(position));
        }
    }

    /// How long the far side wants to be left alone before it is asked again: what the last answer that could say so said.
    pub fn rest(&self) -> Option<Duration> {
        lock(&self.inner.session).rest
    }

    /// Calls made so far, answered from the records or not.
    pub fn calls(&self) -> u32 {
        lock(&self.inner.session).calls
    }

    /// Says that the guest has ended by itself. Records left over are a divergence.
    ///
    /// # Errors
    /// `Stop::Diverged`, or why the attempt had been stopped before.
    pub fn close(&self) -> Result<(), Stop> {
        let session = lock(&self.inner.session);
        match (&session.stop, session.replay.left_over()) {
            (Some(stop), _) => Err(stop.clone()),
            (None, Some(found)) => Err(Stop::Diverged(Box::new(found))),
            (None, None) => Ok(()),
        }
    }

    /// Begins an artifact that the guest writes piece by piece: it is the run's once it is sealed by a call. A replay's is only measured.
    ///
    /// # Errors
    /// As `Artifacts::create`.
    pub fn draft(&self, id: &str) -> Result<ArtifactSink, Failure> {
        match self.way() {
            Some(way) => way.artifacts().create(id),
            None => artifacts::measuring(id, &self.inner.streams),
        }
    }

    /// Asks for `request` to be done, or for what became of it when it was.
    ///
    /// # Errors
    /// The inner error is an outcome for the guest. The outer one ends the attempt: the guest must not go on.
    pub fn call<R: Dispatch>(&self, request: R) -> Result<Result<R::Response, Failure>, Stop> {
        let mut session = lock(&self.inner.session);
        if let Some(stop) = &session.stop {
            return Err(stop.clone());
        }
        let result = self.call_once(&mut session, request);
        match &result {
            Err(stop) => session.stop = Some(stop.clone()),
            Ok(answer) => session.told(std::slice::from_ref(answer)),
        }
        result
    }

    fn call_once<R: Dispatch>(&self, session: &mut Session, request: R) -> Result<Result<R::Response, Failure>, Stop> {
        let kept = request.remembers().map(|(key, value)| (key.to_owned(), self.inner.secrets.scrub_text(value)));
        let answer = match self.turn(session, request)? {
            Turn::Answered(answer) => answer,
            Turn::Live(next, request) => match self.way() {
                Some(way) => way.live(session, next, request)?,
                None => return Err(Stop::Diverged(Box::new(recorded::beyond(&next)))),
            },
        };
        if answer.is_ok() {
            session.remembered.extend(kept);
        }
        Ok(answer)
    }

    /// The next call: answered from the journal, or as what it does not have.
    fn turn<R: Dispatch>(&self, session: &mut Session, request: R) -> Result<Turn<R>, Stop> {
        session.budget.take_call().map_err(Stop::Limit)?;
        let next = self.next_call(session, &request)?;
        let budget = &mut session.budget;
        if next.asked.interface == "log" { budget.take_log(next.size) } else { budget.take_request(next.size) }.map_err(Stop::Limit)?;
        let function = format!("{}.{}", next.asked.interface, next.asked.function);
        let answer = match session.replay.next(&next.id, &function, next.asked.digest, &next.asked.summary) {
            Answer::Recorded { outcome, effect } => {
                session.effects += u32::from(effect);
                self.recorded(outcome)
            }
            Answer::Diverged(found) => Err(Stop::Diverged(found)),
            Answer::InDoubt(call) => match self.way() {
                Some(way) => way.lost(session, next, request, *call),
                None => Err(Stop::InDoubt(call)),
            },
            Answer::Again(call) => match self.way() {
                Some(way) => way.again(session, next, request, &call),
                None => Err(Stop::InDoubt(call)),
            },
            Answer::Live => return Ok(Turn::Live(next, request)),
        }?;
        Ok(Turn::Answered(answer))
    }

    fn next_call<R: Dispatch>(&self, session: &mut Session, request: &R) -> Result<NextCall, Stop> {
        session.calls += 1;
        let Inner { step, phase, attempt, .. } = &*self.inner;
        let id = CallId { step: step.clone(), phase: *phase, attempt: *attempt, call: session.calls };
        let Canonical { stored, digest, size, blob } = self.canonical(request)?;
        let asked = Asked {
            interface: request.interface().to_owned(),
            function: request.function().to_owned(),
            summary: self.inner.secrets.scrub_text(&request.summary()),
            request: stored,
            digest,
        };
        Ok(NextCall { id, asked, blob, size })
    }

    /// The same in every replay and in every attempt that makes its effects in the same order.
    fn key(&self, effect: u32) -> String {
        let Inner { step, phase, seed, .. } = &*self.inner;
        Digest::of(format!("lockstep key v1\0{seed}\0{step}\0{phase:?}\0{effect}").as_bytes()).hex()
    }
}

impl Way<'_> {
    /// A call that the journal does not have: grant, intent, driver, outcome.
    fn live<R: Dispatch>(&self, session: &mut Session, next: NextCall, request: R) -> Result<Result<R::Response, Failure>, Stop> {
        if self.run.interrupt.is_set() {
            return Err(Stop::Interrupted);
        }
        lock(&self.run.scribe).ease()?;
        let granted = match self.decide(request).and_then(|granted| self.may_probe(granted)) {
            Ok(granted) => granted,
            Err(denial) => return self.deny(next, denial).map(Err),
        };
        let now = self.now();
        if let Err(failure) = session.budget.time_left(now, None) {
            self.answer::<R::Response>(next, granted.rule(), Err(&failure), true)?;
            return Ok(Err(failure));
        }
        self.run.live.call_begins(&next.id, &next.asked.summary);
        if let Some(dry_run) = &self.run.dry_run {
            return self.tentative(dry_run, session, next, granted);
        }
        if !granted.class().is_effect() {
            let performed = self.perform(session, &next.id, &granted, "", now)?;
            return self.finish_read(session, next, granted, performed);
        }
        session.effects += 1;
        let key = self.gate.key(session.effects);
        let id = next.id.clone();
        let intended_at = self.intend(next, &granted, granted.class(), &key)?;
        let performed = self.perform(session, &id, &granted, &key, intended_at)?;
        self.finish_effect(session, id, granted, &key, performed)
    }

    /// Makes the intent of an effect durable; without it nothing happens. What happens after a note of its driver at the earliest has an intent that this note
    /// makes durable: until then it only survives this process, unless it is the first to tell of a secret's value.
    fn intend<R: Dispatch>(&self, next: NextCall, granted: &Granted<R>, class: EffectClass, key: &str) -> Result<Timestamp, Stop> {
        let NextCall { id, asked, blob, .. } = next;
        let mut scribe = lock(&self.run.scribe);
        if let Some(blob) = blob {
            scribe.attach(blob);
        }
        let marked = self.note_marks(&mut scribe)?;
        let started = CallStarted { id, asked, class, rule: granted.rule().to_owned(), key: key.to_owned() };
        let started = Event::CallStarted(Box::new(started));
        if !marked && R::notes_first(&self.run.drivers, granted) {
            scribe.write(started)?
        } else {
            scribe.commit(started)?
        }
        Ok(scribe.state().changed_at)
    }

    /// An effect whose outcome is not known and that may be done again: the same key, and today's grant.
    fn again<R: Dispatch>(&self, session: &mut Session, next: NextCall, request: R, call: &RecordedCall) -> Result<Result<R::Response, Failure>, Stop> {
        let granted = match self.decide(request) {
            Ok(granted) => granted,
            // It may have happened already under the grant of then: what it became cannot be found out any more.
            Err(_) => return Err(Stop::InDoubt(Box::new(call.clone()))),
        };
        self.run.live.call_begins(&next.id, &next.asked.summary);
        session.effects += 1;
        let (id, key) = (next.id.clone(), call.key.clone().unwrap_or_default());
        // What an operator has allowed once more is used up by an intent of its own: the next crash asks again.
        let intended_at = if call.to_be_done { self.intend(next, &granted, call.class, &key)? } else { call.time };
        let performed = self.perform(session, &id, &granted, &key, intended_at)?;
        self.finish_effect(session, id, granted, &key, performed)
    }

    /// Asks the grant, also where the request's secrets may go.
    fn decide<R: Dispatch>(&self, mut request: R) -> Result<Granted<R>, Denial> {
        let secrets = &self.run.secrets;
        let mut used = BTreeSet::new();
        request.visit_secret_places(&mut |place| {
            used.extend(self.run.grant.secrets().iter().filter(|rule| secrets.is_marked(place.text(), &rule.id)).map(|rule| rule.id.clone()));
        });
        if !used.is_empty() {
            request.stay();
        }
        let destination = request.destination();
        let granted = match request.decide(&self.run.grant) {
            Decision::Allowed(granted) => granted,
            Decision::Denied(denial) => return Err(denial),
        };
        let set = |id: &str| Some(format!("set the source of `{id}` where Lockstep runs, and resume"));
        for id in &used {
            self.secret_may_go(id, destination.as_ref())?;
            if !secrets.knows(id) {
                let message = format!("secret `{id}` has no value now ({}): its marker would be sent instead", secrets.why_not(id));
                return Err(Denial { rule: "default".to_owned(), message, hint: set(id) });
            }
        }
        if let Some(id) = granted.placed().find(|id| !secrets.knows(id)) {
            let message = format!("secret `{id}`, which `{}` needs, has no value now: {}", granted.rule(), secrets.why_not(id));
            return Err(Denial { rule: "default".to_owned(), message, hint: set(id) });
        }
        for capture in granted.request().captures() {
            self.may_capture(&capture.secret)?;
        }
        used.iter().map(String::as_str).chain(granted.placed()).for_each(|id| secrets.using(id));
        Ok(granted)
    }

    fn secret_may_go(&self, id: &str, destination: Option<&Destination>) -> Result<(), Denial> {
        let rule = self.run.grant.secret(id).ok_or_else(|| undeclared(id))?;
        match destination {
            Some(destination) if rule.may_go_to(destination) => Ok(()),
            Some(destination) => Err(rule.refusal(destination)),
            None => Err(Denial { rule: rule.place.to_string(), message: format!("secret `{id}` may not be placed in such a call"), hint: None }),
        }
    }

    fn may_capture(&self, id: &str) -> Result<(), Denial> {
        let rule = self.run.grant.secret(id).ok_or_else(|| undeclared(id))?;
        if rule.may_be_captured() {
            return Ok(());
        }
        let message = format!("secret `{id}` may not be captured from a response");
        Err(Denial {
            rule: rule.place.to_string(), message, hint: Some(format!("declare it as `{id} = {{ capture = true, to = [\"…\"] }}` under [secrets]"))
        })
    }

    fn perform<R: Dispatch>(
        &self,
        session: &mut Session,
        id: &CallId,
        granted: &Granted<R>,
        key: &str,
        intended_at: Timestamp,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let began = self.now();
        let time_left = match session.budget.time_left(began, granted.request().timeout()) {
            Ok(left) => left,
            Err(failure) => return Ok(Err(failure)),
        };
        let performed = self.perform_within(time_left, id, granted, key, intended_at)?;
        if R::stands_still(granted.request()) {
            session.budget.extend(self.now().since(began));
        }
        Ok(performed)
    }

    fn perform_within<R: Dispatch>(
        &self,
        time_left: Duration,
        id: &CallId,
        granted: &Granted<R>,
        key: &str,
        intended_at: Timestamp,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let performed = self.with_driver(time_left, id, granted, (key, intended_at), R::perform)?;
        if self.run.interrupt.is_cancelled() && matches!(performed, Err(Failure::TimedOut(_))) {
            return Err(Stop::Cancelled);
        }
        Ok(performed.map_err(|failure| self.scrub_failure(failure)))
    }

    /// Hands it to its driver, with the values of secrets put in.
    fn with_driver<R: Dispatch, T>(
        &self,
        time_left: Duration,
        id: &CallId,
        granted: &Granted<R>,
        (key, intended_at): (&str, Timestamp),
        does: impl FnOnce(&Surroundings<'_>, &Granted<R>, &CallContext<'_>) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let run = self.run;
        self.hand_over_marks()?;
        let (output, notes) = (live::Lines::new(id, run), noting::Noting::new(self, id));
        let artifacts = self.artifacts();
        let context = CallContext { idempotency_key: key, time_left, interrupt: &run.interrupt, notes: &notes, live: &output, artifacts: &artifacts };
        let with_values = self.with_values(granted);
        let done = does(&self.surroundings(id, intended_at), &with_values, &context);
        values::wipe(with_values);
        notes.kept()?;
        done
    }

    fn artifacts(&self) -> RunArtifacts<'_> {
        let RunPassage { scribe, secrets, grant, .. } = self.run;
        RunArtifacts { scribe, secrets, most: grant.limits().artifacts, streams: &self.gate.inner.streams }
    }

    fn now(&self) -> Timestamp {
        let clock = Arc::clone(lock(&self.run.scribe).clock());
        clock.now()
    }

    fn surroundings<'a>(&'a self, id: &'a CallId, intended_at: Timestamp) -> Surroundings<'a> {
        let RunPassage { scribe, drivers, secrets, interrupt, longest_hold, .. } = self.run;
        Surroundings { drivers, scribe, secrets, interrupt, seed: &self.gate.inner.seed, call: id, intended_at, longest_hold: *longest_hold }
    }

    fn deny(&self, next: NextCall, denial: Denial) -> Result<Failure, Stop> {
        let mut scribe = lock(&self.run.scribe);
        if let Some(blob) = next.blob {
            scribe.attach(blob);
        }
        let Denial { rule, message, hint } = denial;
        let denied = CallDenied { id: next.id, asked: next.asked, rule, message, hint };
        let failure = denied.failure();
        // Somebody is about to ask why.
        scribe.write(Event::CallDenied(Box::new(denied)))?;
        Ok(failure)
    }

    fn scrub_failure(&self, mut failure: Failure) -> Failure {
        match &mut failure {
            Failure::Denied(text) | Failure::TimedOut(text) | Failure::InDoubt(text) => self.run.secrets.scrub(TextPlace::Text(text)),
            Failure::Failed(problem) => self.run.secrets.scrub(TextPlace::Text(&mut problem.message)),
        }
        failure
    }
}

fn undeclared(id: &str) -> Denial {
    let hint = Some(format!("declare it under [secrets]: `{id} = {{ env = \"{id}\", to = [\"…\"] }}`"));
    Denial { rule: "default".to_owned(), message: format!("secret `{id}` is not declared"), hint }
}

/// A panic elsewhere while the lock was held leaves nothing half-done that the fold would not find: go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
