//! What a procedure declares: its description and its steps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::StepId;

/// What `describe` declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Description {
    /// Kebab-case name, at most 64 characters.
    pub name: String,
    /// The procedure's own version, semver.
    pub version: String,
    /// One line for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it needs to be told, in the order declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

/// One thing a procedure needs to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Parameter {
    /// Kebab-case id, as in `-p id=value`.
    pub id: String,
    /// One line for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The value when none is given. Without one the parameter is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// The only values allowed, when not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// What `plan` declares for one set of parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The steps, in the order declared.
    pub steps: Vec<Step>,
}

/// One step as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Unique in the plan.
    pub id: StepId,
    /// One line for a person.
    pub title: String,
    /// The heading it stands under, `pre-flight` for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What it says about itself, at length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The steps that must have succeeded. Not declared: the step before it.
    pub needs: Vec<StepId>,
    /// How long one attempt may take, in seconds; the grant's limit applies as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// When to try again.
    #[serde(default)]
    pub retry: Retry,
    /// What a failure does once no attempt is left.
    pub on_failure: OnFailure,
    /// Whether and how it is undone.
    pub undo: Undo,
    /// How long it is expected to take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<u32>,
}

/// When a failed step is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Retry {
    /// Tries in all, the first included. At least 1.
    pub attempts: u32,
    /// Wait before the second attempt, in milliseconds; doubled before each further one.
    pub backoff_milliseconds: u32,
    /// The longest wait, in milliseconds.
    pub longest_milliseconds: u32,
    /// The failure codes to try again after; empty means every failure that says it may be retried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, backoff_milliseconds: 1_000, longest_milliseconds: 60_000, codes: Vec::new() }
    }
}

impl Retry {
    /// The wait after attempt number `failed` (1 for the first), before jitter.
    pub fn backoff(&self, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1).min(31);
        let wait = u64::from(self.backoff_milliseconds) << doublings;
        Duration::from_millis(wait.min(u64::from(self.longest_milliseconds)))
    }
}

/// What a failed step does to its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Pause when a person is attached, else undo.
    Decide,
    /// Stop and wait for an operator.
    Pause,
    /// Undo everything done so far, last in first out.
    Undo,
    /// Go on with the steps that do not need it.
    Continue,
}

/// Whether and how a step is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// `undo-step` undoes it.
    UndoStep,
    /// It has no effect that would need undoing.
    NothingToUndo,
    /// It cannot be undone: the point of no return.
    Irreversible,
}
