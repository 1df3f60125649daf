//! The changes: each conditional on the state that was recorded before it, and marked, so that it is known again and not made twice.

use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use lockstep_model::request::{KubeCall, KubeResponse, KubeVersion};
use lockstep_model::{Digest, Failure};
use serde_json::{Value, json};

use crate::failures::passes;
use crate::kinds::Resource;
use crate::session::Session;
use crate::{merge, object};

/// Who manages the fields that a procedure changes.
const MANAGER: &str = "lockstep";

/// How often an object that its controllers are writing to is read again, and a connection that broke is tried again, before somebody else decides.
const MOST_TRIES: u32 = 8;

/// How long after the first broken try the second comes; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(100);

/// What stands in the place of a secret's value that was taken out of a record.
const MARKER: &str = "{{secret:";

/// Makes the change of the request, or finds that it is made.
pub(crate) async fn make(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let resource = session.resource().await?;
    let mark = mark(session);
    let mut tries = 0;
    loop {
        tries += 1;
        match once(session, &resource, &mark).await {
            Ok(object) => return Ok(KubeResponse::Change(object::change(object))),
            // Whether it happened is seen by the mark at the next look; a write that met another is judged by the version again.
            Err(failure) if tries < MOST_TRIES && (passes(&failure) || is_race(&failure)) => tokio::time::sleep(PAUSE * 2_u32.pow(tries.min(6) - 1)).await,
            Err(failure) => return Err(failure),
        }
    }
}

/// Looks, and writes when there is something to write.
async fn once(session: &Session<'_>, resource: &Resource, mark: &str) -> Result<Value, Failure> {
    let request = session.request;
    let now = session.cluster.get(resource, &request.namespace, &request.id).await?;
    if let Some(object) = now.as_ref().filter(|object| object::mark(object) == Some(mark)) {
        return Ok(object.clone());
    }
    check_version(session, now.as_ref())?;
    let params = PatchParams { dry_run: request.dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let (params, patch) = match &request.call {
        KubeCall::Apply { object, force, .. } => (PatchParams { force: *force, ..params }, Patch::Apply(applied(session, object, mark)?)),
        _ => (params, Patch::Merge(merged(session, now.as_ref().ok_or_else(|| session.missing())?, mark)?)),
    };
    session.cluster.patch(resource, &request.namespace, &request.id, &params, &patch).await
}

/// That nobody has changed the object since it was recorded.
fn check_version(session: &Session<'_>, now: Option<&Value>) -> Result<(), Failure> {
    let found = now.map(object::version).unwrap_or_default();
    let as_recorded = match &session.request.call {
        KubeCall::Apply { before, .. }
        | KubeCall::Patch { before, .. }
        | KubeCall::Scale { before, .. }
        | KubeCall::SetImage { before, .. }
        | KubeCall::Restart { before } => *before == found,
        // Whatever has been done to it since: that is what an undo is for.
        KubeCall::RolloutUndo { uid, .. } => *uid == found.uid,
        _ => true,
    };
    if as_recorded {
        return Ok(());
    }
    if now.is_none() { Err(session.missing()) } else { Err(changed(session, &found)) }
}

fn changed(session: &Session<'_>, found: &KubeVersion) -> Failure {
    let (kind, place) = (&session.request.kind, session.request.place());
    Failure::retryable("kube.conflict", format!("{kind} {place} has been changed since it was recorded; now it is at {}", found.version))
}

/// A conflict that the server found between our look and our write.
fn is_race(failure: &Failure) -> bool {
    failure.code() == "kube.conflict" && failure.message().contains("please apply your changes to the latest version")
}

/// By what the change is known again: the key, which says whose call it is, and what was asked, which another try of the same step may ask otherwise.
fn mark(session: &Session<'_>) -> String {
    let asked = serde_json::to_vec(session.request).unwrap_or_default();
    format!("{}.{}", session.context.idempotency_key, &Digest::of(&asked).hex()[..16])
}

/// The object to apply, with the mark.
fn applied(session: &Session<'_>, text: &str, mark: &str) -> Result<Value, Failure> {
    let request = session.request;
    let mut object: Value = serde_json::from_str(text).map_err(|error| invalid(format!("what to apply is not JSON: {error}")))?;
    let Some(whole) = object.as_object_mut() else { return Err(invalid("what to apply is no object".to_owned())) };
    let same = |part: &mut serde_json::Map<String, Value>, key: &str, wanted: &str| {
        let found = part.entry(key).or_insert_with(|| json!(wanted));
        if found == wanted { Ok(()) } else { Err(invalid(format!("what to apply has the {key} {found}, and the target {wanted}"))) }
    };
    same(whole, "apiVersion", &request.api_version)?;
    same(whole, "kind", &request.kind)?;
    let metadata = whole.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return Err(invalid("`metadata` of what to apply is no object".to_owned())) };
    same(metadata, "name", &request.id)?;
    if !request.namespace.is_empty() {
        same(metadata, "namespace", &request.namespace)?;
    }
    annotate(metadata, mark)?;
    Ok(object)
}

/// The patch that makes the change, for this state of the object only.
fn merged(session: &Session<'_>, now: &Value, mark: &str) -> Result<Value, Failure> {
    let mut patch = match &session.request.call {
        KubeCall::Patch { patch, .. } => serde_json::from_str(patch).map_err(|error| invalid(format!("the patch is not JSON: {error}")))?,
        _ => merge::patch(now, &wanted(&session.request.call, now, mark)?),
    };
    let Some(whole) = patch.as_object_mut() else { return Err(invalid("the patch is no object".to_owned())) };
    let metadata = whole.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return Err(invalid("`metadata` of the patch is no object".to_owned())) };
    metadata.insert("resourceVersion".to_owned(), json!(object::text(now, "/metadata/resourceVersion")));
    annotate(metadata, mark)?;
    Ok(patch)
}

/// The object as it is to be.
fn wanted(call: &KubeCall, now: &Value, mark: &str) -> Result<Value, Failure> {
    if let KubeCall::SetImage { container, image, .. } = call {
        return object::with_image(now, container, image);
    }
    let mut wanted = now.clone();
    let Some(spec) = wanted.get_mut("spec").and_then(Value::as_object_mut) else { return Err(invalid("it has no `spec`".to_owned())) };
    match call {
        KubeCall::Scale { replicas, .. } => {
            if !spec.contains_key("replicas") {
                return Err(invalid("it has no number of replicas".to_owned()));
            }
            spec.insert("replicas".to_owned(), json!(replicas));
        }
        KubeCall::RolloutUndo { template, .. } => {
            if template.contains(MARKER) {
                return Err(invalid("the recorded template held the value of a secret, which was taken out of the record: it cannot be put back".to_owned()));
            }
            let template: Value = serde_json::from_str(template).map_err(|error| invalid(format!("the recorded template is not JSON: {error}")))?;
            spec.insert("template".to_owned(), template);
        }
        _ => {
            let template = spec.get_mut("template").and_then(Value::as_object_mut).ok_or_else(|| invalid("it has no pod template".to_owned()))?;
            let metadata = template.entry("metadata").or_insert_with(|| json!({}));
            if metadata.is_null() {
                *metadata = json!({});
            }
            metadata.as_object_mut().ok_or_else(|| invalid("its pod template has no metadata".to_owned())).and_then(|metadata| annotate(metadata, mark))?;
        }
    }
    Ok(wanted)
}

fn annotate(metadata: &mut serde_json::Map<String, Value>, mark: &str) -> Result<(), Failure> {
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if annotations.is_null() {
        *annotations = json!({});
    }
    let Some(annotations) = annotations.as_object_mut() else { return Err(invalid("`annotations` are no object".to_owned())) };
    annotations.insert(object::CALL.to_owned(), json!(mark));
    Ok(())
}

/// Deletes the very object that was recorded. Gone already is well: one of the same name that was made since stays.
pub(crate) async fn delete(session: &Session<'_>, before: &KubeVersion) -> Result<KubeResponse, Failure> {
    let request = session.request;
    let resource = session.resource().await?;
    let mut tries = 0;
    loop {
        tries += 1;
        let Some(now) = session.cluster.get(&resource, &request.namespace, &request.id).await? else { return Ok(KubeResponse::Nothing) };
        let found = object::version(&now);
        if found.uid != before.uid || !object::text(&now, "/metadata/deletionTimestamp").is_empty() {
            return Ok(KubeResponse::Nothing);
        }
        if found != *before {
            return Err(changed(session, &found));
        }
        let preconditions = Some(Preconditions { uid: Some(found.uid), resource_version: None });
        let params = DeleteParams { dry_run: request.dry_run, preconditions, ..DeleteParams::background() };
        match session.cluster.delete(&resource, &request.namespace, &request.id, &params).await {
            Ok(()) => return Ok(KubeResponse::Nothing),
            Err(failure) if failure.code() == "kube.missing" => return Ok(KubeResponse::Nothing),
            Err(failure) if tries < MOST_TRIES && passes(&failure) => tokio::time::sleep(PAUSE * 2_u32.pow(tries.min(6) - 1)).await,
            Err(failure) => return Err(failure),
        }
    }
}

fn invalid(message: String) -> Failure {
    Failure::problem("kube.invalid", message)
}
