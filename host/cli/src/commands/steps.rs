//! Steps and runs in the words of the published JSON.

use lockstep_api::wire::{RunLine, StepEnd};
use lockstep_journal::RunState;
use lockstep_journal::state::StepState;
use lockstep_model::StepId;

use crate::journal::Run;
use crate::stopwatch::Stopwatch;

/// How every step stands, in the order declared.
pub(super) fn step_ends(state: &RunState, watch: &Stopwatch) -> Vec<StepEnd> {
    state.plan.steps.iter().filter_map(|declared| Some(step_end(&declared.id, state.steps.get(&declared.id)?, watch))).collect()
}

fn step_end(id: &StepId, step: &StepState, watch: &Stopwatch) -> StepEnd {
    let duration = step.ended_at.map(|_| milliseconds(watch.step(id)));
    StepEnd {
        step: id.to_string(),
        status: step.status.word().to_owned(),
        attempts: step.attempts,
        duration,
        output: step.output.clone(),
        failure: step.failure.clone(),
    }
}

/// A run in a line.
pub(super) fn run_line(run: &Run) -> RunLine {
    let state = &run.state;
    RunLine {
        run: state.run,
        procedure: state.created.procedure.name.clone(),
        environment: state.created.environment.clone(),
        outcome: outcome_word(run),
        driven_by: run.driven_by.clone(),
        created: state.created_at,
        changed: state.changed_at,
        initiator: state.created.initiator.clone(),
        reason: state.reason.clone(),
    }
}

/// How the run stands: `running` while a process drives it, `unfinished` when that has died.
fn outcome_word(run: &Run) -> String {
    match run.state.outcome() {
        Some(outcome) => outcome.to_string(),
        None if run.driven_by.is_some() => "running".to_owned(),
        None => "unfinished".to_owned(),
    }
}

/// Milliseconds, for JSON.
pub(super) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
