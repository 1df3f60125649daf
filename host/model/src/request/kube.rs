//! `kube`: what is asked of a Kubernetes cluster, and what it gives. Objects are JSON text, as they cross.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Request, Response, TextPlace, line};
use crate::EffectClass;

/// One call of `kube`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KubeRequest {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Empty for what belongs to none, and for a list of all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name; empty for a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What is to be done.
    pub call: KubeCall,
    /// None: what the contract says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
    /// The server only tries it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The functions of `kube`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum KubeCall {
    /// `target.read`.
    Read,
    /// `target.revision`.
    Revision,
    /// `target.apply`.
    Apply {
        /// How it stood.
        before: KubeVersion,
        /// The object, JSON.
        object: String,
        /// Takes over fields that others manage.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        force: bool,
    },
    /// `target.patch`.
    Patch {
        /// How it stood.
        before: KubeVersion,
        /// RFC 7386, JSON.
        patch: String,
    },
    /// `target.delete`.
    Delete {
        /// How it stood.
        before: KubeVersion,
    },
    /// `target.scale`.
    Scale {
        /// How it stood.
        before: KubeVersion,
        /// How many.
        replicas: u32,
    },
    /// `target.set-image`.
    SetImage {
        /// How it stood.
        before: KubeVersion,
        /// Which.
        container: String,
        /// What.
        image: String,
    },
    /// `target.restart`.
    Restart {
        /// How it stood.
        before: KubeVersion,
    },
    /// `target.rollout-undo`.
    RolloutUndo {
        /// Of which object.
        uid: String,
        /// Its pod template then, JSON.
        template: String,
    },
    /// `target.rollout-status`.
    RolloutStatus,
    /// `target.wait-for-condition`.
    WaitForCondition {
        /// `Available`.
        condition: String,
        /// `True`.
        status: String,
    },
    /// `target.wait-for-json`.
    WaitForJson {
        /// RFC 6901.
        pointer: String,
        /// A string, or a number or flag as it is written.
        value: String,
    },
    /// `target.wait-for-deleted`.
    WaitForDeleted,
    /// `target.logs`.
    Logs {
        /// Empty for all.
        container: String,
        /// Of each container.
        lines: u32,
        /// Seconds; 0 for ever.
        since: u32,
    },
    /// `target.events`.
    Events,
    /// `selection.entries`.
    Entries {
        /// Label selector.
        labels: String,
        /// Field selector.
        fields: String,
        /// More is a failure.
        limit: u32,
    },
}

/// Which state of which object: what a change is conditional on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KubeVersion {
    /// Empty when nothing was there.
    pub uid: String,
    /// The generation, or the resource version where there is none: it changes when what is wanted changes, not when the cluster gets on with it.
    pub version: String,
}

/// How an object stood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KubeRevision {
    /// Which state.
    pub version: KubeVersion,
    /// JSON without what the server alone says; none when nothing was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The pod template of a workload, JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How many are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Container and image, with digests as running pods tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<(String, String)>,
}

/// What a function of `kube` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gives", content = "value", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum KubeResponse {
    /// `delete`, `wait-for-deleted`.
    Nothing,
    /// `read`.
    Object(Option<String>),
    /// `revision`.
    Revision(KubeRevision),
    /// The changes.
    Change(KubeChange),
    /// `rollout-status`, the waits, `logs`.
    Text(String),
    /// `events`, `entries`.
    Entries(Vec<String>),
}

/// What a change has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KubeChange {
    /// JSON, after it.
    pub object: String,
    /// Images without a digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpinned: Vec<String>,
}

impl KubeRequest {
    /// A call with the contract's defaults.
    pub fn of(api_version: &str, kind: &str, namespace: &str, id: &str, call: KubeCall) -> Self {
        let [api_version, kind, namespace, id] = [api_version, kind, namespace, id].map(str::to_owned);
        Self { api_version, kind, namespace, id, call, timeout_milliseconds: None, dry_run: false }
    }

    /// What a grant calls it.
    pub fn verb(&self) -> &'static str {
        match &self.call {
            KubeCall::Read | KubeCall::Revision | KubeCall::WaitForCondition { .. } | KubeCall::WaitForJson { .. } | KubeCall::WaitForDeleted => "get",
            KubeCall::Entries { .. } => "list",
            KubeCall::Apply { .. }
            | KubeCall::Patch { .. }
            | KubeCall::Delete { .. }
            | KubeCall::Scale { .. }
            | KubeCall::SetImage { .. }
            | KubeCall::Restart { .. }
            | KubeCall::RolloutUndo { .. }
            | KubeCall::RolloutStatus
            | KubeCall::Logs { .. }
            | KubeCall::Events => self.function(),
        }
    }

    /// Whether it takes away what cannot be had back by asking for it again.
    pub fn is_destructive(&self) -> bool {
        matches!(&self.call, KubeCall::Delete { .. } | KubeCall::Scale { replicas: 0, .. }) && !self.dry_run
    }

    /// `shop/api`, or `api` of no namespace.
    pub fn place(&self) -> String {
        [&self.namespace, &self.id].into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/")
    }
}

impl Request for KubeRequest {
    type Response = KubeResponse;

    fn interface(&self) -> &'static str {
        "kube"
    }

    fn function(&self) -> &'static str {
        match &self.call {
            KubeCall::Read => "read",
            KubeCall::Revision => "revision",
            KubeCall::Apply { .. } => "apply",
            KubeCall::Patch { .. } => "patch",
            KubeCall::Delete { .. } => "delete",
            KubeCall::Scale { .. } => "scale",
            KubeCall::SetImage { .. } => "set-image",
            KubeCall::Restart { .. } => "restart",
            KubeCall::RolloutUndo { .. } => "rollout-undo",
            KubeCall::RolloutStatus => "rollout-status",
            KubeCall::WaitForCondition { .. } => "wait-for-condition",
            KubeCall::WaitForJson { .. } => "wait-for-json",
            KubeCall::WaitForDeleted => "wait-for-deleted",
            KubeCall::Logs { .. } => "logs",
            KubeCall::Events => "events",
            KubeCall::Entries { .. } => "entries",
        }
    }

    fn class(&self) -> EffectClass {
        match &self.call {
            KubeCall::Apply { .. }
            | KubeCall::Patch { .. }
            | KubeCall::Delete { .. }
            | KubeCall::Scale { .. }
            | KubeCall::SetImage { .. }
            | KubeCall::Restart { .. }
            | KubeCall::RolloutUndo { .. }
                if !self.dry_run =>
            {
                EffectClass::Idempotent
            }
            _ => EffectClass::Read,
        }
    }

    fn summary(&self) -> String {
        let said = match &self.call {
            KubeCall::Scale { replicas, .. } => format!(" to {replicas}"),
            KubeCall::SetImage { container, image, .. } => format!(" {container}={image}"),
            KubeCall::WaitForCondition { condition, status } => format!(" {condition}={status}"),
            KubeCall::WaitForJson { pointer, value } => format!(" {pointer}={value}"),
            KubeCall::Entries { labels, fields, .. } => [labels, fields].into_iter().filter(|text| !text.is_empty()).map(|text| format!(" {text}")).collect(),
            KubeCall::Logs { container, .. } if !container.is_empty() => format!(" {container}"),
            KubeCall::Read
            | KubeCall::Revision
            | KubeCall::Apply { .. }
            | KubeCall::Patch { .. }
            | KubeCall::Delete { .. }
            | KubeCall::Restart { .. }
            | KubeCall::RolloutUndo { .. }
            | KubeCall::RolloutStatus
            | KubeCall::WaitForDeleted
            | KubeCall::Logs { .. }
            | KubeCall::Events => String::new(),
        };
        let tried = if self.dry_run { " (dry run)" } else { "" };
        line(&format!("{} {}/{} {}{said}{tried}", self.function(), self.api_version, self.kind, self.place()))
    }

    fn timeout(&self) -> Option<Duration> {
        /// Of what is one exchange, or a few.
        const USUAL: u32 = 30_000;
        let waits = match &self.call {
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
        };
        self.timeout_milliseconds.or((!waits).then_some(USUAL)).map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }
}

impl Response for KubeResponse {
    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        match self {
            Self::Nothing | Self::Object(None) => {}
            Self::Object(Some(text)) | Self::Text(text) => visit(TextPlace::Text(text)),
            Self::Revision(revision) => {
                revision.object.iter_mut().chain(&mut revision.template).for_each(|text| visit(TextPlace::Text(text)));
            }
            Self::Change(change) => visit(TextPlace::Text(&mut change.object)),
            Self::Entries(texts) => texts.iter_mut().for_each(|text| visit(TextPlace::Text(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KubeCall, KubeRequest, KubeVersion};
    use crate::{EffectClass, Request};

    #[test]
    fn a_change_is_idempotent_and_one_that_is_only_tried_is_a_read() {
        let mut scale = KubeRequest::of("apps/v1", "Deployment", "shop", "api", KubeCall::Scale { before: KubeVersion::default(), replicas: 0 });
        assert_eq!((scale.class(), scale.is_destructive(), scale.verb()), (EffectClass::Idempotent, true, "scale"));
        assert_eq!(scale.summary(), "scale apps/v1/Deployment shop/api to 0");
        scale.dry_run = true;
        assert_eq!((scale.class(), scale.is_destructive()), (EffectClass::Read, false));
    }

    #[test]
    fn a_wait_has_the_steps_deadline_and_everything_else_one_of_its_own() {
        let timeout = |call| KubeRequest::of("v1", "Pod", "shop", "api", call).timeout();
        assert_eq!(timeout(KubeCall::RolloutStatus), None);
        assert_eq!(timeout(KubeCall::Read).map(|time| time.as_secs()), Some(30));
    }

    #[test]
    fn a_request_is_stored_and_read_back() {
        let request = KubeRequest::of("v1", "Node", "", "n1", KubeCall::WaitForCondition { condition: "Ready".into(), status: "True".into() });
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!((&json["call"]["does"], json.get("namespace")), (&"wait-for-condition".into(), None));
        assert_eq!(serde_json::from_value::<KubeRequest>(json).unwrap(), request);
    }
}
