//! A loaded procedure, as the engine drives it: each call on a fresh store and a fresh instance, so that nothing is left of the one before.

use std::sync::Arc;

use lockstep_engine::{PlanFacts, Procedure};
use lockstep_gate::Gate;
use lockstep_model::plan::{Description, Plan};
use lockstep_model::{Digest, Failure, StepId};
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::{Everything, EverythingPre};
use crate::context::{Context, Mode};
use crate::declared::Declared;
use crate::ended::failure_of;
use crate::host::types::guest_failure;
use crate::limits::{LARGEST_HAND_OVER, Limits};
use crate::position::Position;
use crate::runtime::Shared;

/// Where compiled code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Compiled just now.
    Compiled,
    /// Compiled before.
    Cache,
}

/// A component that keeps the contract, ready to be instantiated.
pub struct LoadedProcedure {
    pub(crate) shared: Arc<Shared>,
    pub(crate) linked: EverythingPre<Context>,
    pub(crate) digest: Digest,
    pub(crate) imports: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) origin: Origin,
    /// The section that says where in the sources its instructions come from.
    pub(crate) lines: Vec<u8>,
}

impl LoadedProcedure {
    /// Whether it had to be compiled.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Instantiates it, calls it, and says what became of it. What the guest declared comes back in the context.
    fn enter<T>(&self, mode: Mode, call: impl FnOnce(&Everything, &mut Store<Context>) -> wasmtime::Result<T>) -> (Context, Result<T, Failure>) {
        let mut store = Store::new(&self.shared.engine, Context::new(mode, self.limits));
        let result = self.bound(&mut store).and_then(|()| {
            let _ticking = self.shared.ticker.run()?;
            let guest = self.linked.instantiate(&mut store)?;
            let given = call(&guest, &mut store)?;
            store.data_mut().end_lines()?;
            Ok(given)
        });
        let result = result.map_err(|error| {
            let position = Position::of(&error, &self.lines);
            if let (Mode::Attempt(gate), Some(position)) = (&store.data().mode, &position) {
                gate.stopped_at(position.text());
            }
            failure_of(&error, &self.limits, position.as_ref())
        });
        (store.into_data(), result)
    }

    /// Bounds everything a guest can take.
    fn bound(&self, store: &mut Store<Context>) -> wasmtime::Result<()> {
        store.limiter(|context| &mut context.meter);
        store.set_fuel(self.limits.fuel)?;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            store.data().look_up()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store.set_hostcall_fuel(LARGEST_HAND_OVER);
        // Each resource may be lent while it is held. The context's own count comes first, with a failure that says so.
        store.set_max_component_handles(self.limits.handles as usize * 2 + 64);
        Ok(())
    }

    fn declare(
        &self,
        declared: Declared,
        call: impl FnOnce(&Everything, &mut Store<Context>) -> wasmtime::Result<Result<(), Failure>>,
    ) -> Result<Declared, Failure> {
        let (context, called) = self.enter(Mode::Declaring(Box::new(declared)), call);
        called??;
        match context.mode {
            Mode::Declaring(declared) => Ok(*declared),
            Mode::Attempt(_) => Err(Failure::problem("host.internal", "a declaration came back as an attempt")),
        }
    }
}

impl Procedure for LoadedProcedure {
    fn digest(&self) -> Digest {
        self.digest
    }

    fn imports(&self) -> &[String] {
        &self.imports
    }

    fn describe(&self) -> Result<Description, Failure> {
        let declared = self.declare(Declared::describing(), |guest, store| guest.lockstep_contract_procedure().call_describe(store).map(Ok))?;
        declared.into_description()
    }

    fn plan(&self, facts: &PlanFacts) -> Result<Plan, Failure> {
        let declared = self.declare(Declared::planning(facts.clone()), |guest, store| {
            let planned = guest.lockstep_contract_procedure().call_plan(store)?;
            Ok(planned.map_err(|failure| guest_failure(failure, str::to_owned)))
        })?;
        declared.into_plan()
    }

    fn run_step(&self, step: &StepId, gate: Gate) -> Result<Option<String>, Failure> {
        let (_, ran) = self.enter(Mode::Attempt(gate.clone()), |guest, store| guest.lockstep_contract_procedure().call_run_step(store, step.as_str()));
        ran.map_err(|failure| scrubbed(failure, &gate))?.map_err(|failure| believed(guest_failure(failure, |text| gate.scrub(text)), &gate))
    }

    fn undo_step(&self, step: &StepId, gate: Gate) -> Result<(), Failure> {
        let (_, ran) = self.enter(Mode::Attempt(gate.clone()), |guest, store| guest.lockstep_contract_procedure().call_undo_step(store, step.as_str()));
        ran.map_err(|failure| scrubbed(failure, &gate))?.map_err(|failure| believed(guest_failure(failure, |text| gate.scrub(text)), &gate))
    }
}

/// A trap's text has the guest's names and the guest's words in it.
fn scrubbed(mut failure: Failure, gate: &Gate) -> Failure {
    match &mut failure {
        Failure::Denied(text) | Failure::TimedOut(text) | Failure::InDoubt(text) => *text = gate.scrub(text),
        Failure::Failed(problem) => problem.message = gate.scrub(&problem.message),
    }
    failure
}

/// A guest may hand on a denial that it got, and not make one up: an operator would widen a grant for it.
fn believed(failure: Failure, gate: &Gate) -> Failure {
    match failure {
        Failure::Denied(text) if !gate.has_denied() => {
            Failure::problem("guest.claim", format!("the procedure says that a call was denied, and none was: {text}"))
        }
        other => other,
    }
}
