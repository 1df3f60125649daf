//! What a step knows about the run it belongs to.

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::lockstep::contract::run;
use crate::procedure::read;
use crate::{Failure, Result, codes, fail};

/// The run as one step sees it.
///
/// ```no_run
/// # use lockstep::prelude::*;
/// #[derive(Serialize, Deserialize)]
/// struct Started {
///     slot: String,
///     port: u16,
/// }
///
/// fn start(ctx: &Ctx) -> Result<Started> {
///     let port = ctx.parameter("port")?;
///     Ok(Started { slot: "blue".into(), port })
/// }
///
/// fn smoke(ctx: &Ctx) -> Result<()> {
///     let started: Started = ctx.output("start")?;
///     http::get(format!("http://127.0.0.1:{}/health", started.port)).send()?.expect_status(200)?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Ctx {
    step: String,
}

impl Ctx {
    pub(crate) fn of(step: &str) -> Self {
        Self { step: step.into() }
    }

    /// The id of the step being run or undone.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// The run's id.
    pub fn run_id(&self) -> String {
        run::id()
    }

    /// The name of the environment, `staging` for example.
    pub fn environment(&self) -> String {
        run::environment()
    }

    /// Number of this attempt of the step, 1 for the first.
    pub fn attempt(&self) -> u32 {
        run::attempt()
    }

    /// The key of the next call, the same in every replay: for a far side that can tell a repetition by it. `http` and `shell` send it by themselves.
    pub fn idempotency_key(&self) -> String {
        run::idempotency_key()
    }

    /// The value of a parameter: what was given, else its fallback.
    pub fn parameter<T: FromStr<Err: Display>>(&self, id: &str) -> Result<T> {
        self.maybe_parameter(id)?
            .ok_or_else(|| fail(format!("parameter `{id}` has no value, or the procedure does not declare it")).with_code(codes::PARAMETER))
    }

    /// As [`Ctx::parameter`], for one that may be left out.
    pub fn maybe_parameter<T: FromStr<Err: Display>>(&self, id: &str) -> Result<Option<T>> {
        run::parameter(id).map(|text| read(id, &text)).transpose()
    }

    /// The output of a step that has succeeded. In an undo also the step's own.
    pub fn output<T: DeserializeOwned>(&self, step: &str) -> Result<T> {
        self.maybe_output(step)?.ok_or_else(|| fail(format!("step `{step}` has no output")).with_code(codes::OUTPUT))
    }

    /// As [`Ctx::output`]; none when the step has not succeeded, or has no output.
    pub fn maybe_output<T: DeserializeOwned>(&self, step: &str) -> Result<Option<T>> {
        run::output_of(step).map(|text| value(&text, || format!("the output of step `{step}`"))).transpose()
    }

    /// Keeps a value for later attempts and for the undo of this step: what is about to be made, before it is made.
    pub fn remember(&self, key: &str, value: impl Serialize) -> Result<()> {
        run::remember(key, &serde_json::to_string(&value)?).map_err(Failure::from_host)
    }

    /// What an attempt of this step kept under the key: the latest.
    pub fn recall<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        run::recall(key).map(|text| value(&text, || format!("what was remembered as `{key}`"))).transpose()
    }
}

/// Reads a value that the SDK itself wrote, so that a mismatch is a change of type between two steps.
fn value<T: DeserializeOwned>(text: &str, what: impl Fn() -> String) -> Result<T> {
    serde_json::from_str(text).map_err(|error| fail(format!("{} does not read as the type asked for: {error}", what())).with_code(codes::OUTPUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_says_which_value_it_was() {
        let failure = value::<u16>(r#""blue""#, || "the output of step `start`".into()).unwrap_err();
        assert_eq!(failure.code(), codes::OUTPUT);
        assert!(failure.message().starts_with("the output of step `start` does not read as the type asked for: invalid type: string"), "{failure}");
    }
}
