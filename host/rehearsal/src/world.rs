//! The scripted world: performs calls as the scenario says, remembers what it was asked, and outlives the host's crashes like any far side.

mod db;
mod files;
mod http;
mod kube;
mod migrations;
mod picking;
mod redis;
mod shell;
mod unanswered;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use lockstep_gate::{CallContext, Drivers, Interrupt, Live, Stream, VirtualClock};
use lockstep_grant::{Grantable, Granted};
use lockstep_journal::event::{CallId, Event};
use lockstep_journal::{LeaseKept, SealedRecord};
use lockstep_model::{Clock, EffectClass, Failure, Timestamp};
use serde_json::Value;

use crate::scenario::{Fact, Is, Scenario, Thing};
use crate::tree::{Tree, What, shown};

pub(crate) use picking::Capability;
pub use unanswered::Unanswered;

/// A far side that does what a scenario says.
pub(crate) struct World {
    scenario: Arc<Scenario>,
    clock: Arc<VirtualClock>,
    /// Set when a call has no answer: what follows would only be noise.
    interrupt: Interrupt,
    state: Mutex<State>,
}

struct State {
    things: Things,
    /// How often each rule was used.
    used: BTreeMap<(Capability, usize), u32>,
    performed: Vec<Performed>,
    /// What had been applied when a backup was made, by its artifact.
    backed_up: HashMap<String, migrations::Versions>,
    unanswered: Vec<Unanswered>,
    /// The call that each thread is about to have performed.
    current: HashMap<ThreadId, CallId>,
    fault: Option<Fault>,
}

/// Everything in the world that can be looked at and changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Things {
    values: BTreeMap<String, String>,
    files: Tree,
    migrations: migrations::Applied,
}

/// A call that reached the world.
#[derive(Debug, Clone)]
pub(crate) struct Performed {
    /// A probe has that of its call, and is a read.
    pub(crate) id: CallId,
    pub(crate) summary: String,
    pub(crate) interface: &'static str,
    pub(crate) class: EffectClass,
    /// Nothing is captured from its answer.
    plain: bool,
    rule: Option<(Capability, usize)>,
    answer: Result<Value, Failure>,
    fate: Fate,
}

/// What a crash made of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// None came between.
    Known,
    /// A read that the journal does not have: as if it had not been.
    Lost,
    /// An effect whose outcome the journal does not have.
    Open,
}

/// A failure put in the place of one call, once. The call does not happen.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) call: CallId,
    pub(crate) failure: Failure,
}

/// What the script says to a call.
pub(crate) struct Scripted<T> {
    gives: Result<T, Failure>,
    delay: Duration,
    rule: Option<(Capability, usize)>,
}

impl World {
    /// As the scenario begins. `mounts` are there in any case.
    pub(crate) fn new(scenario: Arc<Scenario>, mounts: &[String], clock: Arc<VirtualClock>, interrupt: Interrupt) -> Self {
        let things = Things::of(&scenario, mounts);
        let state = State {
            things,
            used: BTreeMap::new(),
            performed: Vec::new(),
            backed_up: HashMap::new(),
            unanswered: Vec::new(),
            current: HashMap::new(),
            fault: None,
        };
        Self { scenario, clock, interrupt, state: Mutex::new(state) }
    }

    /// For a house.
    pub(crate) fn drivers(self: &Arc<Self>) -> Drivers {
        Drivers { http: self.clone(), shell: self.clone(), files: self.clone(), redis: self.clone(), kube: self.clone(), db: self.clone() }
    }

    /// Puts a failure in the place of one call.
    pub(crate) fn fail(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Whether the failure has been met.
    pub(crate) fn has_failed(&self) -> bool {
        self.lock().fault.is_none()
    }

    /// How it is now.
    pub(crate) fn things(&self) -> Things {
        self.lock().things.clone()
    }

    /// Every call that reached it, in order.
    pub(crate) fn performed(&self) -> Vec<Performed> {
        self.lock().performed.clone()
    }

    /// The calls that no rule answered.
    pub(crate) fn unanswered(&self) -> Vec<Unanswered> {
        self.lock().unanswered.clone()
    }

    /// The host has crashed, and these records are what is left. A read whose answer was lost is as if it had not been asked: it gets the same answer
    /// once more. An effect stays done, and gives the same answer when it is repeated.
    pub(crate) fn crashed(&self, kept: &[SealedRecord]) {
        let known: BTreeSet<&CallId> = kept
            .iter()
            .filter_map(|record| match &record.record.event {
                Event::CallAnswered(call) => Some(&call.id),
                Event::CallFinished(call) => Some(&call.id),
                _ => None,
            })
            .collect();
        let mut state = self.lock();
        let State { performed, used, .. } = &mut *state;
        for call in performed.iter_mut().filter(|call| !known.contains(&call.id)) {
            call.fate = if call.class.is_effect() { Fate::Open } else { Fate::Lost };
            if let (Fate::Lost, Some(rule)) = (call.fate, call.rule) {
                used.entry(rule).and_modify(|count| *count -= 1);
            }
        }
    }

    /// What became of a call in doubt, as an operator would find out: its answer, or that it did not happen. One whose answer went into a secret can only
    /// be made again: nobody has the answer.
    pub(crate) fn outcome_of(&self, id: &CallId) -> Option<Result<Value, Failure>> {
        let state = self.lock();
        state.performed.iter().rev().find(|call| call.id == *id && call.plain && call.class.is_effect()).map(|call| call.answer.clone())
    }

    /// What must not be done twice and was, without anybody having said that it had not happened.
    pub(crate) fn done_twice(&self) -> Vec<Performed> {
        let state = self.lock();
        let twice = |call: &&Performed| {
            let same = state.performed.iter().filter(|other| other.id == call.id && other.class.is_effect()).count();
            call.class == EffectClass::AtMostOnce && call.plain && call.fate == Fate::Open && same > 1
        };
        state.performed.iter().filter(twice).cloned().collect()
    }

    /// One call: a fault, the answer of before, or what the script says.
    fn perform<R: Grantable>(
        &self,
        call: &Granted<R>,
        context: &CallContext<'_>,
        script: impl FnOnce(&mut State, &CallId) -> Scripted<R::Response>,
    ) -> Result<R::Response, Failure> {
        let mut state = self.lock();
        let Some(id) = state.current.get(&std::thread::current().id()).cloned() else {
            return Err(Failure::problem("host.internal", "a call that nobody announced"));
        };
        if let Some(fault) = state.fault.take_if(|fault| fault.call == id) {
            return Err(fault.failure);
        }
        if let Some(before) = state.repeated(&id, call.class()) {
            return before.and_then(|value| serde_json::from_value(value).map_err(|error| Failure::problem("host.internal", error.to_string())));
        }
        let Scripted { gives, delay, rule } = script(&mut state, &id);
        let gives = if delay > context.time_left { Err(Failure::TimedOut("the answer comes too late".to_owned())) } else { gives };
        state.performed.push(Performed {
            id,
            summary: call.request().summary(),
            interface: call.request().interface(),
            class: call.class(),
            plain: call.request().captures().is_empty(),
            rule,
            answer: gives.clone().map(|gives| serde_json::to_value(gives).unwrap_or_default()),
            fate: Fate::Known,
        });
        drop(state);
        if !delay.is_zero() {
            self.clock.wait_until(self.clock.now().after(delay.min(context.time_left)));
        }
        gives
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The answer of an effect that was performed before the crash and may be repeated.
    fn repeated(&self, id: &CallId, class: EffectClass) -> Option<Result<Value, Failure>> {
        let before = self.performed.iter().rev().find(|call| call.id == *id && call.class.is_effect() && call.fate == Fate::Open)?;
        (class == EffectClass::Idempotent).then(|| before.answer.clone())
    }
}

impl Things {
    /// As the scenario begins.
    fn of(scenario: &Scenario, mounts: &[String]) -> Self {
        let mut files = scenario.files.clone();
        for mount in mounts {
            files.put_directory(mount);
        }
        Self { values: scenario.values.clone(), files, migrations: migrations::Applied::default() }
    }

    pub(crate) fn holds(&self, fact: &Fact) -> bool {
        match (&fact.thing, &fact.is) {
            (Thing::Value(name), Is::Text(text)) => self.values.get(name) == Some(text),
            (Thing::Value(_), Is::There | Is::Gone) => false,
            (Thing::Path(path), is) => match (self.node(path), is) {
                (Some(What::File { bytes, .. }), Is::Text(text)) => bytes == text.as_bytes(),
                (Some(What::Link(target)), Is::Text(text)) => target == text,
                (Some(What::Directory) | None, Is::Text(_)) => false,
                (node, Is::There) => node.is_some(),
                (node, Is::Gone) => node.is_none(),
            },
        }
    }

    /// How the thing of a fact is, for a person.
    pub(crate) fn shown(&self, thing: &Thing) -> String {
        match thing {
            Thing::Value(name) => self.values.get(name).map_or_else(|| "nothing".to_owned(), |value| format!("\"{value}\"")),
            Thing::Path(path) => shown(self.files.place(path).ok().and_then(|path| self.files.at(&path))),
        }
    }

    fn set(&mut self, fact: &Fact) {
        match (&fact.thing, &fact.is) {
            (Thing::Value(name), Is::Text(text)) => {
                self.values.insert(name.clone(), text.clone());
            }
            (Thing::Path(path), Is::Text(text)) => {
                let path = self.files.place(path).unwrap_or_else(|_| path.clone());
                self.files.remove(&path);
                self.files.put_file(&path, text.as_bytes(), false);
            }
            (Thing::Path(path), Is::Gone) => {
                if let Ok(path) = self.files.place(path) {
                    self.files.remove(&path);
                }
            }
            (Thing::Value(_) | Thing::Path(_), Is::There) | (Thing::Value(_), Is::Gone) => {}
        }
    }

    /// What differs, a line each.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.values.keys().chain(now.values.keys()).collect();
        let quoted = |value: Option<&String>| value.map_or_else(|| "nothing".to_owned(), |value| format!("\"{value}\""));
        let differs = |name: &&&String| self.values.get(**name) != now.values.get(**name);
        let values = names.iter().filter(differs).map(|name| format!("{name}: was {}, is {}", quoted(self.values.get(*name)), quoted(now.values.get(*name))));
        values.chain(self.files.differences(&now.files)).chain(self.migrations.differences(&now.migrations)).collect()
    }

    fn node(&self, path: &str) -> Option<&What> {
        let path = self.files.place(path).ok()?;
        self.files.at(&path).map(|node| &node.what)
    }
}

/// Tells the world which call comes, and whoever looks on.
pub(crate) struct Announced {
    pub(crate) world: Arc<World>,
    pub(crate) live: Arc<dyn Live>,
}

impl Live for Announced {
    fn call_begins(&self, id: &CallId, what: &str) {
        self.world.lock().current.insert(std::thread::current().id(), id.clone());
        self.live.call_begins(id, what);
    }

    fn output(&self, id: &CallId, stream: Stream, line: &str) {
        self.live.output(id, stream, line);
    }

    fn environment_taken(&self, kept: &LeaseKept, until: Timestamp) {
        self.live.environment_taken(kept, until);
    }
}
