//! The last step of the gate: captures, scrubbing, and the outcome's record.

use std::sync::Arc;

use lockstep_grant::Granted;
use lockstep_journal::event::{CallAnswered, CallFinished, CallId, Event, Outcome, SecretCaptured, Stored};
use lockstep_journal::state::RecordedOutcome;
use lockstep_journal::{BlobError, Json, Scribe, canonical_json};
use lockstep_model::request::Response;
use lockstep_model::{Digest, EffectClass, Failure, Request, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Gate, NextCall, Records, Session, Way, lock};
use crate::dispatch::{Dispatch, sealed};
use crate::stop::Stop;

/// A request or response above this is kept as a blob: a record is something to read.
const LONGEST_INLINE: usize = 16 << 10;
/// How much of it the record shows.
const PREVIEW: usize = 400;

/// A deadline or a broken connection that cut off what must not be done twice leaves a doubt, and no retry policy may settle it.
fn is_doubt(failure: &Failure, class: EffectClass) -> bool {
    match (failure, class) {
        (Failure::TimedOut(_) | Failure::InDoubt(_), EffectClass::AtMostOnce) => true,
        (Failure::TimedOut(_) | Failure::InDoubt(_), EffectClass::Read | EffectClass::Idempotent) | (Failure::Denied(_) | Failure::Failed(_), _) => false,
    }
}

/// What the guest is told, and what follows for the run.
type Settled<R> = (Result<<R as Request>::Response, Failure>, Vec<Event>);

/// A value as a record keeps it.
pub(super) struct Canonical {
    pub(super) stored: Stored,
    pub(super) digest: Digest,
    /// Bytes of the canonical form.
    pub(super) size: usize,
    /// The canonical form, to be kept beside the record when it is too long to be in it.
    pub(super) blob: Option<Vec<u8>>,
}

fn internal(error: serde_json::Error) -> Stop {
    Stop::Internal(error.to_string())
}

impl Gate {
    /// `value` in canonical form, values of secrets taken out.
    pub(super) fn canonical<T: Serialize>(&self, value: &T) -> Result<Canonical, Stop> {
        let canonical = self.scrubbed(value).map_err(internal)?;
        let (digest, size) = (Digest::of(&canonical), canonical.len());
        if size <= LONGEST_INLINE {
            let stored = Stored::Inline(Json::read(canonical).map_err(internal)?);
            return Ok(Canonical { stored, digest, size, blob: None });
        }
        let preview = String::from_utf8_lossy(&canonical[..PREVIEW]).into_owned();
        Ok(Canonical { stored: Stored::Blob { digest, size: size as u64, preview }, digest, size, blob: Some(canonical) })
    }

    fn scrubbed<T: Serialize>(&self, value: &T) -> Result<Vec<u8>, serde_json::Error> {
        if self.inner.secrets.are_none() {
            return canonical_json(value);
        }
        let mut value = serde_json::to_value(value)?;
        self.inner.secrets.scrub_json(&mut value);
        canonical_json(&value)
    }

    /// What the journal says the guest was told.
    pub(super) fn recorded<T: DeserializeOwned>(&self, outcome: RecordedOutcome) -> Result<Result<T, Failure>, Stop> {
        let stored = match outcome {
            RecordedOutcome::Failed(failure) => return Ok(Err(failure)),
            RecordedOutcome::Returned(stored) => stored,
        };
        let answer = match stored {
            Stored::Inline(json) => json.to(),
            Stored::Blob { digest, .. } => {
                let bytes = self.blob(digest).map_err(|error| Stop::Journal(lockstep_journal::StoreError::from(error).into()))?;
                let released = self.look(|state| state.released);
                let bytes = bytes.ok_or(Stop::Journal(lockstep_journal::JournalError::BytesMissing { digest, released }))?;
                serde_json::from_slice(&bytes)
            }
        };
        answer.map(Ok).map_err(|error| Stop::Internal(format!("a recorded answer cannot be read: {error}")))
    }

    fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        match &self.inner.records {
            Records::Growing(run) => {
                let store = Arc::clone(lock(&run.scribe).store());
                store.blob(digest)
            }
            Records::Closed(recorded) => recorded.blobs.blob(digest),
        }
    }
}

impl Way<'_> {
    pub(super) fn finish_read<R: Dispatch>(
        &self,
        session: &mut Session,
        next: NextCall,
        granted: Granted<R>,
        performed: Result<R::Response, Failure>,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let id = next.id.clone();
        let (performed, events) = self.settle(&id, granted.request(), performed)?;
        let at_once = !granted.request().rides_along();
        let size = self.answer(next, granted.rule(), performed.as_ref(), at_once && events.is_empty())?;
        self.note_all(events)?;
        session.budget.take_output(size).map_err(Stop::Limit)?;
        Ok(performed)
    }

    /// Records a read with its outcome, and says how long the outcome is. `at_once`: it survives this process; else it rides along with the next write.
    pub(super) fn answer<T: Serialize>(&self, next: NextCall, rule: &str, performed: Result<&T, &Failure>, at_once: bool) -> Result<usize, Stop> {
        let mut scribe = lock(&self.run.scribe);
        let (outcome, size) = self.outcome(&mut scribe, performed)?;
        if let Some(blob) = next.blob {
            scribe.attach(blob);
        }
        let answered = CallAnswered { id: next.id, asked: next.asked, rule: rule.to_owned(), outcome };
        let answered = Event::CallAnswered(Box::new(answered));
        if at_once {
            scribe.write(answered)?
        } else {
            scribe.note(answered)?
        }
        Ok(size)
    }

    pub(super) fn finish_effect<R: Dispatch>(
        &self,
        session: &mut Session,
        id: CallId,
        granted: Granted<R>,
        key: &str,
        performed: Result<R::Response, Failure>,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        match performed {
            Err(failure) if is_doubt(&failure, granted.class()) => self.cut_off(session, &id, &granted, key, failure),
            performed => self.finish(session, &id, granted.request(), performed, |outcome| Event::CallFinished(CallFinished { id: id.clone(), outcome })),
        }
    }

    /// Records an effect's outcome with `record`.
    pub(super) fn finish<R: Dispatch>(
        &self,
        session: &mut Session,
        id: &CallId,
        request: &R,
        performed: Result<R::Response, Failure>,
        record: impl FnOnce(Outcome) -> Event,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        let (performed, events) = self.settle(id, request, performed)?;
        self.note_all(events)?;
        let mut scribe = lock(&self.run.scribe);
        let (outcome, size) = self.outcome(&mut scribe, performed.as_ref())?;
        scribe.write(record(outcome))?;
        session.budget.take_output(size).map_err(Stop::Limit)?;
        Ok(performed)
    }

    fn note_all(&self, events: Vec<Event>) -> Result<(), Stop> {
        let mut scribe = lock(&self.run.scribe);
        events.into_iter().try_for_each(|event| scribe.note(event)).map_err(Stop::from)
    }

    /// Captures, scrubs, and finds out what follows. From here on nobody sees a value.
    fn settle<R: Dispatch>(&self, id: &CallId, request: &R, performed: Result<R::Response, Failure>) -> Result<Settled<R>, Stop> {
        let mut response = match performed {
            Ok(response) => response,
            Err(failure) => return Ok((Err(failure), Vec::new())),
        };
        let mut events = match self.capture(id, request, &mut response)? {
            Ok(events) => events,
            Err(failure) => return Ok((Err(failure), Vec::new())),
        };
        response.visit_texts(&mut |place| self.run.secrets.scrub(place));
        let around = self.surroundings(id, self.now());
        let sealed = response.artifacts().into_iter().filter_map(|artifact| sealed(artifact, &around, &id.step).transpose());
        match sealed.collect::<Result<Vec<_>, _>>().and_then(|sealed| Ok((sealed, request.consequences(&response, &around, &id.step)?))) {
            Ok((sealed, following)) => events.extend(sealed.into_iter().chain(following)),
            Err(failure) => return Ok((Err(failure), events)),
        }
        Ok((Ok(response), events))
    }

    /// Takes the strings that the request's captures point at into secrets; markers stay in their place.
    fn capture<R: Dispatch>(&self, id: &CallId, request: &R, response: &mut R::Response) -> Result<Result<Vec<Event>, Failure>, Stop> {
        let captures = request.captures();
        let Some(body) = response.capture_body().filter(|_| !captures.is_empty()) else { return Ok(Ok(Vec::new())) };
        let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(body) else {
            // The body is not shown: what was to be captured may be in it.
            body.clear();
            return Ok(Err(Failure::problem("http.capture", "the response to capture from is not JSON")));
        };
        let mut events = Vec::new();
        let mut scribe = lock(&self.run.scribe);
        for capture in captures {
            let Some(serde_json::Value::String(found)) = json.pointer_mut(&capture.pointer) else {
                let message = format!("the response has no string at `{}` to capture into secret `{}`", capture.pointer, capture.secret);
                return Ok(Err(Failure::problem("http.capture", message)));
            };
            let value = std::mem::replace(found, self.run.secrets.marker(&capture.secret)).into_bytes();
            let sealed = scribe.store().seal_secret(scribe.state().run, &capture.secret, &value).map_err(|error| Stop::Journal(error.into()))?;
            let captured = SecretCaptured { step: id.step.clone(), secret: capture.secret.clone(), sealed: Digest::of(&sealed) };
            scribe.attach(sealed);
            events.push(Event::SecretCaptured(captured));
            self.run.secrets.learn(&capture.secret, Secret::new(value));
        }
        *body = json.to_string().into_bytes();
        Ok(Ok(events))
    }

    fn outcome<T: Serialize>(&self, scribe: &mut Scribe, performed: Result<&T, &Failure>) -> Result<(Outcome, usize), Stop> {
        match performed {
            Ok(response) => {
                let Canonical { stored, size, blob, .. } = self.gate.canonical(response)?;
                if let Some(blob) = blob {
                    scribe.attach(blob);
                }
                Ok((Outcome::Returned(stored), size))
            }
            Err(failure) => Ok((Outcome::Failed(failure.clone()), 0)),
        }
    }
}
