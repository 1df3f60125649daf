//! Which driver performs which kind of request, and what follows for the run.

mod backups;
mod inside;
mod migrations;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_grant::{Grantable, Granted};
use lockstep_journal::Scribe;
use lockstep_journal::event::{ArtifactSealed, CallId, Event};
use lockstep_model::request::{
    DbAsk, DbRequest, DbResponse, DbRestore, FilesRequest, FilesResponse, HttpRequest, HttpResponse, KubeCall, KubeRequest, KubeResponse, RedisAsk,
    RedisRequest, RedisResponse, SealedArtifact, ShellRequest, ShellResponse,
};
use lockstep_model::{Clock, EffectClass, Failure, StepId, Timestamp};

use crate::artifacts::{check_artifact_id, taken};
use crate::driver::{CallContext, Driver, Settled};
use crate::dry_run::Trial;
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
    /// Performs `redis`.
    pub redis: Arc<dyn Driver<RedisRequest>>,
    /// Performs `kube`.
    pub kube: Arc<dyn Driver<KubeRequest>>,
    /// Performs `db`.
    pub db: Arc<dyn Driver<DbRequest>>,
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

    /// Whether what it does concerns the run alone: then a dry run does it as well.
    fn stays_inside() -> bool {
        false
    }

    /// What its driver says that would come of an effect, without its happening.
    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<Self::Response> {
        let _ = (around, call, context);
        Trial::Untried("nobody can try it without its happening".to_owned())
    }

    /// Whether it goes on from what the run has changed: it waits for something to come true, or comes after something in an order that is kept.
    fn goes_on_from_changes(&self) -> bool {
        false
    }

    /// Whether nothing of an effect has happened before its driver has noted something of it.
    fn notes_first(drivers: &Drivers, call: &Granted<Self>) -> bool {
        let _ = (drivers, call);
        false
    }

    /// What became of an at-most-once call whose outcome was lost, when its driver can find out by what it noted.
    fn settle(around: &Surroundings<'_>, call: &Granted<Self>, note: Option<&serde_json::Value>, context: &CallContext<'_>) -> Settled<Self::Response> {
        let _ = (around, call, note, context);
        Settled::NobodyToAsk
    }

    /// Whether several are performed one after the other, although the gate could do them side by side.
    fn takes_turns(drivers: &Drivers) -> bool {
        let _ = drivers;
        false
    }

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
        Ok(around.may_become(call, call.request().into_artifact.as_deref()).and_then(|()| around.drivers.http.perform(call, context)))
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<HttpResponse> {
        around.drivers.http.try_out(call, context)
    }

    fn goes_on_from_changes(&self) -> bool {
        self.until.is_some()
    }

    fn takes_turns(drivers: &Drivers) -> bool {
        drivers.http.takes_turns()
    }
}

impl Dispatch for ShellRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<ShellResponse, Failure>, Stop> {
        Ok(around.may_become(call, call.request().stdout_artifact.as_deref()).and_then(|()| around.drivers.shell.perform(call, context)))
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<ShellResponse> {
        around.drivers.shell.try_out(call, context)
    }
}

impl Dispatch for KubeRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<KubeResponse, Failure>, Stop> {
        Ok(around.drivers.kube.perform(call, context))
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<KubeResponse> {
        around.drivers.kube.try_out(call, context)
    }

    fn goes_on_from_changes(&self) -> bool {
        match self.call {
            KubeCall::RolloutStatus | KubeCall::WaitForCondition { .. } | KubeCall::WaitForJson { .. } | KubeCall::WaitForDeleted => true,
            KubeCall::Read
            | KubeCall::Revision
            | KubeCall::Apply { .. }
            | KubeCall::Patch { .. }
            | KubeCall::Delete { .. }
            | KubeCall::Scale { .. }
            | KubeCall::SetImage { .. }
            | KubeCall::Restart { .. }
            | KubeCall::RolloutUndo { .. }
            | KubeCall::Logs { .. }
            | KubeCall::Events
            | KubeCall::Entries { .. } => false,
        }
    }
}

impl Dispatch for FilesRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<FilesResponse, Failure>, Stop> {
        Ok(around.drivers.files.perform(call, context))
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<FilesResponse> {
        around.drivers.files.try_out(call, context)
    }
}

impl Dispatch for RedisRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<RedisResponse, Failure>, Stop> {
        match &call.request().ask {
            // The grant has answered.
            RedisAsk::Open => Ok(Ok(RedisResponse::Opened)),
            RedisAsk::Run { .. } | RedisAsk::Ping | RedisAsk::Info { .. } | RedisAsk::Scan { .. } | RedisAsk::DeleteByPrefix { .. } => {
                Ok(around.drivers.redis.perform(call, context))
            }
        }
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<RedisResponse> {
        around.drivers.redis.try_out(call, context)
    }

    fn rides_along(&self) -> bool {
        matches!(self.ask, RedisAsk::Open)
    }
}

impl Dispatch for DbRequest {
    fn perform(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Result<Result<DbResponse, Failure>, Stop> {
        match &call.request().ask {
            DbAsk::BackupIn(artifact) => Ok(backups::found(artifact, around)),
            DbAsk::MakeBackup(order) => Ok(backups::make(order, call, around, context)),
            DbAsk::VerifyBackup(backup) | DbAsk::Restore(DbRestore { backup, .. }) => {
                Ok(backups::known(backup, around).and_then(|()| around.drivers.db.perform(call, context)))
            }
            DbAsk::Migrate(migration) => {
                Ok(migrations::may_migrate(migration, &call.request().database, around).and_then(|()| around.drivers.db.perform(call, context)))
            }
            DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) | DbAsk::Execute(_) | DbAsk::Commit(_) | DbAsk::History => Ok(around.drivers.db.perform(call, context)),
        }
    }

    fn try_out(around: &Surroundings<'_>, call: &Granted<Self>, context: &CallContext<'_>) -> Trial<DbResponse> {
        match &call.request().ask {
            DbAsk::Migrate(migration) => match migrations::may_migrate(migration, &call.request().database, around) {
                Ok(()) => around.drivers.db.try_out(call, context),
                Err(failure) => Trial::Told(Err(failure)),
            },
            DbAsk::Open
            | DbAsk::Ping
            | DbAsk::Query(_)
            | DbAsk::Execute(_)
            | DbAsk::Commit(_)
            | DbAsk::History
            | DbAsk::MakeBackup(_)
            | DbAsk::BackupIn(_)
            | DbAsk::VerifyBackup(_)
            | DbAsk::Restore(_) => around.drivers.db.try_out(call, context),
        }
    }

    /// A migration is the next one only when those before it have been applied.
    fn goes_on_from_changes(&self) -> bool {
        matches!(self.ask, DbAsk::Migrate(_))
    }

    fn notes_first(drivers: &Drivers, call: &Granted<Self>) -> bool {
        drivers.db.notes_first(call)
    }

    fn settle(around: &Surroundings<'_>, call: &Granted<Self>, note: Option<&serde_json::Value>, context: &CallContext<'_>) -> Settled<DbResponse> {
        around.drivers.db.settle(call, note, context)
    }

    fn rides_along(&self) -> bool {
        matches!(self.ask, DbAsk::Open | DbAsk::BackupIn(_))
    }

    fn consequences(&self, response: &DbResponse, around: &Surroundings<'_>, step: &StepId) -> Result<Vec<Event>, Failure> {
        Ok(backups::consequences(&self.ask, response, around, step))
    }
}

/// That the run has the artifact from now on, unless another has its id.
pub(crate) fn sealed(artifact: &SealedArtifact, around: &Surroundings<'_>, step: &StepId) -> Result<Option<Event>, Failure> {
    match around.scribe().state().artifacts.get(&artifact.id) {
        Some(there) if there.digest != artifact.digest => Err(taken(&artifact.id, there.digest, Some(artifact.digest))),
        Some(_) => Ok(None),
        None => {
            let SealedArtifact { id, digest, size } = artifact.clone();
            Ok(Some(Event::ArtifactSealed(ArtifactSealed { step: step.clone(), id, digest, size })))
        }
    }
}

impl Surroundings<'_> {
    /// The run's writer, for a moment: never while something is performed that takes time.
    fn scribe(&self) -> MutexGuard<'_, Scribe> {
        self.scribe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what the call gives may become the artifact `id`. What must not be done twice does not begin when the run has one already: it would be done for
    /// nothing. What may be done again may give the same bytes again.
    fn may_become<R: Grantable>(&self, call: &Granted<R>, id: Option<&str>) -> Result<(), Failure> {
        let Some(id) = id else { return Ok(()) };
        check_artifact_id(id)?;
        match (call.class(), self.scribe().state().artifacts.get(id)) {
            (EffectClass::AtMostOnce, Some(there)) => Err(taken(id, there.digest, None)),
            (EffectClass::AtMostOnce, None) | (EffectClass::Read | EffectClass::Idempotent, _) => Ok(()),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.scribe().clock())
    }
}
