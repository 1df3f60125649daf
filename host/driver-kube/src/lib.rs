//! Performs `kube` calls: one cluster, named by the grant, asked over its API and nothing else.
//!
//! The only crate that links kube. Objects stay JSON: what a cluster knows and this program does not is kept as it is.
//!
//! # Guarantees
//! The server's certificate is always verified. A change is conditional on the state that was recorded before it, and carries the call's key: asked for
//! again after a crash or a broken connection it is recognised and not made again. Nothing is retried but what is known not to be there yet.
//! # Caveats
//! No proxy is used, whatever the environment says. In a cluster the server's address comes from the variables that Kubernetes sets.

mod access;
mod change;
mod exchange;
mod failures;
mod gather;
mod kinds;
mod look;
mod merge;
mod object;
mod rollout;
mod secrets;
mod session;
mod version;
mod wait;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_gate::{CallContext, Driver, Interrupt, Trial};
use lockstep_grant::{Granted, KubeAccess};
use lockstep_model::request::{KubeCall, KubeRequest, KubeResponse, Request};
use lockstep_model::{Failure, Secret};
use tokio::runtime::{Builder, Runtime};

use crate::exchange::Cluster;
use crate::session::Session;

/// How often the operator's wish to cancel is looked for.
const GLANCE: Duration = Duration::from_millis(100);

/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// How long the last words of a deadline may take: pods, events and logs of what did not get ready.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// One for each cluster and identity, with the token that it was made with.
type Clusters = HashMap<Arc<KubeAccess>, (Secret<Vec<u8>>, Arc<Cluster>)>;

/// Asks clusters. Calls may come from many threads at once, but not from those of an asynchronous runtime: each blocks its thread.
pub struct KubeDriver {
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
    /// Connections are kept.
    clusters: Mutex<Clusters>,
}

impl KubeDriver {
    /// Starts the one thread that moves the bytes of all calls.
    ///
    /// # Errors
    /// When the host has no thread or no descriptors left.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("kube").enable_io().enable_time().build()?;
        Ok(Self { runtime: Some(runtime), clusters: Mutex::default() })
    }

    /// The cluster, asked with `token` where the grant gives one. Credentials that the server has refused are read anew.
    async fn cluster(&self, access: &Arc<KubeAccess>, token: Option<Secret<Vec<u8>>>) -> Result<Arc<Cluster>, Failure> {
        let token = token.unwrap_or_else(|| Secret::new(Vec::new()));
        let known = self.lock().get(access).cloned();
        if let Some((before, cluster)) = known
            && before == token
            && !cluster.is_stale()
        {
            return Ok(cluster);
        }
        let cluster = Arc::new(access::cluster(access, &token).await?);
        self.lock().insert(access.clone(), (token, cluster.clone()));
        Ok(cluster)
    }

    fn lock(&self) -> MutexGuard<'_, Clusters> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks `request`, which is the call's or the dry run of it.
    async fn answer(&self, call: &Granted<KubeRequest>, request: &KubeRequest, context: &CallContext<'_>) -> Result<KubeResponse, Failure> {
        let terms = call.terms();
        let token = match &*terms.access {
            KubeAccess::Server { token, .. } => call.secret(token).cloned(),
            KubeAccess::Kubeconfig { .. } | KubeAccess::InCluster => None,
        };
        let cluster = self.cluster(&terms.access, token).await?;
        within_deadline(&Session { request, terms, context, cluster: &cluster }).await
    }
}

async fn within_deadline(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let Session { request, context, .. } = session;
    let allowed = request.timeout().unwrap_or(LONGEST).min(context.time_left).min(LONGEST);
    match tokio::time::timeout(allowed, perform(session)).await {
        Ok(answer) => answer,
        Err(_) => {
            let words = tokio::time::timeout(LAST_WORDS, last_words(session)).await.unwrap_or_default();
            Err(Failure::TimedOut(failures::told(format!("{allowed:?} had passed in {}{words}", request.summary()))))
        }
    }
}

async fn perform(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    match &session.request.call {
        KubeCall::Read => look::read(session).await,
        KubeCall::Revision => look::revision(session).await,
        KubeCall::Entries { labels, fields, limit } => look::entries(session, labels, fields, *limit).await,
        KubeCall::Logs { container, lines, since } => look::logs(session, container, *lines, *since).await,
        KubeCall::Events => look::events(session).await,
        KubeCall::Apply { .. }
        | KubeCall::Patch { .. }
        | KubeCall::Scale { .. }
        | KubeCall::SetImage { .. }
        | KubeCall::Restart { .. }
        | KubeCall::RolloutUndo { .. } => change::make(session).await,
        KubeCall::Delete { before } => change::delete(session, before).await,
        KubeCall::RolloutStatus => rollout::watch(session).await,
        KubeCall::WaitForCondition { condition, status } => wait::for_condition(session, condition, status).await,
        KubeCall::WaitForJson { pointer, value } => wait::for_json(session, pointer, value).await,
        KubeCall::WaitForDeleted => wait::for_deleted(session).await,
    }
}

/// What a deadline leaves behind that an operator would look up next.
async fn last_words(session: &Session<'_>) -> String {
    match &session.request.call {
        KubeCall::RolloutStatus => gather::of_rollout(session).await,
        KubeCall::WaitForCondition { .. } => wait::stands(session, "/status/conditions").await,
        KubeCall::WaitForJson { pointer, .. } => wait::stands(session, pointer).await,
        KubeCall::Read
        | KubeCall::Revision
        | KubeCall::Apply { .. }
        | KubeCall::Patch { .. }
        | KubeCall::Delete { .. }
        | KubeCall::Scale { .. }
        | KubeCall::SetImage { .. }
        | KubeCall::Restart { .. }
        | KubeCall::RolloutUndo { .. }
        | KubeCall::WaitForDeleted
        | KubeCall::Logs { .. }
        | KubeCall::Events
        | KubeCall::Entries { .. } => String::new(),
    }
}

/// Returns once the operator cancels.
async fn cancelled(interrupt: &Interrupt) {
    while !interrupt.is_cancelled() {
        tokio::time::sleep(GLANCE).await;
    }
}

impl KubeDriver {
    fn ask(&self, call: &Granted<KubeRequest>, request: &KubeRequest, context: &CallContext<'_>) -> Result<KubeResponse, Failure> {
        let Some(runtime) = &self.runtime else {
            return Err(Failure::problem("kube.connect", "the kube driver has been shut down"));
        };
        runtime.block_on(async {
            tokio::select! {
                answer = self.answer(call, request, context) => answer,
                () = cancelled(context.interrupt) => Err(Failure::TimedOut("cancelled by the operator".to_owned())),
            }
        })
    }
}

impl Driver<KubeRequest> for KubeDriver {
    fn perform(&self, call: &Granted<KubeRequest>, context: &CallContext<'_>) -> Result<KubeResponse, Failure> {
        self.ask(call, call.request(), context)
    }

    /// The server goes through all of a change, admission included, and stores nothing.
    fn try_out(&self, call: &Granted<KubeRequest>, context: &CallContext<'_>) -> Trial<KubeResponse> {
        Trial::Told(self.ask(call, &KubeRequest { dry_run: true, ..call.request().clone() }, context))
    }
}

impl Drop for KubeDriver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name still being looked up cannot be interrupted, and nobody waits for it any more.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
