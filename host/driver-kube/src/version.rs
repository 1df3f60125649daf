//! Which version the cluster's server has: for an operator who looks whether a grant's cluster is there, never for a procedure.

use std::sync::Arc;
use std::time::Duration;

use lockstep_grant::KubeAccess;
use lockstep_model::{Failure, Secret};

use crate::KubeDriver;

/// How long the cluster may take: somebody sits and waits.
const PATIENCE: Duration = Duration::from_secs(10);

impl KubeDriver {
    /// What the server calls its version, `v1.36.3`, asked with the grant's credentials. `token`: what [`KubeAccess::Server`] shows the server.
    ///
    /// # Errors
    /// What `kube` calls fail with, within ten seconds.
    pub fn server_version(&self, access: &Arc<KubeAccess>, token: Option<Secret<Vec<u8>>>) -> Result<String, Failure> {
        let Some(runtime) = &self.runtime else {
            return Err(Failure::problem("kube.connect", "the kube driver has been shut down"));
        };
        let asked = async { self.cluster(access, token).await?.version().await };
        let late = |_| Err(Failure::TimedOut(format!("the cluster did not answer within {PATIENCE:?}")));
        runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(late) })
    }
}
