//! Goes on with one run that is due, as `tick` and `worker` do: with what the store kept of it, and letting go when it waits again.

use std::sync::Arc;

use lockstep_engine::{EngineError, House, Resume, RunReport, Waits, wake};
use lockstep_journal::{JournalError, StoreError};
use lockstep_model::RunId;

use crate::context::Context;
use crate::error::CliError;
use crate::journal::Run;
use crate::wiring;

/// Wakes the run. None: it is not due any more, or another process was faster.
///
/// # Errors
/// When something that it is made of is missing, or its journal cannot be written.
pub(super) fn wake_one(context: &Context, house: &House, id: RunId, by: &str) -> Result<Option<RunReport>, CliError> {
    let run = Run::read(Arc::clone(&house.store), id)?;
    let component = run.component(None)?;
    let (grant, _) = run.grant(None)?;
    let procedure = wiring::load(&component, "the component", Some(&grant), Some(&context.store()?))?;
    let resume = Resume {
        run: id,
        procedure: Arc::new(procedure),
        grant: Arc::new(grant),
        grant_file: run.state.grant_file.clone(),
        attended: false,
        reason: format!("woken by {by}"),
        waits: Waits { detach: true, hand_on: true, ..Waits::default() },
    };
    match wake(house, resume) {
        Ok(report) => Ok(report),
        // Two that tick at once: one of them wakes it.
        Err(EngineError::RunTaken(_) | EngineError::Ended { .. }) => Ok(None),
        Err(EngineError::Journal(JournalError::Store(StoreError::Conflict { .. } | StoreError::LeaseLost { .. }))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
