//! Drives runs: starts one, goes on with one, undoes one. State is always the fold of the journal; nothing else is kept.

mod acts;
mod attempt;
mod backward;
mod forward;
mod wait;

pub use acts::{Heard, act, post, release, retry};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_gate::{DryRun, RunPassage, Secrets};
use lockstep_grant::Grant;
use lockstep_journal::event::{CallId, CallResolved, Event, Outcome, PlanDeclared, Reason, RunCreated, RunFinished, RunResumed, RunWoken, UndoBegan};
use lockstep_journal::{JournalError, RunState, RunStatus, Scribe};
use lockstep_model::{Digest, RunId, RunOutcome, Secret, StepId};

use crate::declare::{DeclaredPlan, declare};
use crate::dry_run::tentative;
use crate::error::EngineError;
use crate::house::House;
use crate::lease::{self, Inbox, Watch};
use crate::procedure::Procedure;

pub(crate) use acts::open as open_idle;
pub(crate) use attempt::checked_output;

/// How a process waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// How long for an environment that another run has.
    pub environment: Duration,
    /// Whether a long wait of the run ends the drive: `tick` or a worker goes on with it. Else it is sat out.
    pub detach: bool,
    /// Whether an interrupt of the process hands the run on instead of pausing it: it is due at once, for whoever wakes it next.
    pub hand_on: bool,
}

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
    /// How to wait.
    pub waits: Waits,
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
    /// How to wait.
    pub waits: Waits,
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
pub fn start(house: &House, start: Start) -> Result<RunReport, EngineError> {
    begin(house, start, None)
}

/// As `start`; a dry run is one that changes nothing.
pub(crate) fn begin(house: &House, mut start: Start, dry_run: Option<&DryRun>) -> Result<RunReport, EngineError> {
    let (run, seed) = new_run(house);
    // A value of a secret given as a parameter would be in the journal for ever: its marker is used instead.
    let secrets = Secrets::new(&seed);
    learn_declared(&secrets, house, &start.grant);
    start.parameters.values_mut().for_each(|value| *value = secrets.scrub_text(value));
    let declared = declare(&*start.procedure, &start.grant, &start.environment, &start.parameters)?;
    if let Some(expected) = start.expected_plan
        && expected != declared.digest
    {
        return Err(EngineError::PlanChanged { expected, found: declared.digest });
    }
    let DeclaredPlan { description, parameters, plan, digest } = declared;
    let plan = if dry_run.is_some() { tentative(plan) } else { plan };
    let why = format!("{} {}", description.name, description.version);
    let lease = lease::take(house, &start.environment, run, &why, start.waits.environment)?;
    let created = RunCreated {
        procedure: description,
        component: start.procedure.digest(),
        grant: start.grant.digest(),
        grant_file: start.grant_file,
        environment: start.environment,
        lease: lease.token,
        parameters,
        initiator: start.initiator,
        host: house.host.clone(),
        engine: house.engine.clone(),
        attended: start.attended,
        seed,
    };
    let mut scribe = Scribe::create(house.desk(Some(lease)), run, created)?;
    scribe.write(Event::PlanDeclared(PlanDeclared { digest, plan }))?;
    let Start { procedure, grant, attended, waits, .. } = start;
    // The same values: a source is asked once, and what it gives is kept once.
    let mut drive = Drive::knowing(house, scribe, procedure, grant, attended, waits, secrets);
    drive.passage.dry_run = dry_run.cloned();
    drive.forward()
}

/// Goes on with a run: after a crash, a pause, or when an operator has mended what it was stuck on.
///
/// # Errors
/// When it has ended, is another component's or another process's, or its journal cannot be written.
pub fn resume(house: &House, resume: Resume) -> Result<RunReport, EngineError> {
    resume_after(house, resume, |_, _| Ok(()))
}

/// Resumes a run after what `first` records.
fn resume_after(house: &House, resume: Resume, first: impl FnOnce(&mut Scribe, &Resume) -> Result<(), EngineError>) -> Result<RunReport, EngineError> {
    let mut scribe = open(house, &resume)?;
    if let Err(error) = first(&mut scribe, &resume) {
        scribe.let_go()?;
        return Err(error);
    }
    let drive = Drive::go_on(house, scribe, resume)?;
    let undoing = drive.read(|state| state.status == RunStatus::Undoing);
    if undoing { drive.backward() } else { drive.forward() }
}

/// Goes on with a run that has waited, when its instant has come, or whose waker has died. None: there is nothing to do for it now.
///
/// # Errors
/// As `resume`.
pub fn wake(house: &House, resume: Resume) -> Result<Option<RunReport>, EngineError> {
    let scribe = open(house, &resume)?;
    let now = house.clock.now();
    let (undoing, woken) = match &scribe.state().status {
        RunStatus::Waiting(until, before) if *until <= now => (**before == RunStatus::Undoing, true),
        RunStatus::Running => (false, false),
        RunStatus::Undoing => (true, false),
        RunStatus::Planning | RunStatus::Waiting(..) | RunStatus::Paused(_) | RunStatus::Stuck(_) | RunStatus::Diverged(_) | RunStatus::Finished(_) => {
            let mut scribe = scribe;
            scribe.let_go()?;
            return Ok(None);
        }
    };
    let drive = if woken { Drive::wake_up(house, scribe, resume)? } else { Drive::go_on(house, scribe, resume)? };
    let report = if undoing { drive.backward() } else { drive.forward() };
    report.map(Some)
}

/// Undoes a run, back to the step `to` or to its beginning. Also one that has succeeded.
///
/// # Errors
/// As `resume`.
pub fn undo(house: &House, resume: Resume, to: Option<StepId>) -> Result<RunReport, EngineError> {
    let mut scribe = open_to_undo(house, &resume)?;
    let succeeded = scribe.state().status == RunStatus::Finished(RunOutcome::Succeeded);
    let under_way = undoing(&scribe.state().status) && (to.is_none() || scribe.state().undo_to == to);
    if !under_way {
        let cause = if succeeded { RunOutcome::Succeeded } else { RunOutcome::Failed };
        if let Err(error) = scribe.note(Event::UndoBegan(UndoBegan { reason: resume.reason.clone(), cause, to })) {
            // A run that has ended has no environment any more.
            if succeeded {
                scribe.give_back()?
            } else {
                scribe.let_go()?
            }
            return Err(EngineError::of_act(error));
        }
    }
    Drive::go_on(house, scribe, resume)?.backward()
}

fn undoing(status: &RunStatus) -> bool {
    match status {
        RunStatus::Undoing => true,
        RunStatus::Waiting(_, before) | RunStatus::Paused(before) | RunStatus::Stuck(before) => undoing(before),
        RunStatus::Planning | RunStatus::Running | RunStatus::Diverged(_) | RunStatus::Finished(_) => false,
    }
}

/// Records an operator's answer to a call in doubt. `resume` goes on from it.
///
/// # Errors
/// When the run is not stuck on that call.
pub fn resolve(house: &House, run: RunId, call: CallId, outcome: Option<Outcome>, reason: String) -> Result<(), EngineError> {
    let mut scribe = acts::open(house, run, "resolve")?;
    let resolved = scribe.note(Event::CallResolved(CallResolved { id: call, outcome, reason }));
    scribe.let_go()?;
    resolved.map_err(EngineError::of_act)
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

/// The run that is to go on, with its lease: checked first for what a lease cannot mend.
fn open(house: &House, resume: &Resume) -> Result<Scribe, EngineError> {
    let scribe = Scribe::open(house.desk(None), resume.run)?;
    if let RunStatus::Finished(outcome) = scribe.state().status {
        return Err(EngineError::Ended { run: resume.run, outcome });
    }
    leased(house, scribe, resume)
}

/// As `open`, also for a run that has succeeded.
fn open_to_undo(house: &House, resume: &Resume) -> Result<Scribe, EngineError> {
    let scribe = Scribe::open(house.desk(None), resume.run)?;
    match scribe.state().status {
        RunStatus::Finished(outcome) if outcome != RunOutcome::Succeeded => Err(EngineError::Ended { run: resume.run, outcome }),
        RunStatus::Planning
        | RunStatus::Running
        | RunStatus::Undoing
        | RunStatus::Waiting(..)
        | RunStatus::Paused(_)
        | RunStatus::Stuck(_)
        | RunStatus::Diverged(_)
        | RunStatus::Finished(_) => leased(house, scribe, resume),
    }
}

fn leased(house: &House, mut scribe: Scribe, resume: &Resume) -> Result<Scribe, EngineError> {
    same_component(&scribe, &*resume.procedure)?;
    let environment = scribe.state().created.environment.clone();
    scribe.hold(lease::take(house, &environment, resume.run, &resume.reason, resume.waits.environment)?);
    Ok(scribe)
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
    waits: Waits,
    inbox: Inbox,
    /// Lives as long as the drive does.
    _watch: Option<Watch>,
}

impl<'a> Drive<'a> {
    fn new(house: &'a House, scribe: Scribe, procedure: Arc<dyn Procedure>, grant: Arc<Grant>, attended: bool, waits: Waits) -> Result<Self, EngineError> {
        let secrets = Secrets::new(&scribe.state().created.seed);
        learn(&secrets, house, &scribe, &grant)?;
        Ok(Self::knowing(house, scribe, procedure, grant, attended, waits, secrets))
    }

    fn knowing(house: &'a House, scribe: Scribe, procedure: Arc<dyn Procedure>, grant: Arc<Grant>, attended: bool, waits: Waits, secrets: Secrets) -> Self {
        let (interrupt, inbox) = (house.interrupt.of_one_run(), Inbox::default());
        let watch = scribe.lease().map(|lease| Watch::start(house, lease, &interrupt, &inbox));
        let passage = RunPassage {
            scribe: Arc::new(Mutex::new(scribe)),
            grant,
            drivers: house.drivers.clone(),
            secrets,
            interrupt,
            live: Arc::clone(&house.live),
            longest_hold: house.longest_hold,
            dry_run: None,
        };
        Self { house, procedure, passage, attended, waits, inbox, _watch: watch }
    }

    /// The first record of a process that goes on with a run. It is waited for: if another process was faster, it shows here.
    fn go_on(house: &'a House, mut scribe: Scribe, resume: Resume) -> Result<Self, EngineError> {
        let Resume { procedure, grant, grant_file, attended, reason, waits, .. } = resume;
        let token = scribe.lease().map_or(0, |lease| lease.token);
        scribe.commit(Event::RunResumed(RunResumed { reason, grant: grant.digest(), grant_file, lease: token }))?;
        // Only now: it may have been paused before it had one.
        if scribe.state().status == RunStatus::Planning {
            plan_again(&mut scribe, &*procedure)?;
        }
        Self::new(house, scribe, procedure, grant, attended, waits)
    }

    fn wake_up(house: &'a House, mut scribe: Scribe, resume: Resume) -> Result<Self, EngineError> {
        let token = scribe.lease().map_or(0, |lease| lease.token);
        scribe.commit(Event::RunWoken(RunWoken { lease: token }))?;
        Self::new(house, scribe, resume.procedure, resume.grant, resume.attended, resume.waits)
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
        self.stop_as(self.house.actor.clone(), event, reason)
    }

    fn stop_as(&self, actor: String, event: impl FnOnce(Reason) -> Event, reason: String) -> Result<RunReport, EngineError> {
        let reason = self.scrub_text(&reason);
        let mut scribe = self.scribe();
        scribe.note_as(actor, event(Reason { reason }))?;
        scribe.let_go()?;
        drop(scribe);
        Ok(self.report())
    }

    fn scrub_text(&self, text: &str) -> String {
        self.passage.secrets.scrub_text(text)
    }

    fn report(&self) -> RunReport {
        let state = self.read(Clone::clone);
        RunReport { run: state.run, outcome: state.outcome().unwrap_or(RunOutcome::Stuck), state }
    }
}

/// A crash between a run's creation and its plan: nothing has happened, so the plan is made now, with the parameters as they are by now.
fn plan_again(scribe: &mut Scribe, procedure: &dyn Procedure) -> Result<(), EngineError> {
    let state = scribe.state();
    let facts = crate::procedure::PlanFacts { environment: state.created.environment.clone(), parameters: state.parameters.clone() };
    let DeclaredPlan { plan, digest, .. } = crate::declare::plan(procedure, state.created.procedure.clone(), facts)?;
    scribe.write(Event::PlanDeclared(PlanDeclared { digest, plan }))?;
    Ok(())
}

/// Learns every declared secret that has a value.
fn learn_declared(secrets: &Secrets, house: &House, grant: &Grant) {
    for rule in grant.secrets() {
        match house.secrets.value(rule, grant) {
            Ok(Some(value)) => secrets.learn(&rule.id, value),
            Ok(None) => {}
            Err(why) => secrets.lacks(&rule.id, why),
        }
    }
}

/// Learns every declared secret that has a value, and what responses of this run were captured into.
fn learn(secrets: &Secrets, house: &House, scribe: &Scribe, grant: &Grant) -> Result<(), EngineError> {
    learn_declared(secrets, house, grant);
    let state = scribe.state();
    for (id, digest) in &state.captured {
        let store = scribe.store();
        let Some(sealed) = store.blob(*digest).map_err(|error| JournalError::Store(error.into()))? else { continue };
        let value = store.open_secret(state.run, id, &sealed).map_err(JournalError::Store)?;
        secrets.learn(id, Secret::new(value));
    }
    Ok(())
}
