//! The reads that give what is there: an object, a list, how an object stands, its logs and events. All of them bounded.

use kube::api::{ListParams, LogParams};
use lockstep_model::Failure;
use lockstep_model::request::{KubeResponse, KubeRevision};
use serde_json::{Value, json};

use crate::kinds::Resource;
use crate::session::Session;
use crate::{failures, object};

/// How many pods are looked at for one workload, and how many of its events are kept.
const MOST_PODS: u32 = 20;
const MOST_EVENTS: usize = 100;
/// How many objects are asked for at a time.
const PAGE: u32 = 500;
/// How many events of a namespace are looked through.
const MOST_LOOKED_AT: u32 = 1_000;

pub(crate) async fn read(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    Ok(KubeResponse::Object(session.object().await?.map(object::shown)))
}

/// How the object stands; of a workload, with the images that its pods have.
pub(crate) async fn revision(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let Some(object) = session.object().await? else { return Ok(KubeResponse::Revision(KubeRevision::default())) };
    // Who may not list pods can record the template all the same.
    let pods = match pods(session, &object).await {
        Err(failure) if failure.code() == "kube.forbidden" => Vec::new(),
        pods => pods?,
    };
    let images = object::images(&object, &pods);
    Ok(KubeResponse::Revision(object::revision(object, images)))
}

/// The pods of a workload, or the pod itself.
pub(crate) async fn pods(session: &Session<'_>, object: &Value) -> Result<Vec<Value>, Failure> {
    if object["kind"] == "Pod" {
        return Ok(vec![object.clone()]);
    }
    if object.pointer("/spec/template").is_none() {
        return Ok(Vec::new());
    }
    let Some(labels) = object::selector(object) else { return Ok(Vec::new()) };
    let params = ListParams { label_selector: Some(labels), limit: Some(MOST_PODS), ..ListParams::default() };
    let list = session.cluster.list(&Resource::built_in("v1", "pods"), &session.request.namespace, &params).await?;
    let mut pods = object::list(&list, "/items").to_vec();
    pods.sort_by(|left, right| object::text(left, "/metadata/name").cmp(object::text(right, "/metadata/name")));
    Ok(pods)
}

pub(crate) async fn entries(session: &Session<'_>, labels: &str, fields: &str, limit: u32) -> Result<KubeResponse, Failure> {
    let resource = session.resource().await?;
    let limit = limit.min(session.terms.list_limit);
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut params = ListParams { label_selector: said(labels), field_selector: said(fields), limit: Some(PAGE), ..ListParams::default() };
    let mut found: Vec<Value> = Vec::new();
    loop {
        let list = session.cluster.list(&resource, &session.request.namespace, &params).await?;
        found.extend(object::list(&list, "/items").iter().cloned());
        if found.len() > limit as usize {
            let message = format!("more than {limit} objects: ask for fewer by their labels, or more with `limit`, up to the grant's `list-limit`");
            return Err(Failure::fixed_limit("kube.limit", message));
        }
        let more = object::text(&list, "/metadata/continue");
        if more.is_empty() {
            break;
        }
        params.continue_token = Some(more.to_owned());
    }
    for object in &mut found {
        // A list says once for all what its objects are.
        if let Some(object) = object.as_object_mut() {
            object.insert("apiVersion".to_owned(), json!(session.request.api_version));
            object.insert("kind".to_owned(), json!(session.request.kind));
        }
    }
    found.sort_by_cached_key(|object| ["/metadata/namespace", "/metadata/name"].map(|pointer| object::text(object, pointer).to_owned()));
    Ok(KubeResponse::Entries(found.into_iter().map(object::shown).collect()))
}

pub(crate) async fn logs(session: &Session<'_>, container: &str, lines: u32, since: u32) -> Result<KubeResponse, Failure> {
    let object = session.there().await?;
    let mut text = String::new();
    for pod in pods(session, &object).await? {
        let containers = object::list(&pod, "/spec/containers").iter().map(|container| object::text(container, "/name"));
        for container in containers.filter(|name| container.is_empty() || *name == container) {
            text.push_str(&tail(session, &pod, container, lines, since).await?);
        }
    }
    Ok(KubeResponse::Text(last(text, session.terms.log_limit)))
}

/// The last lines of one container, each with where it is from.
pub(crate) async fn tail(session: &Session<'_>, pod: &Value, container: &str, lines: u32, since: u32) -> Result<String, Failure> {
    let id = object::text(pod, "/metadata/name");
    let params = LogParams {
        container: Some(container.to_owned()),
        tail_lines: Some(lines.into()),
        limit_bytes: i64::try_from(session.terms.log_limit).ok(),
        since_seconds: (since > 0).then_some(since.into()),
        ..LogParams::default()
    };
    let log = session.cluster.log(&session.request.namespace, id, &params).await?;
    Ok(log.lines().map(|line| format!("{id}/{container}: {line}\n")).collect())
}

/// The last so many bytes, from the beginning of a line.
fn last(text: String, limit: usize) -> String {
    if text.len() <= limit {
        return text;
    }
    let from = text.ceil_char_boundary(text.len() - limit);
    text[from..].split_once('\n').map_or_else(String::new, |(_, rest)| rest.to_owned())
}

pub(crate) async fn events(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let object = session.there().await?;
    let events = of(session, &[object::text(&object, "/metadata/uid")]).await?;
    Ok(KubeResponse::Entries(events.iter().map(Value::to_string).collect()))
}

/// The latest events of objects with these uids, the latest last.
pub(crate) async fn of(session: &Session<'_>, uids: &[&str]) -> Result<Vec<Value>, Failure> {
    let params = ListParams { limit: Some(MOST_LOOKED_AT), ..ListParams::default() };
    let params = match uids {
        [one] => params.fields(&format!("involvedObject.uid={one}")),
        _ => params,
    };
    let list = session.cluster.list(&Resource::built_in("v1", "events"), &session.request.namespace, &params).await?;
    let about = |event: &&Value| uids.contains(&object::text(event, "/involvedObject/uid"));
    let mut events: Vec<Value> = object::list(&list, "/items").iter().filter(about).map(event).collect();
    events.sort_by(|left, right| left["at"].as_str().cmp(&right["at"].as_str()));
    Ok(events.split_off(events.len().saturating_sub(MOST_EVENTS)))
}

/// What a person wants to know of an event.
fn event(event: &Value) -> Value {
    let first = |pointers: &[&str]| pointers.iter().map(|pointer| object::text(event, pointer)).find(|text| !text.is_empty()).unwrap_or_default().to_owned();
    json!({
        "at": first(&["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"]),
        "kind": object::text(event, "/type"),
        "about": format!("{} {}", object::text(event, "/involvedObject/kind"), object::text(event, "/involvedObject/name")),
        "reason": object::text(event, "/reason"),
        "message": failures::told(object::text(event, "/message").to_owned()),
        "count": object::count(event, "/count").max(1),
    })
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn of_logs_that_are_too_long_the_last_whole_lines_are_kept() {
        assert_eq!(last("one\ntwo\nthree\n".to_owned(), 9), "three\n");
        assert_eq!(last("one\ntwo\n".to_owned(), 100), "one\ntwo\n");
        assert_eq!(last("ä".repeat(100), 9), "");
    }
}
