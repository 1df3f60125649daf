//! What a store holds: the same for every host function, whichever interface it is of.

use std::time::{Duration, Instant};

use lockstep_gate::{Dispatch, Gate};
use lockstep_model::Failure;
use lockstep_model::request::{DbRows, Entry, HttpResponse, SealedArtifact, ShellResponse};
use wasmtime::component::{Resource, ResourceTable};

use crate::declared::Declared;
use crate::ended::{Ended, Refusal};
use crate::limits::{Limits, Meter};
use crate::wasi;

/// The data of one store: of one call into one instance.
pub(crate) struct Context {
    pub(crate) mode: Mode,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
    pub(crate) wasi: wasi::State,
    /// When the guest must be over. In the host's own time, so that a guest that computes cannot outlast a virtual clock.
    deadline: Instant,
    resources: ResourceTable,
}

/// Why the guest was called. Without a gate there is no way out, whatever is linked.
pub(crate) enum Mode {
    /// `describe` or `plan`: it declares and reaches nothing.
    Declaring(Box<Declared>),
    /// `run-step` or `undo-step`.
    Attempt(Gate),
}

/// What the host keeps for a guest counts as the guest's memory.
pub(crate) trait Kept: Send + 'static {
    /// Bytes kept beside the handle itself.
    fn size(&self) -> usize {
        0
    }
}

impl Kept for DbRows {
    fn size(&self) -> usize {
        self.kept_size()
    }
}

impl Kept for SealedArtifact {}

impl Kept for Entry {}

impl Kept for HttpResponse {
    fn size(&self) -> usize {
        self.body.len().saturating_add(self.headers.iter().map(|header| header.name.len() + header.value.len()).sum())
    }
}

impl Kept for ShellResponse {
    fn size(&self) -> usize {
        self.stdout.len().saturating_add(self.stderr.len())
    }
}

impl Context {
    pub(crate) fn new(mode: Mode, limits: Limits) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(limits.handles as usize);
        let mut context = Self { deadline: Instant::now(), mode, limits, meter: Meter::new(limits), wasi: wasi::State::default(), resources };
        context.read_the_clock();
        context
    }

    /// How long the guest may still take by the gate, from now on. Not asked at every tick: the gate's lock may be held by a call of another step.
    fn read_the_clock(&mut self) {
        let left = match &self.mode {
            Mode::Declaring(_) => self.limits.declaring,
            Mode::Attempt(gate) => gate.time_left(),
        };
        // A deadline that no `Instant` can express is none that a guest will reach.
        self.deadline = Instant::now().checked_add(left).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
    }

    /// Ends a guest whose time is over, or whom the operator asked to stop; called at every tick while it computes.
    pub(crate) fn look_up(&self) -> Result<(), Ended> {
        if let Mode::Attempt(gate) = &self.mode
            && gate.interrupted()
        {
            return Err(Ended::Stopped);
        }
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(Ended::Failed(match &self.mode {
            Mode::Declaring(_) => self.limits.declaring_breach(),
            Mode::Attempt(gate) => gate.time_is_up(),
        }))
    }

    /// The way out. Where there is none, calling `function` ends the guest.
    pub(crate) fn gate(&self, function: &'static str) -> Result<&Gate, Ended> {
        match &self.mode {
            Mode::Attempt(gate) => Ok(gate),
            Mode::Declaring(_) => Err(Ended::Failed(Failure::problem(
                "plan.invalid",
                format!("the procedure calls `{function}` while it describes itself or plans: it may only declare, a plan must not depend on the world"),
            ))),
        }
    }

    /// What is being declared. In a step, calling `function` ends the guest.
    pub(crate) fn declared(&mut self, function: &'static str) -> Result<&mut Declared, Ended> {
        match &mut self.mode {
            Mode::Declaring(declared) => Ok(declared.as_mut()),
            Mode::Attempt(_) => {
                Err(Ended::Failed(Failure::problem("guest.trap", format!("the procedure calls `{function}` in a step: it is for `describe` and `plan` only"))))
            }
        }
    }

    /// Asks the gate.
    pub(crate) fn ask<R: Dispatch>(&mut self, function: &'static str, request: R) -> Result<R::Response, Refusal> {
        let answer = self.gate(function)?.call(request);
        self.read_the_clock();
        Ok(answer??)
    }

    /// Asks the gate for several at once.
    pub(crate) fn ask_all<R: Dispatch>(&mut self, function: &'static str, requests: Vec<R>) -> Result<Vec<Result<R::Response, Failure>>, Refusal> {
        let answers = self.gate(function)?.call_all(requests);
        self.read_the_clock();
        Ok(answers?)
    }

    /// Asks the gate for what the contract lets not fail: a failure is the step's.
    pub(crate) fn ask_surely<R: Dispatch>(&mut self, function: &'static str, request: R) -> wasmtime::Result<R::Response> {
        self.ask(function, request).map_err(|refusal| match refusal {
            Refusal::Failure(failure) => Ended::Failed(failure).into(),
            Refusal::Trap(error) => error,
        })
    }

    /// Keeps `value` for the guest behind a handle.
    pub(crate) fn keep<T: Kept>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.meter.take(value.size())?;
        Ok(self.resources.push(value)?)
    }

    /// What is behind a handle.
    pub(crate) fn kept<T: Kept>(&self, handle: &Resource<T>) -> wasmtime::Result<&T> {
        Ok(self.resources.get(handle)?)
    }

    /// Changes what is behind a handle; what it grows by is taken from the guest's memory.
    pub(crate) fn change<T: Kept>(&mut self, handle: &Resource<T>, change: impl FnOnce(&mut T)) -> wasmtime::Result<()> {
        let value = self.resources.get_mut(handle)?;
        let before = value.size();
        change(value);
        let after = value.size();
        self.meter.give_back(before);
        self.meter.take(after)?;
        Ok(())
    }

    /// Lets go of what is behind a handle. It means nothing to the run.
    pub(crate) fn forget<T: Kept>(&mut self, handle: Resource<T>) -> wasmtime::Result<()> {
        let value = self.resources.delete(handle)?;
        self.meter.give_back(value.size());
        Ok(())
    }
}
