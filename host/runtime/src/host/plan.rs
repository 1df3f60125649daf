//! `plan`: how a procedure declares itself. Nothing is performed and nothing goes through the gate.

use lockstep_model::plan::{OnFailure, Undo};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::plan;
use crate::context::{Context, Kept};
use crate::declared::Place;

/// The procedure's own description: there is one.
pub struct DescriptionHandle;

/// A declared parameter.
pub struct ParameterHandle(Place);

/// A declared step.
pub struct StepHandle(Place);

impl Kept for DescriptionHandle {}
impl Kept for ParameterHandle {}
impl Kept for StepHandle {}

impl plan::Host for Context {}

impl plan::HostDescription for Context {
    fn new(&mut self, id: String, version: String) -> Result<Resource<DescriptionHandle>> {
        self.declared("plan.description")?.describe(id, version);
        self.keep(DescriptionHandle)
    }

    fn title(&mut self, _: Resource<DescriptionHandle>, text: String) -> Result<()> {
        self.declared("plan.description.title")?.describe_title(text);
        Ok(())
    }

    fn drop(&mut self, description: Resource<DescriptionHandle>) -> Result<()> {
        self.forget(description)
    }
}

impl plan::HostParameter for Context {
    fn new(&mut self, id: String) -> Result<Resource<ParameterHandle>> {
        let place = self.declared("plan.parameter")?.parameter(id);
        self.keep(ParameterHandle(place))
    }

    fn title(&mut self, parameter: Resource<ParameterHandle>, text: String) -> Result<()> {
        let place = self.kept(&parameter)?.0;
        self.declared("plan.parameter.title")?.parameter_title(place, text);
        Ok(())
    }

    fn fallback(&mut self, parameter: Resource<ParameterHandle>, value: String) -> Result<()> {
        let place = self.kept(&parameter)?.0;
        self.declared("plan.parameter.fallback")?.fallback(place, value);
        Ok(())
    }

    fn choices(&mut self, parameter: Resource<ParameterHandle>, values: Vec<String>) -> Result<()> {
        let place = self.kept(&parameter)?.0;
        self.declared("plan.parameter.choices")?.choices(place, values);
        Ok(())
    }

    fn drop(&mut self, parameter: Resource<ParameterHandle>) -> Result<()> {
        self.forget(parameter)
    }
}

impl plan::HostStep for Context {
    fn new(&mut self, id: String, title: String) -> Result<Resource<StepHandle>> {
        let place = self.declared("plan.step")?.step(&id, title);
        self.keep(StepHandle(place))
    }

    fn about(&mut self, step: Resource<StepHandle>, text: String) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.about")?.about(place, text);
        Ok(())
    }

    fn phase(&mut self, step: Resource<StepHandle>, heading: String) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.phase")?.phase(place, heading);
        Ok(())
    }

    fn needs(&mut self, step: Resource<StepHandle>, steps: Vec<String>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.needs")?.needs(place, steps);
        Ok(())
    }

    fn timeout(&mut self, step: Resource<StepHandle>, seconds: u32) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.timeout")?.timeout(place, seconds);
        Ok(())
    }

    fn retry(&mut self, step: Resource<StepHandle>, attempts: u32, backoff: u32, longest: u32) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.retry")?.retry(place, attempts, backoff, longest);
        Ok(())
    }

    fn retry_on(&mut self, step: Resource<StepHandle>, codes: Vec<String>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.retry-on")?.retry_on(place, codes);
        Ok(())
    }

    fn on_failure_pause(&mut self, step: Resource<StepHandle>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.on-failure-pause")?.on_failure(place, OnFailure::Pause);
        Ok(())
    }

    fn on_failure_undo(&mut self, step: Resource<StepHandle>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.on-failure-undo")?.on_failure(place, OnFailure::Undo);
        Ok(())
    }

    fn on_failure_continue(&mut self, step: Resource<StepHandle>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.on-failure-continue")?.on_failure(place, OnFailure::Continue);
        Ok(())
    }

    fn undoable(&mut self, step: Resource<StepHandle>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.undoable")?.undo(place, Undo::UndoStep);
        Ok(())
    }

    fn irreversible(&mut self, step: Resource<StepHandle>) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.irreversible")?.undo(place, Undo::Irreversible);
        Ok(())
    }

    fn expected(&mut self, step: Resource<StepHandle>, seconds: u32) -> Result<()> {
        let place = self.kept(&step)?.0;
        self.declared("plan.step.expected")?.expected(place, seconds);
        Ok(())
    }

    fn drop(&mut self, step: Resource<StepHandle>) -> Result<()> {
        self.forget(step)
    }
}
