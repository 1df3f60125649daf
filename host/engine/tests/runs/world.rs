//! A world for the engine's tests: a store in memory, drivers that count, a scripted procedure.

use std::sync::Arc;

use lockstep_engine::{House, Resume, RunReport, Start, replay, start};
use lockstep_gate::Gate;
use lockstep_grant::Grant;
use lockstep_journal::Store;
use lockstep_journal::memory::MemoryStore;
use lockstep_model::request::HttpRequest;
use lockstep_model::{Failure, StepId};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, resume_of, start_of};

pub(crate) const GRANT: &str = r#"
[files.mounts."/app"]
path = "/srv/app"
allow = ["read"]
[http]
allow = ["* http://app.test/**"]
[[shell.allow]]
program = "/bin/tool"
args = ["**"]
[secrets]
API_KEY = { env = "API_KEY", to = ["http://app.test/**"] }
TOKEN = { capture = true, to = ["http://app.test/**"] }
"#;

/// Everything around the runs of a test.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) drivers: FakeDrivers,
    pub(crate) grant: Arc<Grant>,
    pub(crate) procedure: Arc<Script>,
    /// Whether its procedure is the one whose runs its store has.
    pub(crate) its_own: bool,
}

/// Whatever a test did: the records that it leaves replay, or recovery would not be to be trusted.
impl Drop for World {
    fn drop(&mut self) {
        if !self.its_own || std::thread::panicking() {
            return;
        }
        let (store, performed) = (self.store.clone() as Arc<dyn Store>, self.drivers.performed());
        for run in self.store.runs().unwrap() {
            let report = replay(&store, run, &*self.procedure, &mut |_| {}).unwrap();
            assert!(report.agrees(), "{report:#?}");
        }
        assert_eq!(self.drivers.performed(), performed, "a replay performs nothing");
    }
}

impl World {
    pub(crate) fn of(procedure: Script) -> Self {
        Self { store: Arc::new(MemoryStore::default()), drivers: FakeDrivers::default(), grant: grant(GRANT), procedure: Arc::new(procedure), its_own: true }
    }

    /// The same world with another procedure.
    pub(crate) fn with(mut self, procedure: Script) -> Self {
        self.its_own = false;
        let (store, drivers, grant) = (self.store.clone(), self.drivers.clone(), Arc::clone(&self.grant));
        Self { store, drivers, grant, procedure: Arc::new(procedure), its_own: true }
    }

    pub(crate) fn house(&self) -> House {
        house(self.store.clone(), &self.drivers)
    }

    pub(crate) fn start(&self) -> Start {
        start_of(self.procedure.clone(), Arc::clone(&self.grant))
    }

    pub(crate) fn run(&self) -> RunReport {
        start(&self.house(), self.start()).expect("a run")
    }

    pub(crate) fn resume(&self, run: lockstep_model::RunId) -> Resume {
        resume_of(run, self.procedure.clone(), Arc::clone(&self.grant))
    }

    pub(crate) fn only_run(&self) -> lockstep_model::RunId {
        self.store.runs().unwrap()[0]
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.store.records(self.only_run()).unwrap().iter().map(|record| record.record.event.kind()).collect()
    }
}

pub(crate) fn post(gate: &Gate, path: &str) -> Result<(), Failure> {
    ask(gate, HttpRequest::to("POST", &format!("http://app.test/{path}"))).map(|_| ())
}

pub(crate) fn put(gate: &Gate, path: &str) -> Result<(), Failure> {
    ask(gate, HttpRequest::to("PUT", &format!("http://app.test/{path}"))).map(|_| ())
}

pub(crate) fn nothing(_: &Gate) -> Result<(), Failure> {
    Ok(())
}

pub(crate) fn id(text: &str) -> StepId {
    StepId::parse(text).unwrap()
}

/// Two steps with an effect each, and their undo.
pub(crate) fn two_steps() -> Script {
    Script::default().step("one", |gate| put(gate, "one"), |gate| put(gate, "undo-one")).step("two", |gate| put(gate, "two"), |gate| put(gate, "undo-two"))
}
