//! `types`: failures, on their way out to a guest and on their way in from one.

use lockstep_model::{Failure, Problem};

use crate::bindings::lockstep::contract::types;
use crate::context::Context;
use crate::declared::code;
use crate::ended::Refusal;
use crate::shown::shown;

use super::text::cut;

/// The longest message of a failure; longer text is cut.
pub(crate) const LONGEST_MESSAGE: usize = 16 << 10;

impl types::Host for Context {
    fn convert_failure(&mut self, refusal: Refusal) -> wasmtime::Result<types::Failure> {
        match refusal {
            Refusal::Failure(failure) => Ok(failure.into()),
            Refusal::Trap(error) => Err(error),
        }
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(text) => Self::Denied(text),
            Failure::TimedOut(text) => Self::TimedOut(text),
            Failure::InDoubt(text) => Self::InDoubt(text),
            Failure::Failed(Problem { code, message, retryable }) => Self::Failed(types::Problem { code, message, retryable }),
        }
    }
}

/// Codes that only the host gives, and never to a guest: one that fails with such a code has made it up.
const HOSTS_OWN: [&str; 5] = ["guest.", "host.", "limit.", "plan.", "wasi."];

/// But for this one: an interpreter, Python's, notices before the host that its calls are nested too deeply. The limit is fixed, so that nobody widens a grant for it.
const SEEN_BY_BOTH: &str = "limit.recursion";

/// What a guest says when it fails: cut to the contract's lengths, and with a code that is one. `scrub` takes values of secrets out.
pub(crate) fn guest_failure(failure: types::Failure, scrub: impl Fn(&str) -> String) -> Failure {
    let text = |text: String| scrub(&cut(text, LONGEST_MESSAGE));
    match failure {
        types::Failure::Denied(message) => Failure::Denied(text(message)),
        types::Failure::TimedOut(message) => Failure::TimedOut(text(message)),
        types::Failure::InDoubt(message) => Failure::InDoubt(text(message)),
        types::Failure::Failed(types::Problem { code: given, message, retryable }) => {
            let (code, message) = match code(given.clone()) {
                Ok(code) if code != SEEN_BY_BOTH && HOSTS_OWN.iter().any(|own| code.starts_with(own)) => {
                    ("guest.code".to_owned(), format!("the procedure failed with the code `{code}`, which only the host gives: {message}"))
                }
                Ok(code) => (code, message),
                Err(_) => ("guest.code".to_owned(), format!("the procedure failed with the code `{}`, which is none: {message}", shown(&given))),
            };
            Failure::Failed(Problem { code, message: text(message), retryable })
        }
    }
}
