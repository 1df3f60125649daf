//! One step as the author declares it: the function, its undo beside it, and what the host should do around them.

use std::time::Duration;

use serde::Serialize;

use crate::bindings::lockstep::contract::plan;
use crate::units::{whole_millis, whole_secs};
use crate::{Ctx, Failure, Result, codes, fail};

/// The longest wait between two tries when the step does not say one: the host's own.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A declared step. Without further words: it needs the step before it, is tried once, and has nothing to undo.
pub struct Step {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) phase: Option<String>,
    pub(crate) needs: Option<Vec<String>>,
    pub(crate) reversal: Reversal,
    about: Option<String>,
    timeout: Option<Duration>,
    retry: Option<Retry>,
    retry_on: Vec<String>,
    on_failure: OnFailure,
    expected: Option<Duration>,
    run: Act<Option<String>>,
}

/// Whether and how a step is undone.
pub(crate) enum Reversal {
    Nothing,
    Undo(Act<()>),
    Irreversible,
}

/// What the author wrote, ready to be called.
type Act<T> = Box<dyn Fn(&Ctx) -> Result<T>>;

struct Retry {
    attempts: u32,
    backoff: Duration,
    longest: Duration,
}

enum OnFailure {
    Decide,
    Pause,
    Undo,
    Continue,
}

impl Step {
    pub(crate) fn new<T: Serialize>(id: String, title: String, phase: Option<String>, run: impl Fn(&Ctx) -> Result<T> + 'static) -> Self {
        Self {
            id,
            title,
            phase,
            needs: None,
            reversal: Reversal::Nothing,
            about: None,
            timeout: None,
            retry: None,
            retry_on: Vec::new(),
            on_failure: OnFailure::Decide,
            expected: None,
            run: Box::new(move |ctx| output(&run(ctx)?)),
        }
    }

    /// What it does and why, at length.
    pub fn about(&mut self, text: impl Into<String>) -> &mut Self {
        self.about = Some(text.into());
        self
    }

    /// The steps that must have succeeded before it, instead of the one declared before it. An empty list: none.
    pub fn needs<S: Into<String>>(&mut self, steps: impl IntoIterator<Item = S>) -> &mut Self {
        self.needs = Some(steps.into_iter().map(Into::into).collect());
        self
    }

    /// The function that undoes it. It may find the step half done, and must look before it removes.
    pub fn undo(&mut self, undo: impl Fn(&Ctx) -> Result<()> + 'static) -> &mut Self {
        self.reversal = Reversal::Undo(Box::new(undo));
        self
    }

    /// It cannot be undone: the point of no return.
    pub fn irreversible(&mut self) -> &mut Self {
        self.reversal = Reversal::Irreversible;
        self
    }

    /// How long one attempt may take.
    pub fn timeout(&mut self, longest: Duration) -> &mut Self {
        self.timeout = Some(longest);
        self
    }

    /// Tries in all, and the wait before the second, doubled before each further one up to a minute. A server that is busy (429, 503) and says with
    /// `retry-after` how long it wants to be left alone is left alone so long, up to the same longest wait.
    pub fn retry(&mut self, attempts: u32, backoff: Duration) -> &mut Self {
        self.retry_up_to(attempts, backoff, LONGEST_WAIT.max(backoff))
    }

    /// As [`Step::retry`], with the longest wait between two tries.
    pub fn retry_up_to(&mut self, attempts: u32, backoff: Duration, longest: Duration) -> &mut Self {
        self.retry = Some(Retry { attempts, backoff, longest });
        self
    }

    /// The only failure codes to try again after, `http.connect` for example. Without it: every failure that says it is retryable.
    pub fn retry_on<S: Into<String>>(&mut self, codes: impl IntoIterator<Item = S>) -> &mut Self {
        self.retry_on = codes.into_iter().map(Into::into).collect();
        self
    }

    /// When no attempt is left: stop and wait for an operator.
    pub fn on_failure_pause(&mut self) -> &mut Self {
        self.on_failure = OnFailure::Pause;
        self
    }

    /// When no attempt is left: undo everything done so far.
    pub fn on_failure_undo(&mut self) -> &mut Self {
        self.on_failure = OnFailure::Undo;
        self
    }

    /// When no attempt is left: go on with the steps that do not need it.
    pub fn on_failure_continue(&mut self) -> &mut Self {
        self.on_failure = OnFailure::Continue;
        self
    }

    /// How long it usually takes, shown beside the measured time.
    pub fn expected(&mut self, usually: Duration) -> &mut Self {
        self.expected = Some(usually);
        self
    }

    /// Declares it to the host.
    pub(crate) fn declare(&self) {
        let step = plan::Step::new(&self.id, &self.title);
        if let Some(text) = &self.about {
            step.about(text);
        }
        if let Some(heading) = &self.phase {
            step.phase(heading);
        }
        if let Some(steps) = &self.needs {
            step.needs(steps);
        }
        if let Some(longest) = self.timeout {
            step.timeout(whole_secs(longest));
        }
        if let Some(retry) = &self.retry {
            step.retry(retry.attempts, whole_millis(retry.backoff), whole_millis(retry.longest));
        }
        if !self.retry_on.is_empty() {
            step.retry_on(&self.retry_on);
        }
        match self.on_failure {
            OnFailure::Decide => {}
            OnFailure::Pause => step.on_failure_pause(),
            OnFailure::Undo => step.on_failure_undo(),
            OnFailure::Continue => step.on_failure_continue(),
        }
        match self.reversal {
            Reversal::Nothing => {}
            Reversal::Undo(_) => step.undoable(),
            Reversal::Irreversible => step.irreversible(),
        }
        if let Some(usually) = self.expected {
            step.expected(whole_secs(usually));
        }
    }

    /// Runs it and gives its output as JSON text.
    pub(crate) fn run(&self) -> Result<Option<String>> {
        (self.run)(&Ctx::of(&self.id))
    }

    /// Undoes it.
    pub(crate) fn run_undo(&self) -> Result<()> {
        match &self.reversal {
            Reversal::Undo(undo) => undo(&Ctx::of(&self.id)),
            Reversal::Nothing | Reversal::Irreversible => Err(fail(format!("step `{}` declares no undo", self.id)).with_code(codes::UNKNOWN)),
        }
    }
}

/// What a step returned, as JSON text; `()` is no output.
fn output<T: Serialize>(value: &T) -> Result<Option<String>> {
    let text = serde_json::to_string(value).map_err(|error| Failure::from(error).context("writing the step's output").with_code(codes::OUTPUT))?;
    Ok((text != "null").then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_a_step_is_json_and_unit_is_none() {
        let greet = Step::new("greet".into(), "Greet".into(), None, |_| Ok(serde_json::json!({ "said": "hello" })));
        assert_eq!(greet.run().unwrap().as_deref(), Some(r#"{"said":"hello"}"#));
        let quiet = Step::new("quiet".into(), "Say nothing".into(), None, |_| Ok(()));
        assert_eq!(quiet.run().unwrap(), None);
    }

    #[test]
    fn an_undo_that_was_not_declared_is_a_failure() {
        let failure = Step::new("greet".into(), "Greet".into(), None, |_| Ok(())).run_undo().unwrap_err();
        assert_eq!((failure.code(), failure.message()), (codes::UNKNOWN, "step `greet` declares no undo"));
    }
}
