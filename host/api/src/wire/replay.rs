//! Replays as JSON.

use lockstep_model::{Digest, RunId};
use serde::Serialize;

use super::ErrorShown;

/// What `replay` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReplayShown {
    /// Which run.
    pub run: RunId,
    /// The component that it was checked against.
    pub component: Digest,
    /// Whether everything was checked and nothing is otherwise than recorded.
    pub agrees: bool,
    /// What is different about the plan, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// Every attempt of a step or an undo, in the order started.
    pub attempts: Vec<AttemptShown>,
    /// Why it does not agree, with what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorShown>,
}

/// An attempt that was replayed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttemptShown {
    /// Which step.
    pub step: String,
    /// `step` or `undo`.
    pub phase: String,
    /// From 1.
    pub attempt: u32,
    /// Calls that were asked for as recorded.
    pub agreed: u32,
    /// Calls recorded.
    pub recorded: u32,
    /// `agreed`, `unfinished`, `ended-by-host`, `ends-otherwise`, `diverged` or `not-checked`.
    pub verdict: String,
    /// Both sides, of `diverged` and `ends-otherwise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divergence: Option<DivergenceShown>,
    /// Why, of `not-checked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Both sides of a divergence.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DivergenceShown {
    /// `smoke/1/3`.
    pub call: String,
    /// What the journal says.
    pub recorded: String,
    /// What the procedure asked.
    pub asked: String,
    /// Where in the procedure it asked, from the innermost out: lines of its sources, else its functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// What `migrate` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Migrated {
    /// Whether the run goes with the new component now.
    pub migrated: bool,
    /// What the replay found.
    #[serde(flatten)]
    pub replay: ReplayShown,
}
