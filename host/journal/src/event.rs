//! What can happen in a run. The doc comment of a variant is the specification of its transition; `state` carries it out.

mod backups;
mod secrets;

use std::collections::BTreeMap;

use lockstep_model::plan::{Description, Plan};
use lockstep_model::{Digest, EffectClass, Failure, RunOutcome, StepId, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use crate::json::Json;

pub use backups::{BackupMade, BackupVerified};
pub use secrets::{SecretCaptured, SecretUsed};

/// One thing that happened, in the past tense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Event {
    /// The first record of every run, and only the first. Pins what the run is made of; the run is then `Planning`.
    RunCreated(Box<RunCreated>),
    /// `Planning` becomes `Running`. The steps are pending from here on.
    PlanDeclared(PlanDeclared),
    /// A pending or failed step becomes running with the next attempt's number. Only while `Running`, and only when what it needs has succeeded.
    StepStarted(Attempt),
    /// An effect is about to happen: a running step or undo has one open call. Never a second open call in the same step, but the same one once more
    /// when an operator has said that it did not happen: that permission is used up by it.
    CallStarted(Box<CallStarted>),
    /// What the driver of the open call found out on its way, durable before it went on: the far side's own name for what is about to be decided there.
    /// The call stays open; when its outcome is lost, this is what the driver asks by. A later note takes its place.
    CallNoted(Box<CallNoted>),
    /// The open call has its outcome.
    CallFinished(CallFinished),
    /// A read, done: request and outcome in one record, as the next call of a running step or undo.
    CallAnswered(Box<CallAnswered>),
    /// The grant refused the next call of a running step or undo.
    CallDenied(Box<CallDenied>),
    /// An operator answered what became of a call in doubt. The open call has its outcome from here on.
    CallResolved(CallResolved),
    /// The host asked the probe of the open call whether it happened. `happened`: the open call has its outcome from here on. `did-not`: it is to be done
    /// once more with its key, or ended with a failure that says so. `unknown`: it stays open, in doubt.
    CallProbed(Box<CallProbed>),
    /// The step keeps a value for later attempts and its undo.
    ValueRemembered(ValueRemembered),
    /// The run has an artifact of that id. Never a second one with another digest.
    ArtifactSealed(ArtifactSealed),
    /// An artifact of the run is a backup of a database. Nothing but the host says so, so that no other bytes are ever restored.
    BackupMade(Box<BackupMade>),
    /// A backup of the run was restored into a scratch database and has in it what was to be kept.
    BackupVerified(BackupVerified),
    /// A response's part was taken into a secret; its value is sealed in a blob and gone when the run ends.
    SecretCaptured(SecretCaptured),
    /// From here on calls of the run take this value of a secret with them: recorded before the first that does, by each process that drives the run. It
    /// changes nothing.
    SecretUsed(SecretUsed),
    /// A running step without an open call has succeeded.
    StepSucceeded(StepSucceeded),
    /// A running step has failed. With `retry_at` it will be tried again from then on.
    StepFailed(StepFailed),
    /// A failed or pending step will not be run; what does not need it goes on. Also while `Paused` or `Stuck`, when an operator says so.
    StepSkipped(StepSkipped),
    /// An operator did it by hand: a failed or pending step has succeeded, or a failed undo has. Also while `Paused` or `Stuck`.
    StepMarkedDone(StepMarkedDone),
    /// An operator gives parameters other values and the plan is made again: only while `Paused`, and no attempt is under way. A step that was started
    /// is in the new plan as it was in the old one.
    ParametersChanged(Box<ParametersChanged>),
    /// Nothing is to be done before an instant: `Running` or `Undoing` becomes `Waiting`. No process need hold anything meanwhile.
    RunWaiting(RunWaiting),
    /// The instant has come, or an operator did not want to wait: `Waiting` becomes what it was before.
    RunWoken(RunWoken),
    /// `Running`, `Undoing` or `Waiting` becomes `Paused`: an operator decides.
    RunPaused(Reason),
    /// A process goes on with the run, after a pause or a crash: `Paused`, `Stuck`, `Diverged` and `Waiting` become what they were before, and on
    /// the way forward, when no attempt is under way, a step that has failed and does not let the run continue is due at once. After `Stuck` every undo has
    /// all its tries again. After a crash a step waits on for its next attempt, and an undo has the tries that are left.
    RunResumed(RunResumed),
    /// An operator took the environment away by force. A run that was not standing still is `Paused`.
    LeaseReleased(LeaseReleased),
    /// The run goes on with another component, which a replay has shown to agree with every record so far. It stands as it stood; only one that has
    /// ended cannot be moved.
    RunMigrated(RunMigrated),
    /// The run goes backwards from here on: `Running`, `Paused`, `Stuck` or a finished `succeeded` becomes `Undoing`; already `Undoing`, it gets another end.
    UndoBegan(UndoBegan),
    /// A step's undo has started: its status becomes undoing. Only while `Undoing`.
    UndoStarted(Attempt),
    /// The step is as if it had not been.
    UndoSucceeded(Attempt),
    /// The step's undo has failed; the run becomes stuck unless it is tried again.
    UndoFailed(UndoFailed),
    /// The run cannot go on without an operator, and says why.
    RunStuck(Reason),
    /// The procedure asked for something else than the journal says. Nothing was performed. The run becomes `Diverged`.
    DivergenceFound(DivergenceFound),
    /// The end: no further record but `UndoBegan` after `succeeded`, and `BytesReleased`.
    RunFinished(RunFinished),
    /// Retention has given up the bytes that the records before this one name: those that no other run names may be gone from here on. Only once the
    /// run has ended; it stays as it is.
    BytesReleased(BytesReleased),
}

/// Everything that lists the variants once.
macro_rules! variants {
    ($($kind:ident($body:ty))*) => {
        impl Event {
            /// The name of its variant, as in the record.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($kind),)* }
            }

            /// The name of every variant.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($kind),)*];

            /// Writes it without its kind.
            pub(crate) fn serialize_body<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$kind(body) => body.serialize(serializer),)* }
            }

            /// Reads an event from the two parts of its record. Knowing the kind first, serde need not keep the body until it does.
            pub(crate) fn from_parts(kind: &str, body: &str) -> Result<Self, serde_json::Error> {
                match kind {
                    $(stringify!($kind) => serde_json::from_str::<$body>(body).map(Self::$kind),)*
                    other => Err(serde::de::Error::custom(format_args!("`{}` is no kind of event", other.escape_default()))),
                }
            }
        }
    };
}

variants! {
    RunCreated(Box<RunCreated>)
    PlanDeclared(PlanDeclared)
    StepStarted(Attempt)
    CallStarted(Box<CallStarted>)
    CallNoted(Box<CallNoted>)
    CallFinished(CallFinished)
    CallAnswered(Box<CallAnswered>)
    CallDenied(Box<CallDenied>)
    CallResolved(CallResolved)
    CallProbed(Box<CallProbed>)
    ValueRemembered(ValueRemembered)
    ArtifactSealed(ArtifactSealed)
    BackupMade(Box<BackupMade>)
    BackupVerified(BackupVerified)
    SecretCaptured(SecretCaptured)
    SecretUsed(SecretUsed)
    StepSucceeded(StepSucceeded)
    StepFailed(StepFailed)
    StepSkipped(StepSkipped)
    StepMarkedDone(StepMarkedDone)
    ParametersChanged(Box<ParametersChanged>)
    RunWaiting(RunWaiting)
    RunWoken(RunWoken)
    RunPaused(Reason)
    RunResumed(RunResumed)
    LeaseReleased(LeaseReleased)
    RunMigrated(RunMigrated)
    UndoBegan(UndoBegan)
    UndoStarted(Attempt)
    UndoSucceeded(Attempt)
    UndoFailed(UndoFailed)
    RunStuck(Reason)
    DivergenceFound(DivergenceFound)
    RunFinished(RunFinished)
    BytesReleased(BytesReleased)
}

impl Event {
    /// The blobs that it names.
    pub fn blobs(&self) -> Vec<Digest> {
        match self {
            Self::RunCreated(created) => vec![created.component, created.grant],
            Self::RunResumed(resumed) => vec![resumed.grant],
            Self::RunMigrated(migrated) => vec![migrated.component],
            Self::CallProbed(probed) => match &probed.answer {
                ProbeAnswer::Happened(outcome) => outcome.blob().into_iter().collect(),
                ProbeAnswer::DidNot | ProbeAnswer::Unknown => Vec::new(),
            },
            Self::CallStarted(call) => call.asked.request.blob().into_iter().collect(),
            Self::CallNoted(call) => call.note.blob().into_iter().collect(),
            Self::CallFinished(call) => call.outcome.blob().into_iter().collect(),
            Self::CallAnswered(call) => call.asked.request.blob().into_iter().chain(call.outcome.blob()).collect(),
            Self::CallDenied(call) => call.asked.request.blob().into_iter().collect(),
            Self::CallResolved(call) => call.outcome.iter().filter_map(Outcome::blob).collect(),
            Self::ArtifactSealed(artifact) => vec![artifact.digest],
            Self::SecretCaptured(captured) => vec![captured.sealed],
            Self::PlanDeclared(_)
            | Self::StepStarted(_)
            | Self::ValueRemembered(_)
            | Self::SecretUsed(_)
            | Self::BackupMade(_)
            | Self::BackupVerified(_)
            | Self::StepSucceeded(_)
            | Self::StepFailed(_)
            | Self::StepSkipped(_)
            | Self::StepMarkedDone(_)
            | Self::ParametersChanged(_)
            | Self::RunWaiting(_)
            | Self::RunWoken(_)
            | Self::RunPaused(_)
            | Self::LeaseReleased(_)
            | Self::UndoBegan(_)
            | Self::UndoStarted(_)
            | Self::UndoSucceeded(_)
            | Self::UndoFailed(_)
            | Self::RunStuck(_)
            | Self::DivergenceFound(_)
            | Self::RunFinished(_)
            | Self::BytesReleased(_) => Vec::new(),
        }
    }
}

/// What a run is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunCreated {
    /// Name, version and parameters as declared.
    pub procedure: Description,
    /// Digest of the component's bytes. Only `RunMigrated` puts another in its place.
    pub component: Digest,
    /// Digest of the grant file.
    pub grant: Digest,
    /// Where the grant file was, absolute: paths in it are relative to its directory.
    pub grant_file: String,
    /// The environment's name.
    pub environment: String,
    /// The fencing token of the process that drives the run.
    pub lease: u64,
    /// Every parameter with its value, fallbacks included; values of secrets scrubbed.
    pub parameters: BTreeMap<String, String>,
    /// Who started it.
    pub initiator: String,
    /// The machine.
    pub host: String,
    /// The program and its version.
    pub engine: String,
    /// Whether a person was attached, which decides what an undecided failure does.
    pub attended: bool,
    /// Seed of the run's randomness and idempotency keys, 64 hexadecimal digits.
    pub seed: String,
}

/// What the procedure declared for the run's parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanDeclared {
    /// SHA-256 over the canonical form of `plan`, domain-separated: what an approval binds to.
    pub digest: Digest,
    /// The steps.
    pub plan: Plan,
}

/// One try of a step or an undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// Which step.
    pub step: StepId,
    /// From 1.
    pub attempt: u32,
}

/// Whether a call belongs to a step or to its undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The step itself.
    Step,
    /// Its undo.
    Undo,
}

/// Which call of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallId {
    /// Which step.
    pub step: StepId,
    /// The step or its undo.
    pub phase: Phase,
    /// From 1.
    pub attempt: u32,
    /// From 1 in the attempt.
    pub call: u32,
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let undo = match self.phase {
            Phase::Step => "",
            Phase::Undo => "undo:",
        };
        write!(f, "{undo}{}/{}/{}", self.step, self.attempt, self.call)
    }
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// The contract's interface.
    pub interface: String,
    /// The contract's function.
    pub function: String,
    /// One line for a person.
    pub summary: String,
    /// The request as the guest made it, secrets as markers.
    pub request: Stored,
    /// SHA-256 over the request's canonical form: what a replay compares.
    pub digest: Digest,
}

/// JSON, inline or kept as a blob.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stored {
    /// The value itself.
    Inline(Json),
    /// Too long for a record: canonical JSON kept under its digest.
    Blob {
        /// Of the canonical JSON.
        digest: Digest,
        /// In bytes.
        size: u64,
        /// How it begins.
        preview: String,
    },
}

impl Stored {
    /// The blob it is kept in, if it is.
    pub fn blob(&self) -> Option<Digest> {
        match self {
            Self::Inline(_) => None,
            Self::Blob { digest, .. } => Some(*digest),
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What the guest got.
    Returned(Stored),
    /// Why it got nothing.
    Failed(Failure),
}

impl Outcome {
    fn blob(&self) -> Option<Digest> {
        match self {
            Self::Returned(stored) => stored.blob(),
            Self::Failed(_) => None,
        }
    }
}

/// The intent of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallStarted {
    /// Which call.
    pub id: CallId,
    /// What was asked.
    pub asked: Asked,
    /// What a crash means.
    pub class: EffectClass,
    /// The rule that allowed it.
    pub rule: String,
    /// The idempotency key.
    pub key: String,
}

/// What a driver found out while it performed an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallNoted {
    /// Which call.
    pub id: CallId,
    /// For the same driver: `{"xid": "1042", …}`.
    pub note: Stored,
}

/// The outcome of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallFinished {
    /// Which call.
    pub id: CallId,
    /// What became of it.
    pub outcome: Outcome,
}

/// A read with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallAnswered {
    /// Which call.
    pub id: CallId,
    /// What was asked.
    pub asked: Asked,
    /// The rule that allowed it.
    pub rule: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallDenied {
    /// Which call.
    pub id: CallId,
    /// What was asked.
    pub asked: Asked,
    /// The rule that decided.
    pub rule: String,
    /// One sentence: what may not be done.
    pub message: String,
    /// What to add so that it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An operator's answer to a call in doubt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallResolved {
    /// Which call.
    pub id: CallId,
    /// What the guest gets for it; none: it did not happen and is to be done.
    pub outcome: Option<Outcome>,
    /// Why the operator thinks so.
    pub reason: String,
}

/// What a call's probe found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallProbed {
    /// Which call.
    pub id: CallId,
    /// What was asked, one line for a person.
    pub probe: String,
    /// What it says about the call.
    pub answer: ProbeAnswer,
    /// What that was read off: `status 200`, `exit code 3`, or why there was no answer. At most 400 characters.
    pub detail: String,
}

/// Whether a call happened, as its probe says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeAnswer {
    /// It did; with what the guest gets for it.
    Happened(Outcome),
    /// It did not.
    DidNot,
    /// The answer says neither, or there was none.
    Unknown,
}

impl ProbeAnswer {
    /// As in the record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Happened(_) => "happened",
            Self::DidNot => "did-not",
            Self::Unknown => "unknown",
        }
    }
}

/// A value kept by a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ValueRemembered {
    /// Whose.
    pub step: StepId,
    /// Under which key.
    pub key: String,
    /// What.
    pub value: String,
}

/// An artifact of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArtifactSealed {
    /// Which step made it.
    pub step: StepId,
    /// Its id.
    pub id: String,
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes, decimal.
    pub size: String,
}

/// A step's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepSucceeded {
    /// Which step.
    pub step: StepId,
    /// Which attempt.
    pub attempt: u32,
    /// JSON text for later steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// A step's failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepFailed {
    /// Which step.
    pub step: StepId,
    /// Which attempt.
    pub attempt: u32,
    /// Why.
    pub failure: Failure,
    /// When it will be tried again, jitter included; none when no attempt is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// A step left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepSkipped {
    /// Which step.
    pub step: StepId,
    /// Why.
    pub reason: String,
}

/// What an operator did by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepMarkedDone {
    /// Which step.
    pub step: StepId,
    /// The step itself or its undo.
    pub phase: Phase,
    /// How that can be seen.
    pub evidence: String,
    /// Its output for later steps, JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Other values, and the plan for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ParametersChanged {
    /// The changed ones with their new values; values of secrets scrubbed.
    pub changed: BTreeMap<String, String>,
    /// The plan for them.
    pub declared: PlanDeclared,
    /// Why.
    pub reason: String,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunWaiting {
    /// When it goes on.
    pub until: Timestamp,
    /// What for, for a person.
    pub reason: String,
}

/// A run goes on after a wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunWoken {
    /// The fencing token of the process that goes on.
    pub lease: u64,
}

/// An environment taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseReleased {
    /// Which environment.
    pub environment: String,
    /// The fencing token that shuts out whoever had it.
    pub lease: u64,
    /// Why.
    pub reason: String,
}

/// Why a run stopped or went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reason {
    /// For a person.
    pub reason: String,
}

/// Why and under which grant a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunResumed {
    /// For a person.
    pub reason: String,
    /// Digest of the grant file from here on: an operator may have allowed what was denied.
    pub grant: Digest,
    /// Where that file was, absolute: paths in it are relative to its directory.
    pub grant_file: String,
    /// The fencing token of the process that goes on.
    pub lease: u64,
}

/// To which component a run was moved, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunMigrated {
    /// Digest of the bytes of the component from here on.
    pub component: Digest,
    /// For a person.
    pub reason: String,
}

/// The turning point of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UndoBegan {
    /// For a person.
    pub reason: String,
    /// What the run will count as when all is undone and nothing had to be: `failed`, `denied`, or `succeeded` when it had succeeded.
    pub cause: RunOutcome,
    /// This step and those before it stay done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<StepId>,
}

/// An undo's failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UndoFailed {
    /// Which step.
    pub step: StepId,
    /// Which attempt.
    pub attempt: u32,
    /// Why.
    pub failure: Failure,
}

/// Both sides of a divergence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DivergenceFound {
    /// Where the two part.
    pub id: CallId,
    /// What the journal says: `http.send sha256:… GET https://…`, or `the end of the step`.
    pub recorded: String,
    /// What the procedure asked.
    pub asked: String,
    /// Where in the procedure it asked, when that is known, from the innermost out: lines of its sources, else its functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

impl std::fmt::Display for DivergenceFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "call {}: recorded {}, asked {}", self.id, self.recorded, self.asked)?;
        self.position.iter().try_for_each(|position| write!(f, ", at {position}"))
    }
}

/// The end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunFinished {
    /// How.
    pub outcome: RunOutcome,
}

/// What retention gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BytesReleased {
    /// Runs that had ended before this instant were released together.
    pub ended_before: Timestamp,
    /// How many blobs the run's records name that were there.
    pub blobs: u32,
}
