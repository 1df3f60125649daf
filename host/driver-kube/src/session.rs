//! One call under way: what is asked, on which terms, of which cluster.

use lockstep_gate::{CallContext, Stream};
use lockstep_grant::KubeTerms;
use lockstep_model::Failure;
use lockstep_model::request::KubeRequest;
use serde_json::Value;

use crate::exchange::Cluster;
use crate::kinds::Resource;

pub(crate) struct Session<'a> {
    pub(crate) request: &'a KubeRequest,
    pub(crate) terms: &'a KubeTerms,
    pub(crate) context: &'a CallContext<'a>,
    pub(crate) cluster: &'a Cluster,
}

impl Session<'_> {
    /// What the server calls the kind of the request, below the request's namespace.
    pub(crate) async fn resource(&self) -> Result<Resource, Failure> {
        let resource = self.cluster.resource(&self.request.api_version, &self.request.kind).await?;
        let (kind, namespace) = (&self.request.kind, &self.request.namespace);
        match (resource.namespaced, namespace.is_empty()) {
            (true, true) if !self.request.id.is_empty() => Err(Failure::problem("kube.invalid", format!("a {kind} belongs to a namespace: name it"))),
            (false, false) => Err(Failure::problem("kube.invalid", format!("a {kind} belongs to no namespace, and not to {namespace}"))),
            (true, _) | (false, true) => Ok(resource),
        }
    }

    /// The object; none when it is not there.
    pub(crate) async fn object(&self) -> Result<Option<Value>, Failure> {
        let resource = self.resource().await?;
        self.cluster.get(&resource, &self.request.namespace, &self.request.id).await
    }

    /// The object, which must be there.
    pub(crate) async fn there(&self) -> Result<Value, Failure> {
        self.object().await?.ok_or_else(|| self.missing())
    }

    pub(crate) fn missing(&self) -> Failure {
        Failure::problem("kube.missing", format!("there is no {} {}", self.request.kind, self.request.place()))
    }

    /// A line for whoever looks on.
    pub(crate) fn say(&self, line: &str) {
        self.context.live.output(Stream::Stdout, format!("{line}\n").as_bytes());
    }
}
