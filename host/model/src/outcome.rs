//! How a run stands when the command that drove it ends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The published word for how a run ended or why it stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Every step is done.
    Succeeded,
    /// It failed and left nothing behind.
    Failed,
    /// It failed and everything it had done was undone.
    Undone,
    /// An operator stopped it, or decides about a failure: it goes on or back when told to.
    Paused,
    /// It needs an operator to find out or mend something first: a call is in doubt, or an undo failed.
    Stuck,
    /// It waits for a time or a person and holds nothing.
    Waiting,
    /// The grant refused a call, and nothing is left behind.
    Denied,
    /// The procedure asked for something else than its journal says.
    Diverged,
}

impl RunOutcome {
    /// Whether the run has ended for good: nothing can be resumed.
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Undone | Self::Denied => true,
            Self::Paused | Self::Stuck | Self::Waiting | Self::Diverged => false,
        }
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Undone => "undone",
            Self::Paused => "paused",
            Self::Stuck => "stuck",
            Self::Waiting => "waiting",
            Self::Denied => "denied",
            Self::Diverged => "diverged",
        })
    }
}
