//! A house whose world is fake and whose store is real or in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lockstep_engine::{House, Procedure, Resume, Start, Waits};
use lockstep_gate::{Gate, Interrupt, NoLive, SecretSource};
use lockstep_grant::{Grant, SecretRule};
use lockstep_journal::{NoObserver, Store};
use lockstep_model::{Failure, RunId, Secret};

use crate::{CountingEntropy, FakeDrivers, VirtualClock};

/// Every declared secret has this value.
pub const SECRET: &str = "correct-horse-battery";

/// Where a test's grant says that it was read from.
const GRANT_FILE: &str = "/test.toml";

struct OneValue;

impl SecretSource for OneValue {
    fn value(&self, rule: &SecretRule, _: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        Ok((!rule.may_be_captured()).then(|| Secret::new(SECRET.as_bytes().to_vec())))
    }
}

/// A house over `store` and `drivers`.
pub fn house(store: Arc<dyn Store>, drivers: &FakeDrivers) -> House {
    House {
        store,
        clock: Arc::new(VirtualClock::default()),
        entropy: Arc::new(CountingEntropy::default()),
        drivers: drivers.drivers(),
        secrets: Arc::new(OneValue),
        observer: Arc::new(NoObserver),
        live: Arc::new(NoLive),
        interrupt: Interrupt::default(),
        longest_hold: Duration::MAX,
        actor: "lockstep".to_owned(),
        holder: "tester".to_owned(),
        shared: false,
        host: "test".to_owned(),
        engine: "lockstep test".to_owned(),
    }
}

/// A run of `procedure` in the environment `test`, without parameters or a person.
pub fn start_of(procedure: Arc<dyn Procedure>, grant: Arc<Grant>) -> Start {
    Start {
        procedure,
        grant,
        grant_file: GRANT_FILE.to_owned(),
        environment: "test".to_owned(),
        parameters: BTreeMap::new(),
        initiator: "tester".to_owned(),
        attended: false,
        expected_plan: None,
        waits: Waits::default(),
    }
}

/// Going on with a run of `procedure`, without a person.
pub fn resume_of(run: RunId, procedure: Arc<dyn Procedure>, grant: Arc<Grant>) -> Resume {
    Resume { run, procedure, grant, grant_file: GRANT_FILE.to_owned(), attended: false, reason: "test".to_owned(), waits: Waits::default() }
}

/// A grant from TOML.
///
/// # Panics
/// When it does not parse.
#[expect(clippy::expect_used, reason = "a test's own mistake")]
pub fn grant(toml: &str) -> Arc<Grant> {
    Arc::new(Grant::parse(toml, "test.toml", Path::new("/")).expect("a grant that parses"))
}

/// What a scripted step does with `gate.call`: a stop ends the step, as a trap would end a guest.
///
/// # Errors
/// The call's own failure, or the code `script.stopped`.
fn kept<T>(result: Result<Result<T, Failure>, lockstep_gate::Stop>) -> Result<T, Failure> {
    result.map_err(|stop| Failure::problem("script.stopped", stop.to_string()))?
}

/// Makes a call as `kept` does.
///
/// # Errors
/// As `kept`.
pub fn ask<R: lockstep_gate::Dispatch>(gate: &Gate, request: R) -> Result<R::Response, Failure> {
    kept(gate.call(request))
}
