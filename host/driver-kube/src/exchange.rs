//! One request, one answer, of bounded size; and whether the server still takes the credentials.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::api::{DeleteParams, GetParams, ListParams, LogParams, Patch, PatchParams};
use kube::client::Body;
use kube::core::Request;
use lockstep_model::{Failure, Secret};
use serde_json::Value;
use tokio::time::Instant;

use crate::failures::{Refusal, broken, refused};
use crate::kinds::{Resource, listed};

/// The longest answer, in bytes: objects are at most 1.5 MiB in a cluster, and a list of many is no procedure's business.
const LONGEST_ANSWER: usize = 32 << 20;

/// The longest that a busy server is left alone, whatever it says: longer, and nobody could tell waiting from hanging.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A request, if its parts make one.
type Built = Result<http::Request<Vec<u8>>, kube::core::request::Error>;

/// A cluster, and what is known of it.
pub(crate) struct Cluster {
    client: Client,
    /// What messages call its server.
    at: String,
    /// The server has refused the credentials: the next call reads them anew.
    stale: AtomicBool,
    /// Until when the server wants to be left alone, as it last said.
    rests: Mutex<Option<Instant>>,
    kinds: Mutex<HashMap<(String, String), Resource>>,
}

impl Cluster {
    pub(crate) fn of(client: Client, at: String) -> Self {
        Self { client, at, stale: AtomicBool::new(false), rests: Mutex::default(), kinds: Mutex::default() }
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// What the server calls a kind, looked up once.
    pub(crate) async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Failure> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.lock().get(&key) {
            return Ok(known.clone());
        }
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        // A get of the version below the root is the list of its resources.
        let unknown = || Failure::problem("kube.kind", format!("the cluster has no {api_version}/{kind}"));
        let list = match self.json(Request::new(root).get(api_version, &GetParams::default())).await {
            Err(failure) if failure.code() == "kube.missing" => return Err(unknown()),
            other => other?,
        };
        let found = listed(api_version, kind, &list).ok_or_else(unknown)?;
        self.lock().insert(key, found.clone());
        Ok(found)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Resource>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object; none when it is not there.
    pub(crate) async fn get(&self, resource: &Resource, namespace: &str, id: &str) -> Result<Option<Value>, Failure> {
        match self.json(Request::new(resource.path(namespace)).get(id, &GetParams::default())).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.code() == "kube.missing" => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) async fn list(&self, resource: &Resource, namespace: &str, params: &ListParams) -> Result<Value, Failure> {
        self.json(Request::new(resource.path(namespace)).list(params)).await
    }

    pub(crate) async fn patch(&self, resource: &Resource, namespace: &str, id: &str, params: &PatchParams, patch: &Patch<Value>) -> Result<Value, Failure> {
        self.json(Request::new(resource.path(namespace)).patch(id, params, patch)).await
    }

    pub(crate) async fn delete(&self, resource: &Resource, namespace: &str, id: &str, params: &DeleteParams) -> Result<(), Failure> {
        self.bytes(Request::new(resource.path(namespace)).delete(id, params)).await.map(drop)
    }

    /// What the server calls its version.
    pub(crate) async fn version(&self) -> Result<String, Failure> {
        let found = self.json(Request::new("").get("version", &GetParams::default())).await?;
        let version = found["gitVersion"].as_str().map(str::to_owned);
        version.ok_or_else(|| Failure::problem("kube.protocol", "the server does not say which version it has: is it one of Kubernetes?"))
    }

    /// A Secret as the server writes it.
    pub(crate) async fn secret(&self, namespace: &str, id: &str) -> Result<Secret<Vec<u8>>, Failure> {
        self.bytes(Request::new(format!("/api/v1/namespaces/{namespace}/secrets")).get(id, &GetParams::default())).await.map(Secret::new)
    }

    /// The log of a pod's container.
    pub(crate) async fn log(&self, namespace: &str, pod: &str, params: &LogParams) -> Result<String, Failure> {
        let bytes = self.bytes(Request::new(format!("/api/v1/namespaces/{namespace}/pods")).logs(pod, params)).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn json(&self, request: Built) -> Result<Value, Failure> {
        let bytes = self.bytes(request).await?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::retryable("kube.protocol", format!("the server's answer is not JSON: {error}")))
    }

    async fn bytes(&self, request: Built) -> Result<Vec<u8>, Failure> {
        let request = request.map_err(|error| Failure::problem("kube.invalid", error.to_string()))?;
        // Whose call it is has a deadline around this.
        let rests = *self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = rests {
            tokio::time::sleep_until(until).await;
        }
        let response = self.client.send(request.map(Body::from)).await.map_err(|error| broken(&self.at, &error))?;
        let status = response.status();
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| if error.is::<http_body_util::LengthLimitError>() { too_long() } else { broken(&self.at, error.as_ref()) })?.to_bytes();
        if status.is_success() {
            return Ok(body.to_vec());
        }
        if status.as_u16() == 401 {
            self.stale.store(true, Ordering::Relaxed);
        }
        let Refusal { failure, rest } = refused(status.as_u16(), &body, after.as_deref());
        if let Some(rest) = rest {
            let until = Instant::now() + Duration::from_secs(rest.into()).min(LONGEST_REST);
            *self.rests.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        Err(failure)
    }
}

fn too_long() -> Failure {
    Failure::fixed_limit("kube.limit", format!("the server's answer is longer than {} MiB", LONGEST_ANSWER >> 20))
}
