//! `run`: what an instance may know of its run. Answered from the run's own journal; only `remember` goes through the gate.

use lockstep_engine::PlanFacts;
use lockstep_model::Failure;
use lockstep_model::request::RememberRequest;
use wasmtime::Result;

use crate::bindings::lockstep::contract::run;
use crate::context::{Context, Mode};
use crate::ended::{Ended, Refusal};

use super::text::cut;
use super::types::LONGEST_MESSAGE;

/// The longest key and value of `remember`: checked here too, so that a longer one does not become a record first.
const LONGEST_KEY: usize = 64;
const LONGEST_VALUE: usize = 64 << 10;

impl run::Host for Context {
    fn id(&mut self) -> Result<String> {
        match self.planning() {
            Some(_) => Ok(String::new()),
            None => Ok(self.gate("run.id")?.run_id().to_string()),
        }
    }

    fn environment(&mut self) -> Result<String> {
        match self.planning() {
            Some(facts) => Ok(facts.environment.clone()),
            None => Ok(self.gate("run.environment")?.environment()),
        }
    }

    fn parameter(&mut self, id: String) -> Result<Option<String>> {
        match self.planning() {
            Some(facts) => Ok(facts.parameters.get(&id).cloned()),
            None => Ok(self.gate("run.parameter")?.parameter(&id)),
        }
    }

    fn output_of(&mut self, step: String) -> Result<Option<String>> {
        Ok(self.gate("run.output-of")?.output_of(&step))
    }

    fn attempt(&mut self) -> Result<u32> {
        Ok(self.gate("run.attempt")?.attempt())
    }

    fn idempotency_key(&mut self) -> Result<String> {
        Ok(self.gate("run.idempotency-key")?.idempotency_key())
    }

    fn remember(&mut self, key: String, value: String) -> Result<(), Refusal> {
        self.gate("run.remember")?;
        if key.is_empty() || key.len() > LONGEST_KEY || value.len() > LONGEST_VALUE {
            let text = format!("remember: a key of {} and a value of {} bytes, at most {LONGEST_KEY} and {LONGEST_VALUE}", key.len(), value.len());
            return Err(Failure::fixed_limit("run.limit", text).into());
        }
        self.ask("run.remember", RememberRequest { key, value })
    }

    fn recall(&mut self, key: String) -> Result<Option<String>> {
        Ok(self.gate("run.recall")?.recall(&key))
    }

    /// Not scrubbed here: what ends a guest is scrubbed where its end is known.
    fn give_up(&mut self, message: String) -> Result<()> {
        Err(Ended::Failed(Failure::problem("step.exception", cut(message, LONGEST_MESSAGE))).into())
    }
}

impl Context {
    /// The facts of the run being planned. None in a step, and in `describe`, which is to know nothing.
    fn planning(&self) -> Option<&PlanFacts> {
        match &self.mode {
            Mode::Declaring(declared) => declared.facts(),
            Mode::Attempt(_) => None,
        }
    }
}
