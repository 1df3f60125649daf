//! How far a rollout is: the same questions that its controllers answer, asked until they say that all is new and available, or that they give up.

use lockstep_model::Failure;
use lockstep_model::request::KubeResponse;
use serde_json::{Value, json};

use crate::failures::{passes, told};
use crate::session::Session;
use crate::wait::{Pauses, is_observed};
use crate::{gather, object};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    wanted: u64,
    updated: u64,
    ready: u64,
    available: u64,
    /// Of an older template, still there.
    old: u64,
}

/// What came of a look.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// All are new and available.
    Complete(Progress),
    /// Not yet; none before the controller has seen the change.
    UnderWay(Option<Progress>),
    /// The controller has given up, with its own words.
    Failed(String),
}

/// Looks until it is complete or has failed. The caller has the deadline.
pub(crate) async fn watch(session: &Session<'_>) -> Result<KubeResponse, Failure> {
    let mut pauses = Pauses::new();
    let (mut shown, mut missed) = (None, String::new());
    loop {
        let object = match session.there().await {
            Err(failure) if passes(&failure) => {
                let trouble = failure.to_string();
                if missed != trouble {
                    session.say(&format!("{}: {trouble}", session.request.place()));
                    missed = trouble;
                }
                pauses.next().await;
                continue;
            }
            looked => looked?,
        };
        match standing(&object)? {
            Standing::Complete(progress) => {
                session.say(&line(session, progress));
                return Ok(KubeResponse::Text(progress.json()));
            }
            Standing::UnderWay(progress) => {
                if let Some(progress) = progress.filter(|progress| shown != Some(*progress)) {
                    session.say(&line(session, progress));
                    shown = Some(progress);
                }
                pauses.next().await;
            }
            Standing::Failed(why) => {
                let gathered = gather::of_rollout(session).await;
                let message = format!("{} {} does not get ready: {why}{gathered}", session.request.kind, session.request.place());
                return Err(Failure::problem("kube.rollout-failed", told(message)));
            }
        }
    }
}

fn line(session: &Session<'_>, progress: Progress) -> String {
    let Progress { wanted, updated, ready, available, old } = progress;
    let old = if old > 0 { format!(", {old} old") } else { String::new() };
    format!("{}: {updated} of {wanted} updated, {ready} ready, {available} available{old}", session.request.place())
}

impl Progress {
    fn json(self) -> String {
        let Self { wanted, updated, ready, available, .. } = self;
        json!({"wanted": wanted, "updated": updated, "ready": ready, "available": available}).to_string()
    }
}

fn standing(object: &Value) -> Result<Standing, Failure> {
    let count = |pointer: &str| object::count(object, pointer);
    // Absent is 1: the server fills it in, a scripted one may not.
    let wanted = object.pointer("/spec/replicas").map_or(1, |_| count("/spec/replicas"));
    let (ready, available) = (count("/status/readyReplicas"), count("/status/availableReplicas"));
    let progress = match object::text(object, "/kind") {
        "Deployment" => {
            let updated = count("/status/updatedReplicas");
            Progress { wanted, updated, ready, available, old: count("/status/replicas").saturating_sub(updated) }
        }
        "StatefulSet" => stateful(object, Progress { wanted, updated: count("/status/updatedReplicas"), ready, available, old: 0 }),
        "DaemonSet" => Progress {
            wanted: count("/status/desiredNumberScheduled"),
            updated: count("/status/updatedNumberScheduled"),
            ready: count("/status/numberReady"),
            available: count("/status/numberAvailable"),
            old: 0,
        },
        other => return Err(Failure::problem("kube.invalid", format!("a {other} has no rollout: a Deployment, a StatefulSet or a DaemonSet has"))),
    };
    if object.pointer("/status/observedGeneration").is_none() || !is_observed(object) {
        return Ok(Standing::UnderWay(None));
    }
    if let Some(why) = given_up(object) {
        return Ok(Standing::Failed(why));
    }
    let complete = progress.updated >= progress.wanted && progress.available >= progress.wanted && progress.old == 0;
    Ok(if complete { Standing::Complete(progress) } else { Standing::UnderWay(Some(progress)) })
}

/// Before its first change a stateful set counts none as updated; below its partition none is meant to be.
fn stateful(object: &Value, progress: Progress) -> Progress {
    let partition = object::count(object, "/spec/updateStrategy/rollingUpdate/partition").min(progress.wanted);
    let same = object::text(object, "/status/currentRevision") == object::text(object, "/status/updateRevision");
    let updated = if same { object::count(object, "/status/replicas").min(progress.wanted) } else { progress.updated + partition };
    Progress { updated, ..progress }
}

fn given_up(object: &Value) -> Option<String> {
    let condition = object::list(object, "/status/conditions").iter().find(|condition| {
        (condition["type"] == "Progressing" && condition["reason"] == "ProgressDeadlineExceeded")
            || (condition["type"] == "ReplicaFailure" && condition["status"] == "True")
    })?;
    Some(format!("{}: {}", object::text(condition, "/reason"), object::text(condition, "/message")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Progress, Standing, standing};

    fn deployment(generation: u64, status: Value) -> Value {
        let mut status = status;
        status.as_object_mut().unwrap().entry("observedGeneration").or_insert_with(|| json!(4));
        json!({"kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": 3}, "status": status})
    }

    #[test]
    fn a_rollout_is_complete_when_all_are_new_and_available_and_the_old_are_gone() {
        let look = |status: Value| standing(&deployment(4, status)).unwrap();
        let done = Progress { wanted: 3, updated: 3, ready: 3, available: 3, old: 0 };
        assert_eq!(look(json!({"updatedReplicas": 3, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3})), Standing::Complete(done));
        let old = json!({"updatedReplicas": 3, "replicas": 4, "readyReplicas": 3, "availableReplicas": 3});
        assert_eq!(look(old), Standing::UnderWay(Some(Progress { old: 1, ..done })));
        assert!(matches!(look(json!({"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2})), Standing::UnderWay(Some(_))));
        let failed = json!({"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "too long"}]});
        assert_eq!(look(failed), Standing::Failed("ProgressDeadlineExceeded: too long".to_owned()));
    }

    #[test]
    fn a_status_about_the_past_says_nothing() {
        let stale = deployment(5, json!({"updatedReplicas": 3, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3}));
        assert_eq!(standing(&stale).unwrap(), Standing::UnderWay(None));
    }

    #[test]
    fn a_stateful_set_and_a_daemon_set_have_rollouts_and_a_config_map_has_none() {
        let set = json!({"kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3, "currentRevision": "a", "updateRevision": "b"}});
        assert!(matches!(standing(&set).unwrap(), Standing::Complete(_)), "two of three are below the partition");
        let set = json!({"kind": "DaemonSet", "metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}});
        assert!(matches!(standing(&set).unwrap(), Standing::UnderWay(_)));
        assert_eq!(standing(&json!({"kind": "ConfigMap"})).unwrap_err().code(), "kube.invalid");
    }
}
