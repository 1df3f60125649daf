//! Drives runs: starts one, goes on with one, undoes one. State is always the fold of the journal; nothing else is kept.

mod attempt;
mod backward;
mod forward;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_gate::{RunPassage, Secrets};
use lockstep_grant::Grant;
use lockstep_journal::event::{CallId, CallResolved, Event, Outcome, PlanDeclared, Reason, RunCreated, RunFinished, RunResumed, UndoBegan};
use lockstep_journal::{JournalError, RunState, RunStatus, Scribe};
use lockstep_model::{Digest, RunId, RunOutcome, Secret, StepId};

use crate::declare::{DeclaredPlan, declare};
use crate::error::EngineError;
use crate::house::House;
use crate::procedure::Procedure;

/// A new run.
#[derive(Clone)]
pub struct Start {
    /// What to run.
    pub procedure: Arc<dyn Procedure>,
    /// What it may do.
    pub grant: Arc<Grant>,
    /// Where the grant file is, absolute.
    pub grant_file: String,
    /// The environment's name.
    pub environment: String,
    /// What was given on the command line.
    pub parameters: BTreeMap<String, String>,
    /// Who starts it.
    pub initiator: String,
    /// Whether a person is attached: an undecided failure pauses then instead of undoing.
    pub attended: bool,
    /// The plan the run is bound to.
    pub expected_plan: Option<Digest>,
}

/// A run to go on with.
#[derive(Clone)]
pub struct Resume {
    /// Which run.
    pub run: RunId,
    /// Its component.
    pub procedure: Arc<dyn Procedure>,
    /// What it may do from here on.
    pub grant: Arc<Grant>,
    /// Where the grant file is, absolute.
    pub grant_file: String,
    /// Whether a person is attached now.
    pub attended: bool,
    /// Why.
    pub reason: String,
}

/// How a run stands when this process has done what it could.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Which run.
    pub run: RunId,
    /// How it stands.
    pub outcome: RunOutcome,
    /// Everything its records say.
    pub state: RunState,
}

/// Creates a run and drives it until it ends or needs somebody.
///
/// # Errors
/// When it could not be started, or its journal cannot be written any more.
pub fn start(house: &House, mut start: Start) -> Result<RunReport, EngineError> {
    let (run, seed) = new_run(house);
    // A value of a secret given as a parameter would be in the journal for ever: its marker is used instead.
    let secrets = known(house, &seed, &start.grant);
    start.parameters.values_mut().for_each(|value| *value = secrets.scrub_text(value));
    let declared = declare(&*start.procedure, &start.grant, &start.environment, &start.parameters)?;
    if let Some(expected) = start.expected_plan
        && expected != declared.digest
    {
        return Err(EngineError::PlanChanged { expected, found: declared.digest });
    }
    let DeclaredPlan { description, parameters, plan, digest } = declared;
    let created = RunCreated {
        procedure: description,
        component: start.procedure.digest(),
        grant: start.grant.digest(),
        grant_file: start.grant_file,
        environment: start.environment,
        lease: 0,
        parameters,
        initiator: start.initiator,
        host: house.host.clone(),
        engine: house.engine.clone(),
        attended: start.attended,
        seed,
    };
    let mut scribe = Scribe::create(house.desk(), run, created)?;
    scribe.write(Event::PlanDeclared(PlanDeclared { digest, plan }))?;
    let drive = Drive::new(house, scribe, start.procedure, start.grant, start.attended)?;
    drive.forward(false)
}

/// Goes on with a run: after a crash, a pause, or when an operator has mended what it was stuck on.
///
/// # Errors
/// When it has ended, is another component's, or its journal cannot be written.
pub fn resume(house: &House, resume: Resume) -> Result<RunReport, EngineError> {
    let scribe = Scribe::open(house.desk(), resume.run)?;
    let was_stopped = scribe.state().outcome().is_some();
    let drive = Drive::reopen(house, scribe, resume)?;
    let undoing = drive.read(|state| state.status == RunStatus::Undoing);
    if undoing { drive.backward() } else { drive.forward(was_stopped) }
}

/// Undoes a run, back to the step `to` or to its beginning. Also one that has succeeded.
///
/// # Errors
/// As `resume`.
pub fn undo(house: &House, resume: Resume, to: Option<StepId>) -> Result<RunReport, EngineError> {
    let mut scribe = Scribe::open(house.desk(), resume.run)?;
    if let RunStatus::Finished(RunOutcome::Succeeded) = scribe.state().status {
        same_component(&scribe, &*resume.procedure)?;
        scribe.write(Event::UndoBegan(UndoBegan { reason: resume.reason.clone(), cause: RunOutcome::Succeeded, to }))?;
        scribe.write(resumed(&resume))?;
        return Drive::new(house, scribe, resume.procedure, resume.grant, resume.attended)?.backward();
    }
    let drive = Drive::reopen(house, scribe, resume.clone())?;
    if drive.read(|state| state.status != RunStatus::Undoing || (to.is_some() && state.undo_to != to)) {
        drive.write(Event::UndoBegan(UndoBegan { reason: resume.reason, cause: RunOutcome::Failed, to }))?;
    }
    drive.backward()
}

/// Records an operator's answer to a call in doubt. `resume` goes on from it.
///
/// # Errors
/// When the run is not stuck on that call.
pub fn resolve(house: &House, run: RunId, call: CallId, outcome: Option<Outcome>, reason: String) -> Result<(), EngineError> {
    let mut scribe = Scribe::open(house.desk(), run)?;
    scribe.commit(Event::CallResolved(CallResolved { id: call, outcome, reason }))?;
    Ok(())
}

/// Id and seed, both from the host's entropy.
fn new_run(house: &House) -> (RunId, String) {
    let mut random = [0; 16];
    house.entropy.fill(&mut random);
    let milliseconds = u64::try_from(house.clock.now().microseconds() / 1_000).unwrap_or(0);
    let run = RunId::from_parts(milliseconds, u128::from_le_bytes(random));
    let mut seed = [0; 32];
    house.entropy.fill(&mut seed);
    (run, Digest(seed).hex())
}

fn resumed(resume: &Resume) -> Event {
    let Resume { reason, grant, grant_file, .. } = resume;
    Event::RunResumed(RunResumed { reason: reason.clone(), grant: grant.digest(), grant_file: grant_file.clone(), lease: 0 })
}

fn same_component(scribe: &Scribe, procedure: &dyn Procedure) -> Result<(), EngineError> {
    let (expected, found) = (scribe.state().component, procedure.digest());
    if expected == found { Ok(()) } else { Err(EngineError::ComponentChanged { run: scribe.state().run, expected, found }) }
}

/// One process's drive of one run.
struct Drive<'a> {
    house: &'a House,
    procedure: Arc<dyn Procedure>,
    passage: RunPassage,
    attended: bool,
}

impl<'a> Drive<'a> {
    fn new(house: &'a House, scribe: Scribe, procedure: Arc<dyn Procedure>, grant: Arc<Grant>, attended: bool) -> Result<Self, EngineError> {
        let secrets = secrets(house, &scribe, &grant)?;
        let passage = RunPassage {
            scribe: Arc::new(Mutex::new(scribe)),
            grant,
            drivers: house.drivers.clone(),
            secrets,
            interrupt: house.interrupt.clone(),
            live: Arc::clone(&house.live),
            longest_hold: house.longest_hold,
        };
        Ok(Self { house, procedure, passage, attended })
    }

    fn reopen(house: &'a House, mut scribe: Scribe, resume: Resume) -> Result<Self, EngineError> {
        same_component(&scribe, &*resume.procedure)?;
        if let RunStatus::Finished(outcome) = scribe.state().status {
            return Err(EngineError::Ended { run: resume.run, outcome });
        }
        if scribe.state().status == RunStatus::Planning {
            plan_again(&mut scribe, &*resume.procedure)?;
        }
        scribe.write(resumed(&resume))?;
        Self::new(house, scribe, resume.procedure, resume.grant, resume.attended)
    }

    fn scribe(&self) -> MutexGuard<'_, Scribe> {
        self.passage.scribe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, look: impl FnOnce(&RunState) -> T) -> T {
        look(self.scribe().state())
    }

    fn write(&self, event: Event) -> Result<(), JournalError> {
        self.scribe().write(event)
    }

    /// The run ends for good: durable, with a checkpoint, and without the secrets it captured.
    fn finish(&self, outcome: RunOutcome) -> Result<RunReport, EngineError> {
        let mut scribe = self.scribe();
        let captured: Vec<_> = scribe.state().captured.values().copied().collect();
        for sealed in captured {
            scribe.forget(sealed);
        }
        scribe.conclude(Event::RunFinished(RunFinished { outcome }), lockstep_journal::Durability::Durable)?;
        drop(scribe);
        Ok(self.report())
    }

    /// The run stands still until somebody comes.
    fn stop(&self, event: impl FnOnce(Reason) -> Event, reason: String) -> Result<RunReport, EngineError> {
        let reason = self.passage.secrets.scrub_text(&reason);
        self.scribe().commit(event(Reason { reason }))?;
        Ok(self.report())
    }

    fn report(&self) -> RunReport {
        let state = self.read(Clone::clone);
        RunReport { run: state.run, outcome: state.outcome().unwrap_or(RunOutcome::Stuck), state }
    }
}

/// A crash between a run's creation and its plan: nothing has happened, so the plan is made now.
fn plan_again(scribe: &mut Scribe, procedure: &dyn Procedure) -> Result<(), EngineError> {
    let created = &scribe.state().created;
    let facts = crate::procedure::PlanFacts { environment: created.environment.clone(), parameters: created.parameters.clone() };
    let DeclaredPlan { plan, digest, .. } = crate::declare::plan(procedure, created.procedure.clone(), facts)?;
    scribe.write(Event::PlanDeclared(PlanDeclared { digest, plan }))?;
    Ok(())
}

/// Every declared secret that has a value.
fn known(house: &House, seed: &str, grant: &Grant) -> Secrets {
    let secrets = Secrets::new(seed);
    for rule in grant.secrets() {
        if let Some(value) = house.secrets.value(rule) {
            secrets.learn(&rule.id, value);
        }
    }
    secrets
}

/// Every declared secret that has a value, and what responses of this run were captured into.
fn secrets(house: &House, scribe: &Scribe, grant: &Grant) -> Result<Secrets, EngineError> {
    let state = scribe.state();
    let secrets = known(house, &state.created.seed, grant);
    for (id, digest) in &state.captured {
        let store = scribe.store();
        let Some(sealed) = store.blob(*digest).map_err(|error| JournalError::Store(error.into()))? else { continue };
        let value = store.open_secret(state.run, id, &sealed).map_err(JournalError::Store)?;
        secrets.learn(id, Secret::new(value));
    }
    Ok(secrets)
}
