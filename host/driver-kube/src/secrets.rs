//! Values of the grant's own secrets that are kept in a cluster: read by the host for itself, never for a procedure.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret as KubeSecret;
use lockstep_grant::KubeAccess;
use lockstep_model::{Failure, Secret};

use crate::KubeDriver;

/// How long the cluster may take: a run waits for it before its first step.
const PATIENCE: Duration = Duration::from_secs(30);

impl KubeDriver {
    /// The value under `key` of the Secret `object`. `token`: what [`KubeAccess::Server`] shows the server.
    ///
    /// # Errors
    /// What `kube` calls fail with, within half a minute; `kube.missing` when there is no such Secret or key.
    pub fn secret_value(
        &self,
        access: &Arc<KubeAccess>,
        token: Option<Secret<Vec<u8>>>,
        (namespace, object, key): (&str, &str, &str),
    ) -> Result<Secret<Vec<u8>>, Failure> {
        let asked = async {
            let bytes = self.cluster(access, token).await?.secret(namespace, object).await?;
            let read: Result<KubeSecret, _> = serde_json::from_slice(bytes.expose());
            // Not the parser's own words: they quote what they stumble over.
            let found = read.map_err(|_| Failure::problem("kube.protocol", format!("what the server gave is not the Secret {namespace}/{object}")))?;
            let values = found.data.unwrap_or_default().into_iter().map(|(key, value)| (key, Secret::new(value.0)));
            // All of them, so that those that nobody asked for are cleared as well.
            let value = values.fold(None, |wanted, (found, value)| if found == key { Some(value) } else { wanted });
            value.ok_or_else(|| Failure::problem("kube.missing", format!("the Secret {namespace}/{object} has no key `{key}`")))
        };
        let Some(runtime) = &self.runtime else {
            return Err(Failure::problem("kube.connect", "the kube driver has been shut down"));
        };
        let late = |_| Err(Failure::TimedOut(format!("the cluster did not give the Secret {namespace}/{object} within {PATIENCE:?}")));
        runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(late) })
    }
}
