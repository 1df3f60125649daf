//! A procedure as the engine sees it: something that declares steps and runs them through a gate. It may be wasm, or a script in a test.

use std::collections::BTreeMap;

use lockstep_gate::Gate;
use lockstep_model::plan::{Description, Plan};
use lockstep_model::{Digest, Failure, StepId};

/// A loaded procedure. Each function runs on a fresh instance: nothing is kept between them.
///
/// # Guarantees
/// The guest reaches nothing but what it asks of the gate, and `describe` and `plan` reach nothing at all.
/// # Errors
/// A trap, a panic or a breach of a limit is a `Failure` with the code `guest.trap`, `step.exception`, `limit.memory`, `limit.fuel`, `limit.time`, …;
/// when the gate has stopped the guest, `Gate::stopped` says why and the failure is of no interest.
pub trait Procedure: Send + Sync {
    /// Digest of the component's bytes.
    fn digest(&self) -> Digest;

    /// The contract's interfaces that it imports, without package and version: `http`, `shell`.
    fn imports(&self) -> &[String];

    /// What it declares of itself. Checked: names, lengths, counts.
    ///
    /// # Errors
    /// When it traps, or declares what it may not: code `plan.invalid`.
    fn describe(&self) -> Result<Description, Failure>;

    /// The steps for these parameters. Each declaration is checked by itself; the engine checks that they fit together.
    ///
    /// # Errors
    /// What the guest gives, a trap, or code `plan.invalid`.
    fn plan(&self, facts: &PlanFacts) -> Result<Plan, Failure>;

    /// Runs one attempt of a step.
    ///
    /// # Errors
    /// Why the step has failed.
    fn run_step(&self, step: &StepId, gate: Gate) -> Result<Option<String>, Failure>;

    /// Undoes a step.
    ///
    /// # Errors
    /// Why the undo has failed.
    fn undo_step(&self, step: &StepId, gate: Gate) -> Result<(), Failure>;
}

/// What a procedure may know while it plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanFacts {
    /// The environment's name.
    pub environment: String,
    /// Every parameter with its value.
    pub parameters: BTreeMap<String, String>,
}
