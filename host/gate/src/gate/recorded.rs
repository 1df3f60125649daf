//! A gate that only has records: a replay. What could perform a call is not there, so that nothing has to see to it that nothing is performed.

use std::sync::{Arc, Mutex};

use lockstep_journal::event::{CallId, DivergenceFound, Phase};
use lockstep_journal::replay::describe;
use lockstep_journal::state::RecordedCall;
use lockstep_journal::{Blobs, Replay, RunState};
use lockstep_model::StepId;

use super::{Gate, Inner, NextCall, Records, Session};
use crate::budget::Budget;
use crate::secrets::Secrets;

/// What the records say of an attempt that is to be replayed.
#[derive(Clone)]
pub struct Recorded {
    /// The run as it stood when the attempt had begun.
    pub state: Arc<RunState>,
    /// Where answers are that are too long for a record.
    pub blobs: Arc<dyn Blobs>,
}

impl Gate {
    /// Opens a gate that answers from `calls`, those that the attempt had made when its records end, and from nothing else.
    ///
    /// A call beyond them is a divergence; one whose outcome is not known stops the attempt as in doubt. No value of a secret is needed: the guest
    /// has never seen one. Limits and deadlines are the operator's and were met then: a replay has none of its own.
    pub fn replaying(recorded: Recorded, step: StepId, phase: Phase, attempt: u32, calls: &[RecordedCall]) -> Self {
        let remembered = recorded.state.steps.get(&step).map(|step| step.remembered_before.clone()).unwrap_or_default();
        let session =
            Session { replay: Replay::of(calls), budget: Budget::unbounded(), calls: 0, effects: 0, remembered, stop: None, denied: false, rest: None };
        let seed = recorded.state.created.seed.clone();
        let (records, secrets) = (Records::Closed(recorded), Secrets::new(&seed));
        let (session, streams) = (Mutex::new(session), Arc::default());
        Self { inner: Arc::new(Inner { records, secrets, step, phase, attempt, seed, session, streams }) }
    }
}

/// The divergence of a call that was made where the records have none.
pub(super) fn beyond(next: &NextCall) -> DivergenceFound {
    let function = format!("{}.{}", next.asked.interface, next.asked.function);
    let asked = describe(&function, next.asked.digest, &next.asked.summary);
    let id: CallId = next.id.clone();
    DivergenceFound { id, recorded: "the end of the step".to_owned(), asked, position: None }
}
