//! Why a call, a step or an undo did not give its result: what the guest gets to see.

use serde::{Deserialize, Serialize};

/// Mirrors `failure` of the contract's `types.wit`, case by case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "case", content = "detail", rename_all = "kebab-case")]
pub enum Failure {
    /// The grant does not allow it. Says which rule, and what to add.
    #[error("denied: {0}")]
    Denied(String),
    /// The deadline of the call, the step or the run passed.
    #[error("timed out: {0}")]
    TimedOut(String),
    /// It may or may not have happened: the deadline cut off what must not be done twice, or an operator let the procedure know. Never retried.
    #[error("in doubt: {0}")]
    InDoubt(String),
    /// The far side, the host or the procedure failed.
    #[error("{0}")]
    Failed(Problem),
}

/// A failure with a stable, documented code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} [{code}]")]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Stable and documented: `http.tls`, `shell.program-missing`, `step.assertion`.
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

impl Failure {
    /// A failure that trying again will not mend.
    pub fn problem(code: &str, message: impl Into<String>) -> Self {
        Self::Failed(Problem { code: code.to_owned(), message: message.into(), retryable: false })
    }

    /// The breach of a limit that no grant raises: `what` names it and says how much there was.
    pub fn fixed_limit(code: &str, what: impl std::fmt::Display) -> Self {
        Self::problem(code, format!("{what}; this limit is fixed"))
    }

    /// A failure that trying again may mend.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self::Failed(Problem { code: code.to_owned(), message: message.into(), retryable: true })
    }

    /// The stable code: the problem's own, or the name of the case.
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(_) => "denied",
            Self::TimedOut(_) => "timed-out",
            Self::InDoubt(_) => "in-doubt",
            Self::Failed(problem) => &problem.code,
        }
    }

    /// The message without the case.
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(text) | Self::TimedOut(text) | Self::InDoubt(text) => text,
            Self::Failed(problem) => &problem.message,
        }
    }

    /// Whether a retry policy may try again.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Denied(_) | Self::InDoubt(_) => false,
            Self::TimedOut(_) => true,
            Self::Failed(problem) => problem.retryable,
        }
    }
}
