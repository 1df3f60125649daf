//! What the host performs by itself: time, randomness, log, remembered values, artifacts, and that a secret is there.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use lockstep_grant::Granted;
use lockstep_journal::event::{Event, ValueRemembered};
use lockstep_journal::state::StepState;
use lockstep_model::request::{
    ArtifactRequest, ArtifactResponse, ClockRequest, ClockResponse, LogRequest, RandomRequest, RememberRequest, SealedArtifact, SecretRequest,
};
use lockstep_model::{Content, Digest, Failure, StepId, Timestamp};

use super::{Dispatch, Surroundings};
use crate::artifacts::{check_artifact_id, unreadable};
use crate::driver::CallContext;
use crate::stop::Stop;

/// The longest `clock.pause`: what waits longer should let go of its memory.
const LONGEST_PAUSE: u32 = 10_000;
/// The longest `clock.sleep`: a year.
const LONGEST_SLEEP: u64 = 31_536_000;
/// The most bytes of one `random.bytes`.
const MOST_RANDOM: u32 = 4_096;
/// The longest `artifact.read`.
const LONGEST_READ: u32 = 1 << 20;
/// The largest artifact that is sealed in one request: what is larger was streamed.
const LARGEST_AT_ONCE: usize = 64 << 20;
/// The most keys of a step, the longest key and the longest value of `run.remember`.
const MOST_KEYS: usize = 64;
const LONGEST_KEY: usize = 64;
const LONGEST_VALUE: usize = 64 << 10;

type Performed<T> = Result<Result<T, Failure>, Stop>;

impl Dispatch for ClockRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Performed<ClockResponse> {
        let until = match call.request() {
            Self::Now => return Ok(Ok(ClockResponse::Instant(around.clock().now()))),
            Self::Pause { milliseconds } if *milliseconds > LONGEST_PAUSE => {
                return Ok(limit("clock.limit", format!("a pause of {milliseconds} ms: at most {LONGEST_PAUSE} (a sleep may be longer)")));
            }
            Self::Pause { milliseconds } => {
                let wanted = Duration::from_millis((*milliseconds).into());
                if wanted > context.time_left {
                    around.wait(around.intended_at.after(context.time_left))?;
                    return Ok(Err(Failure::TimedOut("the step's deadline passed during a pause".to_owned())));
                }
                around.intended_at.after(wanted)
            }
            Self::Sleep { seconds } => around.intended_at.after(Duration::from_secs((*seconds).into())),
            Self::SleepUntil { instant } => *instant,
        };
        if until.since(around.intended_at).as_secs() > LONGEST_SLEEP {
            return Ok(limit("clock.limit", format!("a sleep until {until}: at most {LONGEST_SLEEP} seconds")));
        }
        if call.request().stands_still() && until.since(around.clock().now()) > around.longest_hold {
            return Err(Stop::Waiting(until));
        }
        around.wait(until)?;
        Ok(Ok(ClockResponse::Nothing))
    }

    fn rides_along(&self) -> bool {
        matches!(self, Self::Now)
    }

    fn stays_inside() -> bool {
        true
    }

    fn goes_on_from_changes(&self) -> bool {
        !matches!(self, Self::Now)
    }

    fn stands_still(&self) -> bool {
        match self {
            Self::Now | Self::Pause { .. } => false,
            Self::Sleep { .. } | Self::SleepUntil { .. } => true,
        }
    }
}

impl Surroundings<'_> {
    /// Waits, unless the operator wants to stop.
    pub(crate) fn wait(&self, until: Timestamp) -> Result<(), Stop> {
        let clock = self.clock();
        loop {
            if clock.now() >= until {
                return Ok(());
            }
            if self.interrupt.is_set() {
                return Err(Stop::Interrupted);
            }
            clock.wait_until(until);
        }
    }
}

impl Dispatch for RandomRequest {
    fn rides_along(&self) -> bool {
        true
    }

    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, _: &CallContext<'_>) -> Performed<Content> {
        let count = match call.request() {
            Self::Bytes { count } => (*count).min(MOST_RANDOM),
            Self::Uuid => 16,
        };
        let mut bytes = Vec::new();
        for block in 0_u32.. {
            if bytes.len() >= count as usize {
                break;
            }
            bytes.extend_from_slice(&Digest::of(format!("lockstep random v1\0{}\0{}\0{block}", around.seed, around.call).as_bytes()).0);
        }
        bytes.truncate(count as usize);
        if let Self::Uuid = call.request() {
            // RFC 9562: version 4, variant 10.
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
        }
        Ok(Ok(Content(bytes)))
    }
}

impl Dispatch for LogRequest {
    fn perform(_: &Surroundings<'_>, _: &Granted<Self>, _: &CallContext<'_>) -> Performed<()> {
        Ok(Ok(()))
    }
}

impl Dispatch for SecretRequest {
    fn rides_along(&self) -> bool {
        true
    }

    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, _: &CallContext<'_>) -> Performed<()> {
        let id = &call.request().id;
        if around.secrets.knows(id) {
            Ok(Ok(()))
        } else {
            Ok(Err(Failure::problem("secret.missing", format!("secret `{id}` has no value: {}", around.secrets.why_not(id)))))
        }
    }
}

impl Dispatch for RememberRequest {
    fn rides_along(&self) -> bool {
        true
    }

    fn perform(_: &Surroundings<'_>, call: &Granted<Self>, _: &CallContext<'_>) -> Performed<()> {
        let Self { key, value } = call.request();
        if key.len() > LONGEST_KEY || value.len() > LONGEST_VALUE {
            return Ok(limit(
                "run.limit",
                format!("remember: a key of {} and a value of {} bytes, at most {LONGEST_KEY} and {LONGEST_VALUE}", key.len(), value.len()),
            ));
        }
        Ok(Ok(()))
    }

    fn remembers(&self) -> Option<(&str, &str)> {
        Some((&self.key, &self.value))
    }

    fn consequences(&self, (): &(), around: &Surroundings<'_>, step: &StepId) -> Result<Vec<Event>, Failure> {
        let full = |step: &StepState| step.remembered.len() >= MOST_KEYS && !step.remembered.contains_key(&self.key);
        if around.scribe().state().steps.get(step).is_some_and(full) {
            return limit("run.limit", format!("remember: the step has kept {MOST_KEYS} values already"));
        }
        let value = around.secrets.scrub_text(&self.value);
        Ok(vec![Event::ValueRemembered(ValueRemembered { step: step.clone(), key: self.key.clone(), value })])
    }
}

impl Dispatch for ArtifactRequest {
    fn rides_along(&self) -> bool {
        true
    }

    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Performed<ArtifactResponse> {
        match call.request() {
            Self::Seal { id, bytes } => {
                if let Err(failure) = check_artifact_id(id) {
                    return Ok(Err(failure));
                }
                if bytes.len() > LARGEST_AT_ONCE {
                    return Ok(limit("artifact.limit", format!("an artifact of {} bytes at once, at most {LARGEST_AT_ONCE}", bytes.len())));
                }
                around.scribe().attach(bytes.0.clone());
                let artifact = SealedArtifact { id: id.clone(), digest: Digest::of(&bytes.0), size: bytes.len().to_string() };
                Ok(Ok(ArtifactResponse::Sealed(artifact)))
            }
            Self::ById { id } => Ok(Ok(ArtifactResponse::Found(around.scribe().state().artifacts.get(id).cloned()))),
            Self::SealStreamed { id, digest, size } => Ok(streamed(context, id, *digest, size)),
            Self::Read { digest, offset, count } => Ok(read(context, *digest, (*offset).into(), *count)),
            Self::ReadAt { digest, offset, count } => match offset.parse() {
                Ok(offset) => Ok(read(context, *digest, offset, *count)),
                Err(_) => Ok(limit("artifact.limit", "the offset is not a decimal number of 64 bits".to_owned())),
            },
        }
    }
}

/// What was streamed to the store before the call is looked at once more: nobody gets an artifact whose bytes are not there.
fn streamed(context: &CallContext<'_>, id: &str, digest: Digest, size: &str) -> Result<ArtifactResponse, Failure> {
    check_artifact_id(id)?;
    let found = context.artifacts.open(digest)?.size().to_string();
    if found == size {
        return Ok(ArtifactResponse::Sealed(SealedArtifact { id: id.to_owned(), digest, size: found }));
    }
    Err(Failure::problem("artifact.corrupt", format!("artifact `{id}` has {found} bytes in the store and {size} were streamed")))
}

fn read(context: &CallContext<'_>, digest: Digest, offset: u64, count: u32) -> Result<ArtifactResponse, Failure> {
    if count > LONGEST_READ {
        return limit("artifact.limit", format!("reading {count} bytes at once, at most {LONGEST_READ}"));
    }
    let mut reader = context.artifacts.open(digest)?;
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    reader.take(count.into()).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(ArtifactResponse::Bytes(Content(bytes)))
}

fn limit<T>(code: &str, message: String) -> Result<T, Failure> {
    Err(Failure::fixed_limit(code, message))
}
