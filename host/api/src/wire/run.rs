//! Runs as JSON.

use std::collections::BTreeMap;

use lockstep_model::{Digest, Failure, RunId, Timestamp};
use serde::Serialize;

use super::ErrorShown;

/// What `run`, `resume` and `undo` end with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunEnd {
    /// Which run.
    pub run: RunId,
    /// `succeeded`, `failed`, `undone`, `paused`, `stuck`, `waiting`, `denied` or `diverged`.
    pub outcome: String,
    /// The procedure's name.
    pub procedure: String,
    /// The procedure's own version.
    pub version: String,
    /// The environment's name.
    pub environment: String,
    /// Milliseconds in which it was at work: neither the time that it waited nor that until somebody went on with it.
    pub duration: u64,
    /// In the order declared.
    pub steps: Vec<StepEnd>,
    /// The failure that decided the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it is not `succeeded`, with what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorShown>,
}

/// What an operator's act came to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActShown {
    /// On which run.
    pub run: RunId,
    /// `pause`, `cancel`, `retry`, `skip`, `mark-done` or `undo`.
    pub act: String,
    /// `done`, or `asked`: the process that drives the run does it when its call has ended.
    pub heard: String,
}

/// A run that was woken.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Woken {
    /// Which run.
    pub run: RunId,
    /// How it stands now.
    pub outcome: String,
}

/// Which run has an environment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseShown {
    /// Its name.
    pub environment: String,
    /// Which run.
    pub run: Option<RunId>,
    /// The fencing token.
    pub token: u64,
    /// Whether a process drives the run.
    pub driven: bool,
    /// Who took it last.
    pub holder: String,
    /// What for.
    pub reason: String,
    /// Since when the run has it.
    pub since: Timestamp,
    /// When its process was last seen.
    pub seen: Timestamp,
}

/// How a step stands.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepEnd {
    /// Its id.
    pub step: String,
    /// `pending`, `running`, `retrying`, `succeeded`, `failed`, `skipped`, `undoing`, `undone` or `undo-failed`.
    pub status: String,
    /// Attempts started.
    pub attempts: u32,
    /// Milliseconds in which it was at work: its attempts with the waits between them, and its undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// Its output, JSON text as the procedure gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Why its latest attempt or undo failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A line of `runs`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunLine {
    /// Which run.
    pub run: RunId,
    /// The procedure's name.
    pub procedure: String,
    /// The environment's name.
    pub environment: String,
    /// As in `RunEnd`; `running` while a process drives it; `unfinished` when that has died.
    pub outcome: String,
    /// When it was created.
    pub created: Timestamp,
    /// When its last record was written.
    pub changed: Timestamp,
    /// The process that drives it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driven_by: Option<String>,
    /// Who started it.
    pub initiator: String,
    /// Why it needs somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What `show` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunShown {
    /// As in `runs`.
    #[serde(flatten)]
    pub line: RunLine,
    /// Of the component's bytes.
    pub component: Digest,
    /// Of the grant file that applies.
    pub grant: Digest,
    /// Where that file was, absolute.
    pub grant_file: String,
    /// Of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// Every parameter with its value.
    pub parameters: BTreeMap<String, String>,
    /// How many records it has.
    pub records: u64,
    /// When retention gave up the bytes beside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_released: Option<Timestamp>,
    /// As in `RunEnd`.
    pub duration: u64,
    /// In the order declared.
    pub steps: Vec<StepEnd>,
    /// Every call, in the order made.
    pub calls: Vec<CallShown>,
    /// The call whose outcome is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<CallShown>,
    /// What an operator can do next, commands.
    pub next: Vec<String>,
}

/// A call of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallShown {
    /// `smoke/1/3`: step, attempt, number; an undo's call begins with `undo:`.
    pub call: String,
    /// `http.send`.
    pub function: String,
    /// One line for a person.
    pub summary: String,
    /// `read`, `idempotent` or `at-most-once`.
    pub class: String,
    /// The rule that decided.
    pub rule: String,
    /// `returned`, `failed`, `denied`, `in-doubt`, or `open`: under way, waited for, or to be repeated when the run goes on.
    pub outcome: String,
    /// Why it failed or was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When its intent was written, or the read was done.
    pub time: Timestamp,
    /// Milliseconds from intent to outcome, of an effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// What its probe said last, when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeShown>,
}

/// What a call's probe said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeShown {
    /// What was asked, one line.
    pub probe: String,
    /// `happened`, `did-not` or `unknown`.
    pub answer: String,
    /// What that was read off.
    pub detail: String,
}
