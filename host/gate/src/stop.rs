//! Why a guest is stopped in the middle: the host traps it, and the engine asks the gate what happened.

use lockstep_journal::JournalError;
use lockstep_journal::event::DivergenceFound;
use lockstep_journal::state::RecordedCall;
use lockstep_model::{Failure, Timestamp};

/// What ends an attempt from the host's side.
#[derive(Debug, Clone)]
pub enum Stop {
    /// The journal could not be written: no effect happens any more.
    Journal(JournalError),
    /// Component and journal part.
    Diverged(Box<DivergenceFound>),
    /// An effect that must not be done twice has no outcome.
    InDoubt(Box<RecordedCall>),
    /// The operator asked to stop.
    Interrupted,
    /// The operator asked to stop in the middle of a call. An effect that was under way has no outcome.
    Cancelled,
    /// The guest waits for longer than it may hold its memory: its call is answered when the instant has come.
    Waiting(Timestamp),
    /// A limit of the grant is reached: the step fails with this.
    Limit(Failure),
    /// A dry run has come to what nobody can try: the step ends with this.
    Untried(String),
    /// The host is wrong. Nothing was performed.
    Internal(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "the journal cannot be written: {error}"),
            Self::Diverged(found) => write!(f, "diverges: {found}"),
            Self::InDoubt(call) => write!(f, "call {} is in doubt", call.id),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Waiting(until) => write!(f, "waiting until {until}"),
            Self::Limit(failure) => write!(f, "{failure}"),
            Self::Untried(text) => f.write_str(text),
            Self::Internal(text) => write!(f, "internal: {text}"),
        }
    }
}

impl std::error::Error for Stop {}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}
