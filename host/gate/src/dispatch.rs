//! Which driver performs which kind of request, and what follows for the run.

mod inside;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_grant::{Grantable, Granted};
use lockstep_journal::event::{ArtifactSealed, CallId, Event};
use lockstep_journal::{Scribe, Store};
use lockstep_model::request::{FilesRequest, FilesResponse, HttpRequest, HttpResponse, SealedArtifact, ShellRequest, ShellResponse};
use lockstep_model::{Clock, Failure, StepId, Timestamp};

use crate::driver::{CallContext, Driver};
use crate::interrupt::Interrupt;
use crate::secrets::Secrets;
use crate::stop::Stop;

/// The drivers that reach outside. What lives inside the host (time, randomness, artifacts) needs none.
#[derive(Clone)]
pub struct Drivers {
    /// Performs `http`.
    pub http: Arc<dyn Driver<HttpRequest>>,
    /// Performs `shell`.
    pub shell: Arc<dyn Driver<ShellRequest>>,
    /// Performs `files`.
    pub files: Arc<dyn Driver<FilesRequest>>,
}

/// What performing a request may lean on besides its driver.
pub struct Surroundings<'a> {
    pub(crate) drivers: &'a Drivers,
    pub(crate) scribe: &'a Mutex<Scribe>,
    pub(crate) secrets: &'a Secrets,
    pub(crate) interrupt: &'a Interrupt,
    /// Makes the run's randomness, together with the call.
    pub(crate) seed: &'a str,
    pub(crate) call: &'a CallId,
    /// When the intent was written: a sleep counts from here, also after a crash.
    pub(crate) intended_at: Timestamp,
    /// A sleep that lasts longer from now ends the attempt.
    pub(crate) longest_hold: Duration,
}

/// A kind of request that the gate can have performed.
pub trait Dispatch: Grantable {
    /// Performs it.
    ///
    /// # Errors
    /// `Failure` is an outcome for the guest and the journal; `Stop` ends the attempt without an outcome.
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<Self::Response, Failure>, Stop>;

    /// Whether the step's deadline stands still while it is performed.
    fn stands_still(&self) -> bool {
        false
    }

    /// Whether the record of a read may wait for the next write: what only the host performed is done again for nothing.
    fn rides_along(&self) -> bool {
        false
    }

    /// The key and value that the step keeps by it.
    fn remembers(&self) -> Option<(&str, &str)> {
        None
    }

    /// What follows for the state of the run; recorded together with the outcome.
    ///
    /// # Errors
    /// When it must not follow: the call has failed then.
    fn consequences(&self, response: &Self::Response, around: &Surroundings<'_>, step: &StepId) -> Result<Vec<Event>, Failure> {
        let _ = (response, around, step);
        Ok(Vec::new())
    }
}

impl Dispatch for HttpRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<HttpResponse, Failure>, Stop> {
        Ok(around.drivers.http.perform(call, context))
    }
}

impl Dispatch for ShellRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<ShellResponse, Failure>, Stop> {
        Ok(around.drivers.shell.perform(call, context))
    }
}

impl Dispatch for FilesRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<FilesResponse, Failure>, Stop> {
        if let Self::Keep { artifact, .. } = call.request()
            && let Err(failure) = check_artifact_id(artifact)
        {
            return Ok(Err(failure));
        }
        Ok(around.drivers.files.perform(call, context))
    }

    fn consequences(&self, response: &FilesResponse, around: &Surroundings<'_>, step: &StepId) -> Result<Vec<Event>, Failure> {
        match response {
            FilesResponse::Kept(artifact) => sealed(artifact, around, step),
            FilesResponse::Nothing
            | FilesResponse::Bytes(_)
            | FilesResponse::Entry(_)
            | FilesResponse::Names(_)
            | FilesResponse::Digest(_)
            | FilesResponse::Free(_) => Ok(Vec::new()),
        }
    }
}

/// That the run has the artifact from now on, unless another has its id.
fn sealed(artifact: &SealedArtifact, around: &Surroundings<'_>, step: &StepId) -> Result<Vec<Event>, Failure> {
    match around.scribe().state().artifacts.get(&artifact.id) {
        Some(there) if there.digest != artifact.digest => Err(Failure::problem(
            "artifact.taken",
            format!("the run has an artifact `{}` already, with digest {}; this one has {}", artifact.id, there.digest, artifact.digest),
        )),
        Some(_) => Ok(Vec::new()),
        None => {
            let SealedArtifact { id, digest, size } = artifact.clone();
            Ok(vec![Event::ArtifactSealed(ArtifactSealed { step: step.clone(), id, digest, size })])
        }
    }
}

fn check_artifact_id(id: &str) -> Result<(), Failure> {
    const LONGEST: usize = 64;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        let shown: String = id.chars().take(40).flat_map(char::escape_default).collect();
        Err(Failure::problem("artifact.id", format!("artifact id `{shown}`: expected 1 to {LONGEST} of a-z, 0-9, - and .")))
    }
}

impl Surroundings<'_> {
    /// The run's writer, for a moment: never while something is performed that takes time.
    fn scribe(&self) -> MutexGuard<'_, Scribe> {
        self.scribe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.scribe().store())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.scribe().clock())
    }
}
