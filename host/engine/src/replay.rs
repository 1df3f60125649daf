//! Checks a run's records against a component, with no effects: every attempt is made once more behind a gate that has nothing but its records.

mod attempts;
mod compare;
mod plan;

use std::sync::Arc;

use lockstep_gate::{Gate, Recorded};
use lockstep_journal::event::{CallId, DivergenceFound, Phase};
use lockstep_journal::{Blobs, JournalError, Store};
use lockstep_model::{Digest, RunId, StepId};

use crate::error::EngineError;
use crate::procedure::Procedure;

use attempts::RecordedAttempt;

/// What a replay found.
#[derive(Debug, Clone)]
pub struct ReplayReport {
    /// Which run.
    pub run: RunId,
    /// The component that it was checked against.
    pub component: Digest,
    /// What became of the declaration.
    pub plan: PlanChecked,
    /// Every attempt of a step or an undo, in the order started.
    pub attempts: Vec<AttemptChecked>,
}

/// Whether a component declares what the run was begun with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanChecked {
    /// The same plan.
    Same,
    /// The run ended before it had one.
    None,
    /// Another: what is different, a line each.
    Differs(Vec<String>),
}

/// What a replay found of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptChecked {
    /// Which step.
    pub step: StepId,
    /// The step or its undo.
    pub phase: Phase,
    /// From 1.
    pub attempt: u32,
    /// Calls that were asked for as recorded.
    pub agreed: u32,
    /// Calls recorded.
    pub recorded: u32,
    /// What became of it.
    pub verdict: Verdict,
}

/// What a replay found of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It asks for the same calls, and ends as recorded.
    Agreed,
    /// It asks for the same calls. How it goes on from there is not compared, and why.
    Open(Open),
    /// It is another component's, and fails otherwise than recorded or not any more: which is why there is another one. Both sides.
    EndsOtherwise(Box<DivergenceFound>),
    /// The two part.
    Diverged(Box<DivergenceFound>),
    /// It could not be checked to its end, and why.
    NotChecked(String),
}

/// Why the end of an attempt is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// The records end before it did: a crash, a pause, or it is under way.
    Unfinished,
    /// The host has ended it: a limit or a deadline, which another machine meets elsewhere.
    EndedByHost,
}

impl AttemptChecked {
    /// The first place where the two part.
    pub fn divergence(&self) -> Option<&DivergenceFound> {
        match &self.verdict {
            Verdict::Diverged(found) => Some(found),
            Verdict::Agreed | Verdict::Open(_) | Verdict::EndsOtherwise(_) | Verdict::NotChecked(_) => None,
        }
    }
}

impl ReplayReport {
    /// Whether anything is otherwise than recorded.
    pub fn diverged(&self) -> bool {
        matches!(self.plan, PlanChecked::Differs(_)) || self.attempts.iter().any(|attempt| attempt.divergence().is_some())
    }

    /// Whether everything was checked and nothing is otherwise than recorded.
    pub fn agrees(&self) -> bool {
        !self.diverged() && !self.attempts.iter().any(|attempt| matches!(attempt.verdict, Verdict::NotChecked(_)))
    }
}

/// Makes every attempt of `run` once more with `procedure` and compares. Each attempt is handed to `seen` as soon as it is checked.
///
/// Nothing can be performed: neither drivers nor a grant nor a writer are given. Values of secrets are not needed either, for a guest never had them;
/// but a procedure that contains the value of a secret itself differs from a journal out of which it was taken.
///
/// Compared are the declaration, every call and how each attempt ended. The text of a trap is not: it has names of functions that another build gives otherwise.
///
/// # Errors
/// When there is no such run, or its records cannot be read or do not hold.
pub fn replay(store: &Arc<dyn Store>, run: RunId, procedure: &dyn Procedure, seen: &mut dyn FnMut(&AttemptChecked)) -> Result<ReplayReport, EngineError> {
    let records = store.records(run).map_err(JournalError::Store)?;
    let (state, attempts) = attempts::attempts(&records)?.ok_or(JournalError::NoSuchRun(run))?;
    let blobs: Arc<dyn Blobs> = store.clone();
    let plan = plan::check(procedure, &state);
    let mut checked = Vec::new();
    for attempt in attempts {
        let found = check(procedure, &blobs, attempt)?;
        seen(&found);
        checked.push(found);
    }
    Ok(ReplayReport { run, component: procedure.digest(), plan, attempts: checked })
}

fn check(procedure: &dyn Procedure, blobs: &Arc<dyn Blobs>, attempt: RecordedAttempt) -> Result<AttemptChecked, EngineError> {
    let RecordedAttempt { step, phase, attempt: number, calls, .. } = &attempt;
    let recorded = Recorded { state: Arc::clone(&attempt.state), blobs: Arc::clone(blobs) };
    let gate = Gate::replaying(recorded, step.clone(), *phase, *number, calls);
    let ended = match phase {
        Phase::Step => procedure.run_step(step, gate.clone()),
        Phase::Undo => procedure.undo_step(step, gate.clone()).map(|()| None),
    };
    let recorded = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let verdict = compare::verdict(&attempt, procedure.digest(), &gate, ended)?;
    let agreed = match &verdict {
        Verdict::Agreed | Verdict::Open(_) | Verdict::EndsOtherwise(_) => recorded,
        Verdict::Diverged(found) => found.id.call.saturating_sub(1).min(recorded),
        Verdict::NotChecked(_) => gate.calls().saturating_sub(1).min(recorded),
    };
    Ok(AttemptChecked { step: attempt.step, phase: attempt.phase, attempt: attempt.attempt, agreed, recorded, verdict })
}

impl RecordedAttempt {
    /// The call after the last one recorded: where the end is.
    fn place_of_end(&self) -> CallId {
        let call = u32::try_from(self.calls.len()).unwrap_or(u32::MAX).saturating_add(1);
        CallId { step: self.step.clone(), phase: self.phase, attempt: self.attempt, call }
    }
}
