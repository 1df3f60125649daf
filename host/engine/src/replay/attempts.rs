//! The attempts of a run, taken out of its records: what each knew when it began, what it called, and how it ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_journal::event::{Attempt, Event, Phase};
use lockstep_journal::state::RecordedCall;
use lockstep_journal::{JournalError, RunState, SealedRecord};
use lockstep_model::{Digest, Failure, StepId};

/// One attempt as the records have it.
pub(super) struct RecordedAttempt {
    pub(super) step: StepId,
    pub(super) phase: Phase,
    pub(super) attempt: u32,
    /// The run as it stood when the attempt had begun.
    pub(super) state: Arc<RunState>,
    /// Its calls up to its end, or to the end of the records.
    pub(super) calls: Vec<RecordedCall>,
    /// How it ended; none: its records end before it did.
    pub(super) end: Option<RecordedEnd>,
    /// The component that applied when it ended.
    pub(super) component: Digest,
}

/// How an attempt ended.
pub(super) enum RecordedEnd {
    /// With its output.
    Succeeded(Option<String>),
    /// With this.
    Failed(Failure),
}

/// What an event means to the attempt of a step.
enum Mark<'a> {
    Begins(Phase, &'a Attempt),
    Ends(&'a StepId, RecordedEnd),
    Nothing,
}

/// The state after all records, and every attempt in the order started; none when there are no records.
pub(super) fn attempts(records: &[SealedRecord]) -> Result<Option<(RunState, Vec<RecordedAttempt>)>, JournalError> {
    let Some((first, others)) = records.split_first() else { return Ok(None) };
    let mut state = RunState::begin(first)?;
    let mut attempts: Vec<RecordedAttempt> = Vec::new();
    let mut under_way: BTreeMap<StepId, usize> = BTreeMap::new();
    for record in others {
        match mark(&record.record.event) {
            Mark::Nothing => state.apply(record)?,
            Mark::Ends(step, end) => {
                if let Some(open) = under_way.remove(step).and_then(|index| attempts.get_mut(index)) {
                    close(open, &state, Some(end));
                }
                state.apply(record)?;
            }
            Mark::Begins(phase, Attempt { step, attempt }) => {
                // One that was left behind by a crash or a pause, and is not gone on with.
                if let Some(open) = under_way.insert(step.clone(), attempts.len()).and_then(|index| attempts.get_mut(index)) {
                    close(open, &state, None);
                }
                state.apply(record)?;
                let (step, attempt, component) = (step.clone(), *attempt, state.component);
                attempts.push(RecordedAttempt { step, phase, attempt, state: Arc::new(state.clone()), calls: Vec::new(), end: None, component });
            }
        }
    }
    for index in under_way.into_values() {
        if let Some(open) = attempts.get_mut(index) {
            close(open, &state, None);
        }
    }
    Ok(Some((state, attempts)))
}

fn close(attempt: &mut RecordedAttempt, state: &RunState, end: Option<RecordedEnd>) {
    attempt.calls = state.steps.get(&attempt.step).map(|step| step.calls.clone()).unwrap_or_default();
    attempt.end = end;
    attempt.component = state.component;
}

fn mark(event: &Event) -> Mark<'_> {
    match event {
        Event::StepStarted(attempt) => Mark::Begins(Phase::Step, attempt),
        Event::UndoStarted(attempt) => Mark::Begins(Phase::Undo, attempt),
        Event::StepSucceeded(end) => Mark::Ends(&end.step, RecordedEnd::Succeeded(end.output.clone())),
        Event::StepFailed(end) => Mark::Ends(&end.step, RecordedEnd::Failed(end.failure.clone())),
        Event::UndoSucceeded(end) => Mark::Ends(&end.step, RecordedEnd::Succeeded(None)),
        Event::UndoFailed(end) => Mark::Ends(&end.step, RecordedEnd::Failed(end.failure.clone())),
        Event::RunCreated(_)
        | Event::PlanDeclared(_)
        | Event::CallStarted(_)
        | Event::CallNoted(_)
        | Event::CallFinished(_)
        | Event::CallAnswered(_)
        | Event::CallDenied(_)
        | Event::CallResolved(_)
        | Event::CallProbed(_)
        | Event::ValueRemembered(_)
        | Event::ArtifactSealed(_)
        | Event::BackupMade(_)
        | Event::BackupVerified(_)
        | Event::SecretCaptured(_)
        | Event::SecretUsed(_)
        | Event::StepSkipped(_)
        | Event::RunPaused(_)
        | Event::RunResumed(_)
        | Event::RunMigrated(_)
        | Event::RunWaiting(_)
        | Event::RunWoken(_)
        | Event::LeaseReleased(_)
        | Event::StepMarkedDone(_)
        | Event::ParametersChanged(_)
        | Event::UndoBegan(_)
        | Event::RunStuck(_)
        | Event::DivergenceFound(_)
        | Event::RunFinished(_)
        | Event::BytesReleased(_) => Mark::Nothing,
    }
}
