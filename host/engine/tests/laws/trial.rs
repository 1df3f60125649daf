//! One try of a procedure on a world of its own: started, stopped by whatever a law does to it, gone on with as an operator would, and then compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_engine::{
    DryRunReport, EngineError, Entropy, House, PlanFacts, Procedure as _, Resume, RunReport, Start, Waits, act, dry_run, resolve, resume, retry, start, undo,
    wake,
};
use lockstep_gate::Drivers;
use lockstep_journal::event::{CallId, Event};
use lockstep_journal::state::{RecordedCall, StepStatus};
use lockstep_journal::verify::{VerifyOptions, verify};
use lockstep_journal::{Act, RunState, RunStatus, SealedRecord, Store};
use lockstep_model::plan::Plan;
use lockstep_model::{RunId, RunOutcome, Timestamp};
use lockstep_testkit::{FakeDrivers, SECRET, Script, grant, house, resume_of, start_of};

use crate::disk::{Disk, Fate};
use crate::far_side::{Arrival, FarSide, Fault, View};

const GRANT: &str = r#"
[http]
allow = ["* http://app.test/**"]
[[shell.allow]]
program = "/bin/tool"
args = ["**"]
[secrets]
API_KEY = { env = "API_KEY", to = ["http://app.test/**"] }
"#;

/// No law needs more turns than this until a run rests: who goes on for longer turns in a circle.
const MOST_TURNS: usize = 60;

/// Why an operator acts.
pub(crate) const ASKED: &str = "the operator wants it so";
/// What the engine says when the operator of the process has stopped it.
const STOPPED: &str = "stopped by the operator";

/// One try.
pub(crate) struct Trial {
    pub(crate) disk: Disk,
    pub(crate) far_side: FarSide,
    procedure: Arc<Script>,
    house: House,
    waits: Waits,
}

/// The same id, seed and keys in every try, and no jitter: chance must not decide which of two waiting steps is tried again first.
struct NoChance;

impl Entropy for NoChance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// What a run has come to, as far as two tries must agree on it.
#[derive(Debug, PartialEq)]
pub(crate) struct Rest {
    pub(crate) status: String,
    steps: BTreeMap<String, StepRest>,
    artifacts: Vec<String>,
    pub(crate) world: View,
}

#[derive(Debug, PartialEq)]
struct StepRest {
    status: StepStatus,
    attempts: u32,
    remembered: BTreeMap<String, String>,
}

impl Trial {
    pub(crate) fn new(script: Script, fate: Fate) -> Self {
        let disk = Disk::new(fate);
        let far_side = FarSide::new(&disk);
        let house = Self::house_over(&disk, far_side.drivers());
        Self { disk, far_side, procedure: Arc::new(script), house, waits: Waits::default() }
    }

    /// Every wait of the run ends the process, and another one wakes the run when its instant has come.
    pub(crate) fn letting_go(self) -> Self {
        let house = House { longest_hold: Duration::ZERO, ..self.house };
        Self { house, waits: Waits { detach: true, ..Waits::default() }, ..self }
    }

    pub(crate) fn with_fault(self, fault: Fault) -> Self {
        Self { far_side: self.far_side.clone().with_fault(fault), ..self }
    }

    fn house_over(disk: &Disk, drivers: Drivers) -> House {
        House { drivers, entropy: Arc::new(NoChance), clock: disk.clock(), ..house(Arc::new(disk.clone()), &FakeDrivers::default()) }
    }

    /// As a process of its own has it.
    fn house(&self) -> House {
        House { interrupt: self.disk.interrupt(), ..self.house.clone() }
    }

    /// Starts the run and drives it as far as it goes.
    pub(crate) fn start(&self) -> Result<RunReport, EngineError> {
        start(&self.house(), Start { waits: self.waits, ..start_of(self.procedure.clone(), grant(GRANT)) })
    }

    pub(crate) fn plan(&self) -> Plan {
        self.procedure.plan(&PlanFacts::default()).expect("a plan")
    }

    /// Goes through it without changing anything.
    pub(crate) fn dry_run(&self) -> DryRunReport {
        dry_run(&self.house(), start_of(self.procedure.clone(), grant(GRANT))).expect("a dry run")
    }

    fn again(&self, run: RunId, reason: &str) -> Resume {
        Resume { reason: reason.to_owned(), waits: self.waits, ..resume_of(run, self.procedure.clone(), grant(GRANT)) }
    }

    /// The power comes back: what was not synced is gone.
    pub(crate) fn after_power_loss(self) -> Self {
        let disk = self.disk.after_power_loss();
        self.far_side.is_asked_from(&disk);
        let house = House { clock: self.house.clock, ..Self::house_over(&disk, self.far_side.drivers()) };
        Self { disk, house, ..self }
    }

    /// Takes one step that an operator or a restarted host would take. False: the run rests.
    ///
    /// # Errors
    /// What the engine gives, when the disk is sick.
    pub(crate) fn go_on_once(&self) -> Result<bool, EngineError> {
        let Some(run) = self.run() else { return self.start().map(|_| true) };
        let records = self.records();
        let state = RunState::fold(&records).unwrap().unwrap();
        let answered = matches!(records.last().unwrap().record.event, Event::CallResolved(_));
        let by_hand = state.reason.as_ref().is_some_and(|reason| reason.starts_with(STOPPED) || reason == ASKED);
        match state.status {
            RunStatus::Waiting(until, _) if self.waits.detach => return self.wake(run, until).map(|()| true),
            // Whoever woke it has died: it is due still, unless it stood still meanwhile.
            RunStatus::Running | RunStatus::Undoing if self.kinds().contains(&"RunWoken") && !self.kinds().contains(&"RunStuck") => {
                return self.wake(run, self.house.clock.now()).map(|()| true);
            }
            RunStatus::Planning | RunStatus::Running | RunStatus::Undoing | RunStatus::Waiting(..) => {}
            RunStatus::Paused(_) if by_hand => {}
            RunStatus::Stuck(_) if answered => {}
            RunStatus::Stuck(_) => match state.in_doubt().cloned() {
                Some(call) => return self.answer(run, &records, call).map(|()| true),
                None => return Ok(false),
            },
            RunStatus::Paused(_) | RunStatus::Diverged(_) | RunStatus::Finished(_) => return Ok(false),
        }
        resume(&self.house(), self.again(run, "the law goes on")).map(|_| true)
    }

    /// Lets its instant come and wakes it, as whoever looks for what is due would.
    fn wake(&self, run: RunId, until: Timestamp) -> Result<(), EngineError> {
        self.house.clock.wait_until(until);
        assert_eq!(self.disk.due(self.house.clock.now()).unwrap(), [run], "it is not due: {:#?}", self.kinds());
        wake(&self.house(), self.again(run, "it was left"))?.expect("it is due and is woken");
        Ok(())
    }

    /// Whether what follows is another thing when a person goes on with it: a step or the run has failed up to where one may try again.
    pub(crate) fn may_be_tried_again(&self) -> bool {
        let state = RunState::fold(&self.records()).unwrap().expect("a run");
        matches!(state.status, RunStatus::Stuck(_)) || state.steps.values().any(|step| step.status == StepStatus::Failed)
    }

    /// Does what an operator would. What may not be leaves no record.
    ///
    /// # Errors
    /// What the engine gives, when the disk is sick.
    pub(crate) fn ask(&self, what: &Act) -> Result<(), EngineError> {
        let (run, before) = (self.run().expect("a run"), self.records());
        let (house, again) = (self.house(), self.again(run, ASKED));
        let done = match what {
            Act::Retry { parameters, .. } => retry(&house, again, parameters).map(drop),
            Act::Undo { to, .. } => undo(&house, again, to.clone()).map(drop),
            Act::Pause { .. } | Act::Cancel { .. } | Act::Skip { .. } | Act::MarkDone { .. } => act(&house, run, what),
        };
        if let Err(EngineError::Refused(_) | EngineError::Ended { .. }) = done {
            assert_eq!(self.records(), before, "{what:?} was refused");
            return Ok(());
        }
        done
    }

    /// Goes on until the run rests: finished, or where only a person's decision goes on.
    pub(crate) fn go_on(&self) -> Rest {
        for _ in 0..MOST_TURNS {
            if !self.go_on_once().expect("the disk is well") {
                return self.rest();
            }
        }
        panic!("the run does not come to rest: {:#?}", self.kinds());
    }

    /// Has everything taken back that is not yet, also from a run that has succeeded. What an undo fails on is mended each time.
    pub(crate) fn take_back(&self) -> Rest {
        let run = self.run().expect("a run");
        let state = || RunState::fold(&self.records()).unwrap().unwrap();
        let mut asked = false;
        for _ in 0..MOST_TURNS {
            if matches!(state().status, RunStatus::Finished(outcome) if asked || outcome != RunOutcome::Succeeded) {
                return self.rest();
            }
            undo(&self.house(), self.again(run, "the law takes it back"), None).expect("the disk is well");
            asked = true;
        }
        panic!("the run cannot be taken back: {:#?}", self.kinds());
    }

    /// What the far side knows of a call in doubt.
    fn answer(&self, run: RunId, records: &[SealedRecord], call: RecordedCall) -> Result<(), EngineError> {
        let key = call.key.clone().unwrap();
        // A step that is tried again asks with the same keys: each of its tries has an intent of its own.
        let mut tries: Vec<&CallId> = Vec::new();
        for record in records {
            if let Event::CallStarted(started) = &record.record.event
                && started.key == key
                && !tries.contains(&&started.id)
            {
                tries.push(&started.id);
            }
        }
        let (arrivals, outcome) = self.far_side.heard_of(&key);
        let outcome = outcome.filter(|_| arrivals >= tries.len());
        resolve(&self.house(), run, call.id, outcome, "the far side says so".to_owned())
    }

    fn run(&self) -> Option<RunId> {
        self.disk.runs().unwrap().first().copied()
    }

    pub(crate) fn records(&self) -> Vec<SealedRecord> {
        self.run().map(|run| self.disk.records(run).unwrap()).unwrap_or_default()
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.record.event.kind()).collect()
    }

    /// How it stands, after checking what must hold of every try.
    pub(crate) fn rest(&self) -> Rest {
        assert_eq!(self.far_side.wrongs(), Vec::<String>::new(), "{:#?}", self.kinds());
        let report = verify(&self.disk, VerifyOptions { fold: true, ..VerifyOptions::default() }).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        let records = self.records();
        for record in &records {
            assert!(!String::from_utf8_lossy(&record.bytes).contains(SECRET), "a secret is in a record");
        }
        let state = RunState::fold(&records).unwrap().expect("a run");
        let steps = state.steps.iter().map(|(id, step)| {
            let status = match step.status {
                // When it is tried again depends on chance, that it is does not.
                StepStatus::Retrying(_) => StepStatus::Retrying(lockstep_model::Timestamp::from_microseconds(0)),
                ref status => status.clone(),
            };
            (id.to_string(), StepRest { status, attempts: step.attempts, remembered: step.remembered.clone() })
        });
        Rest { status: state.status.to_string(), steps: steps.collect(), artifacts: state.artifacts.keys().cloned().collect(), world: self.far_side.view() }
    }
}

/// That `again` did the effects of `whole` in their order and no others, but for repetitions of what may be repeated, at the places where it was stopped.
pub(crate) fn assert_same_effects(whole: &[Arrival], again: &[Arrival], stopped_at: &[usize]) {
    assert!(same_effects(whole, again, 0, stopped_at), "stopped at {stopped_at:?}, {:#?}\nwhere there should be {:#?}", lines(again), lines(whole));
}

fn same_effects(whole: &[Arrival], again: &[Arrival], at: usize, stopped_at: &[usize]) -> bool {
    let Some(next) = again.get(at) else { return whole.is_empty() };
    if whole.first() == Some(next) && same_effects(&whole[1..], again, at + 1, stopped_at) {
        return true;
    }
    let repeated = at > 0 && stopped_at.contains(&at) && next.class == lockstep_model::EffectClass::Idempotent && again[at - 1] == *next;
    repeated && same_effects(whole, again, at + 1, stopped_at)
}

fn lines(arrivals: &[Arrival]) -> Vec<String> {
    arrivals.iter().map(|arrival| format!("{} {} {}", &arrival.key[..8.min(arrival.key.len())], arrival.class, arrival.summary)).collect()
}
