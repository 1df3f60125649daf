//! Answers the calls of an interrupted attempt from the journal, and finds out where component and journal part.

use std::collections::VecDeque;

use lockstep_model::{Digest, EffectClass};

use crate::event::{CallId, DivergenceFound};
use crate::state::{RecordedCall, RecordedOutcome};

/// The recorded calls of one attempt, in order.
#[derive(Debug, Default)]
pub struct Replay {
    calls: VecDeque<RecordedCall>,
}

/// What the journal has for the next call.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// Nothing: the attempt is past its end and the call is live.
    Live,
    /// The guest is told what it was told then.
    Recorded {
        /// What that was.
        outcome: RecordedOutcome,
        /// Whether the call was an effect.
        effect: bool,
    },
    /// The intent is there, the outcome is not: do it again with this key.
    Again(Box<RecordedCall>),
    /// The intent is there, the outcome is not, and it must not be done twice.
    InDoubt(Box<RecordedCall>),
    /// It is not the call that was recorded.
    Diverged(Box<DivergenceFound>),
}

impl Replay {
    /// For the calls recorded of an attempt.
    pub fn of(calls: &[RecordedCall]) -> Self {
        Self { calls: calls.iter().cloned().collect() }
    }

    /// Whether calls are left to be answered.
    pub fn is_over(&self) -> bool {
        self.calls.is_empty()
    }

    /// What the journal has for the call `id` of `function` with the request's `digest`.
    pub fn next(&mut self, id: &CallId, function: &str, digest: Digest, summary: &str) -> Answer {
        let Some(mut call) = self.calls.pop_front() else { return Answer::Live };
        if call.function != function || call.digest != digest {
            let asked = describe(function, digest, summary);
            let recorded = describe(&call.function, call.digest, &call.summary);
            return Answer::Diverged(Box::new(DivergenceFound { id: id.clone(), recorded, asked, position: None }));
        }
        if let Some(outcome) = call.outcome.take() {
            return Answer::Recorded { outcome, effect: call.class.is_effect() };
        }
        match call.class {
            EffectClass::AtMostOnce if !call.to_be_done => Answer::InDoubt(Box::new(call)),
            EffectClass::AtMostOnce | EffectClass::Idempotent | EffectClass::Read => Answer::Again(Box::new(call)),
        }
    }

    /// The divergence of an attempt that ends with records left over.
    pub fn left_over(&self) -> Option<DivergenceFound> {
        let call = self.calls.front()?;
        let recorded = describe(&call.function, call.digest, &call.summary);
        Some(DivergenceFound { id: call.id.clone(), recorded, asked: "the end of the step".to_owned(), position: None })
    }
}

/// One side of a divergence.
pub fn describe(function: &str, digest: Digest, summary: &str) -> String {
    format!("{function} `{summary}` ({})", &digest.hex()[..12])
}
