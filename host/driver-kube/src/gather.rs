//! What an operator would look up next when a rollout does not get ready: the states of its pods, what happened to them, and what they said last.

use std::fmt::Write;

use serde_json::Value;

use crate::session::Session;
use crate::{look, object};

/// How many pods, events and lines of each container are told.
const PODS: usize = 5;
const EVENTS: usize = 10;
const LINES: u32 = 10;

/// As lines to be put behind a failure's message; what cannot be had says why.
pub(crate) async fn of_rollout(session: &Session<'_>) -> String {
    let object = match session.there().await {
        Ok(object) => object,
        Err(failure) => return format!("\n{failure}"),
    };
    let mut told = String::new();
    let pods = look::pods(session, &object).await.unwrap_or_else(|failure| {
        let _ = write!(told, "\nits pods cannot be looked at: {failure}");
        Vec::new()
    });
    let troubled: Vec<&Value> = pods.iter().filter(|pod| !is_ready(pod)).take(PODS).collect();
    for pod in &troubled {
        let _ = write!(told, "\npod {}: {}", object::text(pod, "/metadata/name"), state(pod));
    }
    let uids: Vec<&str> = std::iter::once(&object).chain(troubled.iter().copied()).map(|object| object::text(object, "/metadata/uid")).collect();
    match look::of(session, &uids).await {
        Ok(events) => {
            for event in events.iter().skip(events.len().saturating_sub(EVENTS)) {
                let part = |key: &str| event[key].as_str().unwrap_or_default();
                let _ = write!(told, "\nevent {} {} {}: {}", part("at"), part("about"), part("reason"), part("message"));
            }
        }
        Err(failure) => drop(write!(told, "\nits events cannot be looked at: {failure}")),
    }
    for pod in &troubled {
        for container in object::list(pod, "/spec/containers") {
            // Who has not started yet has said nothing, and that is no news.
            if let Ok(lines) = look::tail(session, pod, object::text(container, "/name"), LINES, 0).await
                && !lines.is_empty()
            {
                let _ = write!(told, "\n{}", lines.trim_end());
            }
        }
    }
    told
}

fn is_ready(pod: &Value) -> bool {
    object::list(pod, "/status/conditions").iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Its phase, and why each container is not running.
fn state(pod: &Value) -> String {
    let mut said = vec![object::text(pod, "/status/phase").to_owned()];
    for status in ["/status/initContainerStatuses", "/status/containerStatuses"].into_iter().flat_map(|pointer| object::list(pod, pointer)) {
        for kind in ["waiting", "terminated"] {
            let Some(state) = status.pointer(&format!("/state/{kind}")) else { continue };
            let (id, reason, message) = (object::text(status, "/name"), object::text(state, "/reason"), object::text(state, "/message"));
            said.push(format!("container {id} {kind}: {reason} {message}").trim_end().to_owned());
        }
        let restarts = object::count(status, "/restartCount");
        if restarts > 0 {
            said.push(format!("{restarts} restarts"));
        }
    }
    for condition in object::list(pod, "/status/conditions").iter().filter(|condition| condition["status"] == "False") {
        let (kind, reason, message) = (object::text(condition, "/type"), object::text(condition, "/reason"), object::text(condition, "/message"));
        said.push(format!("not {kind}: {reason} {message}").trim_end_matches([' ', ':']).to_owned());
    }
    said.retain(|part| !part.is_empty());
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::state;

    #[test]
    fn the_state_of_a_pod_says_why_its_containers_do_not_run() {
        let pod = json!({"status": {"phase": "Pending",
            "containerStatuses": [{"name": "api", "restartCount": 2, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}],
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]}});
        assert_eq!(state(&pod), "Pending, container api waiting: ImagePullBackOff no such image, 2 restarts, not Ready: ContainersNotReady");
    }
}
