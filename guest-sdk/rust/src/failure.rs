//! Why a step did not give its result: one type for every capability, so that `?` works on all of them.

use std::fmt;

use crate::bindings::lockstep::contract::types;

/// What a step, an undo or a call gives.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// The codes that the SDK itself gives. Capabilities have their own, listed in the contract.
pub mod codes {
    /// The world is not as the procedure expects it: `ensure!` and every `expect_…`. Retried when the step declares a retry.
    pub const ASSERTION: &str = "step.assertion";
    /// The procedure gave up: `bail!`, [`fail`](crate::fail), or an error of another crate. Not retried.
    pub const FAILED: &str = "step.failed";
    /// A parameter is missing or does not read as the type asked for.
    pub const PARAMETER: &str = "step.parameter";
    /// An output or a remembered value is missing or has another shape.
    pub const OUTPUT: &str = "step.output";
    /// A panic, with the place where it began. Not retried.
    pub const EXCEPTION: &str = "step.exception";
    /// The host asked for a step or an undo that the procedure does not declare for these parameters.
    pub const UNKNOWN: &str = "step.unknown";
}

/// Why something did not give its result.
///
/// Like an error of `anyhow` it does not implement [`std::error::Error`], so that every error that does turns into it with `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The grant does not allow it.
    Denied(String),
    /// The deadline of the call, the step or the run passed.
    TimedOut(String),
    /// It may or may not have happened; an operator decided to let the procedure know.
    InDoubt(String),
    /// The far side, the host or the procedure failed.
    Failed(Problem),
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable: `http.tls`, `shell.program-missing`, or one of [`codes`].
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

/// A failure that the procedure gives itself: code `step.failed`, not to be retried.
///
/// ```
/// use lockstep::prelude::*;
/// let failure = fail("nobody is on call").with_code("shop.on-call").retryable();
/// assert_eq!(failure.code(), "shop.on-call");
/// ```
pub fn fail(message: impl Into<String>) -> Failure {
    Failure::Failed(Problem { code: codes::FAILED.into(), message: message.into(), retryable: false })
}

impl Failure {
    /// The world is not as expected.
    pub fn assertion(message: impl Into<String>) -> Self {
        fail(message).with_code(codes::ASSERTION).retryable()
    }

    /// Gives it another code. Only a [`Failure::Failed`] has one to change.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        if let Self::Failed(problem) = &mut self {
            problem.code = code.into();
        }
        self
    }

    /// Says that trying again may help.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        if let Self::Failed(problem) = &mut self {
            problem.retryable = true;
        }
        self
    }

    /// The code of the problem; `denied`, `timed-out` or `in-doubt` for the others.
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(_) => "denied",
            Self::TimedOut(_) => "timed-out",
            Self::InDoubt(_) => "in-doubt",
            Self::Failed(problem) => &problem.code,
        }
    }

    /// What went wrong, for a person.
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(message) | Self::TimedOut(message) | Self::InDoubt(message) => message,
            Self::Failed(problem) => &problem.message,
        }
    }

    /// Whether trying again may help: what a step's retry looks at when it names no codes, and what ends [`within`](crate::within) early.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Denied(_) | Self::InDoubt(_) => false,
            Self::TimedOut(_) => true,
            Self::Failed(problem) => problem.retryable,
        }
    }

    /// Puts what was being done before what went wrong.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        let message = match &mut self {
            Self::Denied(message) | Self::TimedOut(message) | Self::InDoubt(message) => message,
            Self::Failed(problem) => &mut problem.message,
        };
        *message = format!("{doing}: {message}");
        self
    }

    /// From the host's words. Not `From`: the generated type is an [`std::error::Error`], and would lose its kind in the conversion of those.
    pub(crate) fn from_host(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Denied(message) => Self::Denied(message),
            types::Failure::TimedOut(message) => Self::TimedOut(message),
            types::Failure::InDoubt(message) => Self::InDoubt(message),
            types::Failure::Failed(types::Problem { code, message, retryable }) => Self::Failed(Problem { code, message, retryable }),
        }
    }

    /// Into the host's words.
    pub(crate) fn into_host(self) -> types::Failure {
        match self {
            Self::Denied(message) => types::Failure::Denied(message),
            Self::TimedOut(message) => types::Failure::TimedOut(message),
            Self::InDoubt(message) => types::Failure::InDoubt(message),
            Self::Failed(Problem { code, message, retryable }) => types::Failure::Failed(types::Problem { code, message, retryable }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(message) => write!(f, "denied: {message}"),
            Self::TimedOut(message) => write!(f, "timed out: {message}"),
            Self::InDoubt(message) => write!(f, "in doubt: {message}"),
            Self::Failed(problem) => f.write_str(&problem.message),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            message = format!("{message}: {next}");
            cause = next.source();
        }
        fail(message)
    }
}

/// Says what was being done when something failed.
///
/// ```
/// use lockstep::prelude::*;
/// let port: Result<u16> = "many".parse::<u16>().context("reading the port");
/// assert_eq!(port.unwrap_err().message(), "reading the port: invalid digit found in string");
/// ```
pub trait Context<T> {
    /// Puts `doing` before the failure's message; of an absent value it is the whole message.
    fn context(self, doing: impl fmt::Display) -> Result<T>;

    /// As [`Context::context`], made only when it is needed.
    fn with_context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Into<Failure>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(doing))
    }

    fn with_context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| error.into().context(doing()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| fail(doing.to_string()))
    }

    fn with_context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.ok_or_else(|| fail(doing().to_string()))
    }
}

/// Fails the step: `bail!("slot {slot} is taken")`. Code `step.failed`.
#[macro_export]
macro_rules! bail {
    ($($message:tt)+) => {
        return ::core::result::Result::Err($crate::fail(::std::format!($($message)+)))
    };
}

/// Fails the step unless something holds: `ensure!(free > 3, "only {free} slots are free")`. Code `step.assertion`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => {
        $crate::ensure!($condition, "expected {}", ::core::stringify!($condition))
    };
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return ::core::result::Result::Err($crate::Failure::assertion(::std::format!($($message)+)));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> Result<u16> {
        let port: u16 = text.parse()?;
        ensure!(port > 1024, "port {port} needs root");
        Ok(port)
    }

    #[test]
    fn an_error_of_another_crate_becomes_a_failure_that_is_not_retried() {
        let failure = port("many").unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), (codes::FAILED, false));
        assert_eq!(failure.message(), "invalid digit found in string");
    }

    #[test]
    fn ensure_gives_a_retryable_assertion() {
        let failure = port("80").unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), (codes::ASSERTION, true));
        assert_eq!(failure.message(), "port 80 needs root");
    }

    #[test]
    fn context_keeps_the_kind_and_the_code() {
        let denied = Err::<(), _>(Failure::Denied("no rule".into())).context("asking").unwrap_err();
        assert_eq!(denied, Failure::Denied("asking: no rule".into()));
        let failed = Err::<(), _>(fail("gone").with_code("shop.gone")).with_context(|| "asking").unwrap_err();
        assert_eq!((failed.code(), failed.message()), ("shop.gone", "asking: gone"));
    }

    #[test]
    fn a_failure_survives_the_way_to_the_host_and_back() {
        for failure in [Failure::Denied("a".into()), Failure::TimedOut("b".into()), Failure::InDoubt("c".into()), Failure::assertion("d")] {
            assert_eq!(Failure::from_host(failure.clone().into_host()), failure);
        }
    }
}
