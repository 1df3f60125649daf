//! Objects of one kind.

use serde_json::Value;

use super::answer;
use crate::bindings::lockstep::contract::kube as host;
use crate::{Result, json};

/// Pods of a namespace.
pub fn pods(namespace: &str) -> Selection {
    select("v1", "Pod", namespace)
}

/// Objects of any kind. An empty `namespace` is what belongs to none, or all of them.
pub fn select(api_version: &str, kind: &str, namespace: &str) -> Selection {
    let [api_version, kind, namespace] = [api_version, kind, namespace].map(str::to_owned);
    Selection { api_version, kind, namespace, labels: None, fields: None, limit: None }
}

/// Objects that are sought. Nothing happens before [`Selection::entries`].
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn all_run(_: &Ctx) -> Result<()> {
///     for pod in kube::pods("shop").labels("app=api").entries()? {
///         ensure!(pod["status"]["phase"] == "Running", "{} is {}", pod["metadata"]["name"], pod["status"]["phase"]);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `entries`"]
pub struct Selection {
    api_version: String,
    kind: String,
    namespace: String,
    labels: Option<String>,
    fields: Option<String>,
    limit: Option<u32>,
}

impl Selection {
    /// Only those with these labels: `app=api,tier!=test`.
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.labels = Some(selector.into());
        self
    }

    /// Only those with these fields: `status.phase=Running`.
    pub fn fields(mut self, selector: impl Into<String>) -> Self {
        self.fields = Some(selector.into());
        self
    }

    /// How many there may be: more is a failure. Without it 500.
    pub fn limit(mut self, count: u32) -> Self {
        self.limit = Some(count);
        self
    }

    /// The objects, by namespace and name.
    pub fn entries(self) -> Result<Vec<Value>> {
        let selection = host::Selection::new(&self.api_version, &self.kind, &self.namespace);
        if let Some(labels) = &self.labels {
            selection.labels(labels);
        }
        if let Some(fields) = &self.fields {
            selection.fields(fields);
        }
        if let Some(limit) = self.limit {
            selection.limit(limit);
        }
        answer(selection.entries())?.iter().map(|text| json::read(&self.kind, text)).collect()
    }
}
