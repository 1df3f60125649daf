//! Answers `kube` by the scenario's `[[kube]]`: an object that is said once serves for reading it, recording how it stands and changing it.

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_model::request::{KubeCall, KubeChange, KubeRequest, KubeResponse, KubeRevision, KubeVersion, Request};
use lockstep_model::{Content, Failure};
use serde_json::Value;

use super::{Capability, World};
use crate::scenario::KubeAnswer;

impl Driver<KubeRequest> for World {
    fn perform(&self, call: &Granted<KubeRequest>, context: &CallContext<'_>) -> Result<KubeResponse, Failure> {
        let request = call.request();
        self.perform(call, context, |state, id| {
            let respond = |answer: KubeAnswer, _| response(&request.call, answer);
            self.pick(state, (Capability::Kube, &self.scenario.kube), |glob| glob.matches(request.summary().as_bytes()), respond)
                .unwrap_or_else(|near| self.unanswered_kube(state, id, request, near))
        })
    }
}

fn response(call: &KubeCall, answer: KubeAnswer) -> KubeResponse {
    let KubeAnswer { object, text, entries } = answer;
    let shown = |object: Option<Value>| object.map(|object| object.to_string());
    match call {
        KubeCall::Read => KubeResponse::Object(shown(object)),
        KubeCall::Revision => KubeResponse::Revision(object.map(revision).unwrap_or_default()),
        KubeCall::Apply { .. }
        | KubeCall::Patch { .. }
        | KubeCall::Scale { .. }
        | KubeCall::SetImage { .. }
        | KubeCall::Restart { .. }
        | KubeCall::RolloutUndo { .. } => KubeResponse::Change(KubeChange { object: shown(object).unwrap_or_else(|| "{}".to_owned()), unpinned: Vec::new() }),
        KubeCall::Delete { .. } | KubeCall::WaitForDeleted => KubeResponse::Nothing,
        KubeCall::RolloutStatus => KubeResponse::Text(or_text(text, r#"{"available":1,"ready":1,"updated":1,"wanted":1}"#)),
        KubeCall::WaitForCondition { .. } | KubeCall::WaitForJson { .. } => KubeResponse::Text(shown(object).unwrap_or_else(|| "{}".to_owned())),
        KubeCall::Logs { .. } => KubeResponse::Text(or_text(text, "")),
        KubeCall::Events | KubeCall::Entries { .. } => KubeResponse::Entries(entries.iter().map(Value::to_string).collect()),
    }
}

fn or_text(text: Content, else_it_is: &str) -> String {
    if text.is_empty() { else_it_is.to_owned() } else { String::from_utf8_lossy(&text.0).into_owned() }
}

fn revision(object: Value) -> KubeRevision {
    let template = object.pointer("/spec/template").map(Value::to_string);
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let images = containers.iter().filter_map(|container| Some((container["name"].as_str()?.to_owned(), container["image"].as_str()?.to_owned()))).collect();
    let version = KubeVersion { uid: "rehearsed".to_owned(), version: "generation 1".to_owned() };
    KubeRevision { version, object: Some(object.to_string()), template, replicas, images }
}
