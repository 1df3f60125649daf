//! What the guest may know of its run without asking anyone outside: pinned in the journal already, so not recorded again.

use lockstep_model::{RunId, StepId};

use super::{Gate, lock};

impl Gate {
    /// The run's id.
    pub fn run_id(&self) -> RunId {
        lock(&self.inner.run.scribe).state().run
    }

    /// The environment's name.
    pub fn environment(&self) -> String {
        lock(&self.inner.run.scribe).state().created.environment.clone()
    }

    /// The value of a declared parameter.
    pub fn parameter(&self, id: &str) -> Option<String> {
        lock(&self.inner.run.scribe).state().parameters.get(id).cloned()
    }

    /// The output of a step that has succeeded.
    pub fn output_of(&self, step: &str) -> Option<String> {
        let step = StepId::parse(step).ok()?;
        lock(&self.inner.run.scribe).state().steps.get(&step)?.output.clone()
    }

    /// What this step kept under `key`, as far as the attempt has come.
    pub fn recall(&self, key: &str) -> Option<String> {
        lock(&self.inner.session).remembered.get(key).cloned()
    }

    /// Number of this attempt.
    pub fn attempt(&self) -> u32 {
        self.inner.attempt
    }

    /// The step this gate was opened for.
    pub fn step(&self) -> &StepId {
        &self.inner.step
    }

    /// The key of the next effect.
    pub fn idempotency_key(&self) -> String {
        let effects = lock(&self.inner.session).effects;
        self.key(effects + 1)
    }

    /// The text that stands for a secret.
    pub fn marker(&self, secret: &str) -> String {
        self.inner.run.secrets.marker(secret)
    }

    /// `text` without values of secrets: for what the guest says when it fails.
    pub fn scrub(&self, text: &str) -> String {
        self.inner.run.secrets.scrub_text(text)
    }

    /// How long the attempt may still take.
    pub fn time_left(&self) -> std::time::Duration {
        let now = lock(&self.inner.run.scribe).clock().now();
        lock(&self.inner.session).budget.deadline.since(now)
    }
}
