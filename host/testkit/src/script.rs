//! A procedure that is a table of closures: drives the engine without wasm.

use std::collections::BTreeMap;

use lockstep_engine::{PlanFacts, Procedure};
use lockstep_gate::Gate;
use lockstep_model::plan::{Description, OnFailure, Parameter, Plan, Retry, Step, Undo};
use lockstep_model::{Digest, Failure, StepId};

type Run = Box<dyn Fn(&Gate) -> Result<Option<String>, Failure> + Send + Sync>;

/// A procedure under construction and in use.
pub struct Script {
    description: Description,
    imports: Vec<String>,
    plan: Plan,
    steps: BTreeMap<StepId, (Run, Run)>,
}

impl Default for Script {
    fn default() -> Self {
        let description = Description { name: "script".to_owned(), version: "1.0.0".to_owned(), ..Description::default() };
        let imports = ["http", "shell", "files", "secret"].map(str::to_owned).to_vec();
        Self { description, imports, plan: Plan::default(), steps: BTreeMap::new() }
    }
}

impl Script {
    /// Declares a parameter with a fallback.
    #[must_use]
    pub fn parameter(mut self, id: &str, fallback: Option<&str>) -> Self {
        self.description.parameters.push(Parameter { id: id.to_owned(), title: None, fallback: fallback.map(str::to_owned), choices: Vec::new() });
        self
    }

    /// Another version, and another component with it.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.description.version = version.to_owned();
        self
    }

    /// Says what it imports.
    #[must_use]
    pub fn imports(mut self, imports: &[&str]) -> Self {
        self.imports = imports.iter().map(|&import| import.to_owned()).collect();
        self
    }

    /// Adds a step that needs the one before it and whose undo is `undo`.
    ///
    /// # Panics
    /// When `id` is no step id.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test's own mistake")]
    pub fn step(
        mut self,
        id: &str,
        run: impl Fn(&Gate) -> Result<(), Failure> + Send + Sync + 'static,
        undo: impl Fn(&Gate) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        let id = StepId::parse(id).expect("a step id");
        let needs = self.plan.steps.last().map(|step| step.id.clone()).into_iter().collect();
        self.plan.steps.push(Step {
            id: id.clone(),
            title: id.to_string(),
            phase: None,
            about: None,
            needs,
            timeout_seconds: None,
            retry: Retry::default(),
            on_failure: OnFailure::Decide,
            undo: Undo::UndoStep,
            expected_seconds: None,
        });
        self.steps.insert(id, (Box::new(move |gate| run(gate).map(|()| None)), Box::new(move |gate| undo(gate).map(|()| None))));
        self
    }

    /// Changes the step declared last.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Step)) -> Self {
        if let Some(step) = self.plan.steps.last_mut() {
            change(step);
        }
        self
    }
}

impl Procedure for Script {
    fn digest(&self) -> Digest {
        Digest::of(format!("{} {}", self.description.name, self.description.version).as_bytes())
    }

    fn imports(&self) -> &[String] {
        &self.imports
    }

    fn describe(&self) -> Result<Description, Failure> {
        Ok(self.description.clone())
    }

    fn plan(&self, _: &PlanFacts) -> Result<Plan, Failure> {
        Ok(self.plan.clone())
    }

    fn run_step(&self, step: &StepId, gate: Gate) -> Result<Option<String>, Failure> {
        self.steps.get(step).map_or_else(|| Err(Failure::problem("script.step", "no such step")), |(run, _)| run(&gate))
    }

    fn undo_step(&self, step: &StepId, gate: Gate) -> Result<(), Failure> {
        self.steps.get(step).map_or_else(|| Err(Failure::problem("script.step", "no such step")), |(_, undo)| undo(&gate).map(|_| ()))
    }
}
