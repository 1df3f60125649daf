//! How a replayed attempt came out, beside how it came out then.

use lockstep_gate::{Gate, Secrets, Stop};
use lockstep_journal::JournalError;
use lockstep_journal::event::{DivergenceFound, Phase};
use lockstep_model::{Digest, Failure};

use super::attempts::{RecordedAttempt, RecordedEnd};
use super::{Open, Verdict};
use crate::error::EngineError;
use crate::run::checked_output;

/// How much of an output or a failure is shown.
const LONGEST_SHOWN: usize = 300;

type Ended = Result<Option<String>, Failure>;

/// What the end of a replay says of an attempt.
///
/// # Errors
/// When an answer could not be read from the store.
pub(super) fn verdict(attempt: &RecordedAttempt, component: Digest, gate: &Gate, ended: Ended) -> Result<Verdict, EngineError> {
    Ok(match gate.stopped() {
        Some(Stop::Diverged(found)) if found.id == attempt.place_of_end() => goes_on(attempt, component, *found),
        Some(Stop::Diverged(found)) => Verdict::Diverged(found),
        // The call without an outcome is the last one: as far as the records go, all is said.
        Some(Stop::InDoubt(_)) => Verdict::Open(Open::Unfinished),
        Some(Stop::Journal(error @ JournalError::BytesMissing { .. })) => Verdict::NotChecked(error.to_string()),
        Some(Stop::Journal(error)) => return Err(EngineError::Journal(error)),
        Some(Stop::Internal(text) | Stop::Untried(text)) => Verdict::NotChecked(text),
        Some(Stop::Limit(failure)) => Verdict::NotChecked(failure.to_string()),
        Some(stop @ (Stop::Interrupted | Stop::Cancelled | Stop::Waiting(_))) => Verdict::NotChecked(stop.to_string()),
        None => by_itself(attempt, component, gate, ended),
    })
}

/// The procedure asks for a call where the records have none.
fn goes_on(attempt: &RecordedAttempt, component: Digest, mut found: DivergenceFound) -> Verdict {
    match &attempt.end {
        None => Verdict::Open(Open::Unfinished),
        Some(RecordedEnd::Failed(failure)) if is_hosts(failure) => Verdict::Open(Open::EndedByHost),
        Some(end) => {
            found.recorded = words_of_end(attempt.phase, &end.as_ended());
            parted(attempt, component, end, found)
        }
    }
}

/// The procedure came to an end of its own.
fn by_itself(attempt: &RecordedAttempt, component: Digest, gate: &Gate, ended: Ended) -> Verdict {
    let ended = ended.and_then(|output| checked_output(output, &Secrets::new(&attempt.state.created.seed)));
    let limit = ended.as_ref().err().filter(|failure| is_limit(failure));
    if let Err(Stop::Diverged(mut found)) = gate.close() {
        if let Some(failure) = limit {
            return Verdict::NotChecked(failure.to_string());
        }
        found.asked = words_of_end(attempt.phase, &ended);
        return Verdict::Diverged(found);
    }
    match (&attempt.end, limit) {
        (None, _) => Verdict::Open(Open::Unfinished),
        (Some(end), _) if same(&end.as_ended(), &ended) => Verdict::Agreed,
        (Some(RecordedEnd::Failed(failure)), _) if is_hosts(failure) => Verdict::Open(Open::EndedByHost),
        (Some(_), Some(failure)) => Verdict::NotChecked(failure.to_string()),
        (Some(end), None) => {
            let (recorded, asked) = (words_of_end(attempt.phase, &end.as_ended()), words_of_end(attempt.phase, &ended));
            parted(attempt, component, end, DivergenceFound { id: attempt.place_of_end(), recorded, asked, position: None })
        }
    }
}

/// Calls are the same and the end is not: a divergence, unless it is a failure that another component no longer has.
fn parted(attempt: &RecordedAttempt, component: Digest, end: &RecordedEnd, found: DivergenceFound) -> Verdict {
    match end {
        RecordedEnd::Failed(_) if attempt.component != component => Verdict::EndsOtherwise(Box::new(found)),
        RecordedEnd::Failed(_) | RecordedEnd::Succeeded(_) => Verdict::Diverged(Box::new(found)),
    }
}

/// Whether the host may have ended the attempt, by a limit or a deadline that is the operator's and the machine's: no replay can tell.
fn is_hosts(failure: &Failure) -> bool {
    match failure {
        Failure::TimedOut(_) => true,
        Failure::Denied(_) | Failure::InDoubt(_) => false,
        Failure::Failed(problem) => problem.code == "host.internal" || is_limit(failure),
    }
}

fn is_limit(failure: &Failure) -> bool {
    failure.code().starts_with("limit.")
}

fn same(recorded: &Ended, ended: &Ended) -> bool {
    match (recorded, ended) {
        (Err(recorded), Err(ended)) if recorded.code() == "guest.trap" => ended.code() == "guest.trap",
        (recorded, ended) => recorded == ended,
    }
}

impl RecordedEnd {
    fn as_ended(&self) -> Ended {
        match self {
            Self::Succeeded(output) => Ok(output.clone()),
            Self::Failed(failure) => Err(failure.clone()),
        }
    }
}

fn words_of_end(phase: Phase, ended: &Ended) -> String {
    let what = match phase {
        Phase::Step => "the end of the step",
        Phase::Undo => "the end of the undo",
    };
    match ended {
        Ok(None) => format!("{what}: succeeded"),
        Ok(Some(output)) => format!("{what}: succeeded with {} ({})", cut(output), &Digest::of(output.as_bytes()).hex()[..12]),
        Err(failure) => format!("{what}: failed: {}", cut(&failure.to_string())),
    }
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
