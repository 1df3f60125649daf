//! What the guest may know of its run without asking anyone outside: pinned in the journal already, so not recorded again.

use lockstep_model::{RunId, StepId};

use super::{Gate, Records, lock};
use crate::stop::Stop;

/// How long a guest may compute between two recorded calls.
const LONGEST_REPLAY: std::time::Duration = std::time::Duration::from_secs(600);

impl Gate {
    /// The run's id.
    pub fn run_id(&self) -> RunId {
        self.look(|state| state.run)
    }

    /// The environment's name.
    pub fn environment(&self) -> String {
        self.look(|state| state.created.environment.clone())
    }

    /// The value of a declared parameter.
    pub fn parameter(&self, id: &str) -> Option<String> {
        self.look(|state| state.parameters.get(id).cloned())
    }

    /// The output of a step that has succeeded.
    pub fn output_of(&self, step: &str) -> Option<String> {
        let step = StepId::parse(step).ok()?;
        self.look(|state| state.steps.get(&step)?.output.clone())
    }

    /// What this step kept under `key`, as far as the attempt has come.
    pub fn recall(&self, key: &str) -> Option<String> {
        lock(&self.inner.session).remembered.get(key).cloned()
    }

    /// Whether the next call is answered from the journal.
    pub fn is_replaying(&self) -> bool {
        !lock(&self.inner.session).replay.is_over()
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
        self.inner.secrets.marker(secret)
    }

    /// `text` without values of secrets: for what the guest says when it fails.
    pub fn scrub(&self, text: &str) -> String {
        self.inner.secrets.scrub_text(text)
    }

    /// Whether the operator asked to stop. The attempt is stopped then: a guest that computes must not go on either.
    pub fn interrupted(&self) -> bool {
        let interrupted = self.way().is_some_and(|way| way.run.interrupt.is_set());
        if interrupted {
            lock(&self.inner.session).stop.get_or_insert(Stop::Interrupted);
        }
        interrupted
    }

    /// Whether a call of this attempt was denied.
    pub fn has_denied(&self) -> bool {
        lock(&self.inner.session).denied
    }

    /// What the attempt fails with when its deadline has passed while the guest was computing.
    pub fn time_is_up(&self) -> lockstep_model::Failure {
        lock(&self.inner.session).budget.time_is_up()
    }

    /// How long the attempt may still take. What is answered from the records has all the time that it was ever given: a guest whose time was up while it
    /// waited has to come back to the call that says so, and one that is only replayed cannot see it.
    pub fn time_left(&self) -> std::time::Duration {
        match &self.inner.records {
            Records::Growing(run) => {
                let now = lock(&run.scribe).clock().now();
                let session = lock(&self.inner.session);
                let left = session.budget.deadline.since(now);
                if session.replay.is_over() { left } else { left.max(LONGEST_REPLAY) }
            }
            Records::Closed(_) => LONGEST_REPLAY,
        }
    }
}
