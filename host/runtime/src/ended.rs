//! Why a guest did not come to its end by itself, as the errors that travel through wasmtime, and what they mean to the engine.

use lockstep_gate::Stop;
use lockstep_model::Failure;
use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

use crate::limits::{Limits, call_size_breach, instances_breach, recursion_breach};
use crate::position::Position;

/// What a trap says is the guest's own text in part.
const LONGEST_TRAP: usize = 2_000;

/// wasmtime has no types for these three; a test of each would fail if the words changed.
const HANDLES_EXHAUSTED: &str = "store handle limit exceeded";
const INSTANCES_EXHAUSTED: &str = "resource limit exceeded";
const HAND_OVER_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Thrown through the guest when the host ends an attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ended {
    /// The attempt fails with this.
    #[error("{0}")]
    Failed(Failure),
    /// The gate has stopped it and knows why.
    #[error("stopped by the host")]
    Stopped,
}

/// What a host function gives instead of its result.
pub(crate) enum Refusal {
    /// An outcome: the guest gets it and goes on.
    Failure(Failure),
    /// The end of the attempt: the guest is trapped.
    Trap(wasmtime::Error),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<wasmtime::Error> for Refusal {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl From<Ended> for Refusal {
    fn from(ended: Ended) -> Self {
        Self::Trap(ended.into())
    }
}

/// The gate keeps why it stopped; the guest only has to end.
impl From<Stop> for Refusal {
    fn from(_: Stop) -> Self {
        Ended::Stopped.into()
    }
}

/// What the error of a call into a guest means, and at which line it was. The text is not scrubbed yet.
pub(crate) fn failure_of(error: &wasmtime::Error, limits: &Limits, position: Option<&Position>) -> Failure {
    let mut failure = cause_of(error, limits);
    let at = match (position, failure.code()) {
        (Some(Position::Functions(functions)), "guest.trap") => functions,
        (Some(Position::Lines(lines)), _) => lines,
        _ => return failure,
    };
    match &mut failure {
        Failure::Denied(text) | Failure::TimedOut(text) | Failure::InDoubt(text) => *text = format!("{text}; at {at}"),
        Failure::Failed(problem) => problem.message = format!("{}; at {at}", problem.message),
    }
    failure
}

fn cause_of(error: &wasmtime::Error, limits: &Limits) -> Failure {
    if let Some(ended) = error.downcast_ref::<Ended>() {
        return match ended {
            Ended::Failed(failure) => failure.clone(),
            Ended::Stopped => Failure::problem("guest.stopped", "the host has stopped the attempt"),
        };
    }
    if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
        return limits.handles_breach();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return limits.fuel_breach(),
        Some(Trap::StackOverflow) => return recursion_breach(),
        _ => {}
    }
    let cause = error.root_cause().to_string();
    if cause.contains(HANDLES_EXHAUSTED) {
        return limits.handles_breach();
    }
    if cause.contains(HAND_OVER_EXHAUSTED) {
        return call_size_breach();
    }
    if cause.contains(INSTANCES_EXHAUSTED) {
        return instances_breach();
    }
    let text: String = format!("the procedure has trapped: {cause}").chars().take(LONGEST_TRAP).collect();
    Failure::problem("guest.trap", text)
}
