//! A run with one step, `work`, whose gate a guest is given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockstep_engine::Procedure;
use lockstep_gate::{Allowance, Budget, CallContext, Driver, Drivers, Gate, Interrupt, NoLive, RunPassage, Secrets};
use lockstep_grant::Granted;
use lockstep_journal::event::{Attempt, Event, Phase, PlanDeclared, RunCreated};
use lockstep_journal::memory::MemoryStore;
use lockstep_journal::{Desk, NoObserver, Scribe};
use lockstep_model::plan::{Description, OnFailure, Plan, Retry, Step, Undo};
use lockstep_model::request::{FilesRequest, FilesResponse};
use lockstep_model::{Clock, Content, Digest, Failure, RunId, Secret, StepId};
use lockstep_testkit::{FakeDrivers, SECRET, VirtualClock, grant};

const GRANT: &str = r#"
[http]
allow = ["GET,POST https://example.com/**"]

[[shell.allow]]
program = "/bin/true"
args = []

[files.mounts."/app"]
path = "/srv/app"
allow = ["read"]

[secrets]
KEY = { env = "KEY", to = ["https://example.com"] }
"#;

/// Everything around one run.
pub(crate) struct World {
    step: StepId,
    /// What was performed.
    pub(crate) drivers: FakeDrivers,
    /// The operator's wish to stop.
    pub(crate) interrupt: Interrupt,
    /// What every file has in it.
    pub(crate) file: &'static [u8],
    clock: Arc<VirtualClock>,
    scribe: Arc<Mutex<Scribe>>,
}

impl World {
    /// A run that has started its step.
    pub(crate) fn new() -> Self {
        Self::of("work", &[])
    }

    /// A run that has been given parameters, and has started that step.
    pub(crate) fn of(id: &str, parameters: &[(&str, &str)]) -> Self {
        let step = step(id);
        let (store, clock, run) = (MemoryStore::new(), Arc::new(VirtualClock::default()), RunId::from_parts(1_800_000_000_000, 1));
        let desk = Desk { store: Arc::new(store), clock: clock.clone(), observer: Arc::new(NoObserver), actor: "test".to_owned(), lease: None };
        let mut scribe = Scribe::create(desk, run, created(parameters)).unwrap();
        scribe.note(Event::PlanDeclared(PlanDeclared { digest: Digest::ZERO, plan: Plan { steps: vec![step.clone()] } })).unwrap();
        scribe.note(Event::StepStarted(Attempt { step: step.id.clone(), attempt: 1 })).unwrap();
        Self { step: step.id, drivers: FakeDrivers::default(), interrupt: Interrupt::default(), file: b"", clock, scribe: Arc::new(Mutex::new(scribe)) }
    }

    /// A gate for the step, open for `time`.
    pub(crate) fn gate_for(&self, time: Duration) -> Gate {
        let secrets = Secrets::new("seed");
        secrets.learn("KEY", Secret::new(SECRET.as_bytes().to_vec()));
        let passage = RunPassage {
            scribe: Arc::clone(&self.scribe),
            grant: grant(GRANT),
            drivers: Drivers { files: Arc::new(OneFile(self.file)), ..self.drivers.drivers() },
            secrets,
            interrupt: self.interrupt.clone(),
            live: Arc::new(NoLive),
            longest_hold: Duration::MAX,
            dry_run: None,
        };
        let much = Allowance::of(u64::MAX);
        let deadline = self.clock.now().after(time);
        let budget = Budget { deadline, allowed: "by the test".to_owned(), calls: Allowance::of(10_000), bytes: much, output: much, log: much };
        Gate::open(passage, self.step.clone(), Phase::Step, 1, budget)
    }

    /// A gate with time enough.
    pub(crate) fn gate(&self) -> Gate {
        self.gate_for(Duration::from_secs(600))
    }

    /// Runs the step.
    pub(crate) fn run(&self, procedure: &impl Procedure) -> Result<Option<String>, Failure> {
        procedure.run_step(&self.step, self.gate())
    }

    /// The step's failure, of the code expected.
    pub(crate) fn failure(&self, procedure: &impl Procedure, code: &str) -> Failure {
        let failure = self.run(procedure).unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
        failure
    }

    /// What was asked, in order, as `log.info: started`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let scribe = self.scribe.lock().unwrap();
        scribe.state().steps[&self.step].calls.iter().map(|call| format!("{}: {}", call.function, call.summary)).collect()
    }

    /// How many calls the journal has.
    pub(crate) fn calls(&self) -> usize {
        let scribe = self.scribe.lock().unwrap();
        scribe.state().steps[&self.step].calls.len()
    }
}

/// Bytes that need not be text.
struct OneFile(&'static [u8]);

impl Driver<FilesRequest> for OneFile {
    fn perform(&self, _: &Granted<FilesRequest>, _: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        Ok(FilesResponse::Bytes(Content(self.0.to_vec())))
    }
}

fn created(parameters: &[(&str, &str)]) -> RunCreated {
    RunCreated {
        procedure: Description { name: "guest".to_owned(), version: "1.0.0".to_owned(), ..Description::default() },
        component: Digest::ZERO,
        grant: Digest::ZERO,
        grant_file: "/test.toml".to_owned(),
        lease: 0,
        environment: "test".to_owned(),
        parameters: parameters.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
        initiator: "test".to_owned(),
        host: "test".to_owned(),
        engine: "test".to_owned(),
        attended: false,
        seed: "00".repeat(32),
    }
}

fn step(id: &str) -> Step {
    Step {
        id: StepId::parse(id).unwrap(),
        title: "work".to_owned(),
        phase: None,
        about: None,
        needs: Vec::new(),
        timeout_seconds: None,
        retry: Retry::default(),
        on_failure: OnFailure::Decide,
        undo: Undo::UndoStep,
        expected_seconds: None,
    }
}
