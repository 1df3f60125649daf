//! What an operator asks of a run that another process drives: posted in the store, carried out and recorded by the process that holds the lease.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_model::{RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};

/// So long a store keeps an answer, and an act on a run that has ended. Whoever posted it has stopped waiting long before.
pub const KEPT: Duration = Duration::from_secs(60 * 60);

/// An operator's act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "act")]
pub enum Act {
    /// Stop before the next call.
    Pause {
        /// For a person.
        reason: String,
    },
    /// Stop now, in the middle of a call as well.
    Cancel {
        /// For a person.
        reason: String,
    },
    /// Try the failed step again, with other parameters if any are given.
    Retry {
        /// Values to change.
        parameters: BTreeMap<String, String>,
        /// For a person.
        reason: String,
    },
    /// Leave a step out.
    Skip {
        /// Which.
        step: StepId,
        /// For a person.
        reason: String,
    },
    /// A step, or the undo of one, was done by hand.
    MarkDone {
        /// Which.
        step: StepId,
        /// How that can be seen.
        evidence: String,
        /// Its output for later steps, JSON text.
        output: Option<String>,
    },
    /// Go back.
    Undo {
        /// This step and those before it stay done.
        to: Option<StepId>,
        /// For a person.
        reason: String,
    },
}

/// An act on its way to the process that drives the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedAct {
    /// The store's number for it.
    pub id: u64,
    /// On which run.
    pub run: RunId,
    /// Who acts.
    pub actor: String,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// What.
    pub act: Act,
}

/// What became of a posted act: done, or refused with the reason.
pub type ActAnswer = Result<(), String>;

impl Act {
    /// Its verb on the command line.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "pause",
            Self::Cancel { .. } => "cancel",
            Self::Retry { .. } => "retry",
            Self::Skip { .. } => "skip",
            Self::MarkDone { .. } => "mark-done",
            Self::Undo { .. } => "undo",
        }
    }
}
