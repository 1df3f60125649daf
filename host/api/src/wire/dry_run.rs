//! A dry run as JSON.

use lockstep_model::{Failure, StepId};
use serde::Serialize;

/// How the dry run of a plan went.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DryRunShown {
    /// Every step, in the order of the plan.
    pub steps: Vec<StepTriedShown>,
    /// Whether it was ended before its end.
    pub interrupted: bool,
}

/// How far a step was gone through.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepTriedShown {
    /// Its id.
    pub step: StepId,
    /// How it ended.
    pub end: StepTriedEnd,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What it would have changed, and the call that it ended at.
    pub calls: Vec<TriedShown>,
}

/// How a step of a dry run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepTriedEnd {
    /// The procedure came to its end.
    Through,
    /// It came to a call that nobody can try: the last of its calls.
    Stopped,
    /// It failed, as a run's would now.
    Failed,
    /// It failed after something had only been tried, and may have for that.
    FailedAfterTrial,
    /// A step that it needs was not gone through.
    NotReached,
}

/// A call that would have changed something, or waited for it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TriedShown {
    /// As `show` names it.
    pub call: String,
    /// What it asks for.
    pub what: String,
    /// `taken`, `refused` or `untried`.
    pub came: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
