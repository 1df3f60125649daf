//! A real cluster: its controllers roll out, hang and fail by the name of the image.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lockstep_faults::FaultProxy;
use lockstep_gate::{CallContext, Driver as _, Interrupt, LiveOutput, LooseArtifacts, NoNotes, Stream};
use lockstep_grant::Grant;
use lockstep_model::Secret;
use lockstep_model::request::{KubeCall, KubeRequest, KubeResponse, KubeVersion};
use serde_json::{Value, json};

use super::identity::{by_token, part};
use super::{Place, changed, granted, image};
use crate::KubeDriver;

#[test]
fn t19_an_undo_restores_the_recorded_template_whatever_has_been_rolled_out_since() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 2);
    let recorded: Value = serde_json::from_str(before.template.as_ref().unwrap()).unwrap();
    // Whoever puts back nothing but the image leaves what the second one brought with it.
    for (image, flag) in [("shop/api:2", "none"), ("shop/api:3", "new")] {
        let now = place.revision("api");
        let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "api", "image": image, "env": [{"name": "FLAG", "value": flag}]}]}}}});
        place.ask(place.deployment("api", KubeCall::Patch { before: now.version, patch: patch.to_string() })).unwrap();
        place.ask(place.deployment("api", KubeCall::RolloutStatus)).unwrap();
    }
    let undo = KubeCall::RolloutUndo { uid: before.version.uid.clone(), template: before.template.clone().unwrap() };
    let change = changed(place.ask(place.deployment("api", undo)).unwrap());
    place.ask(place.deployment("api", KubeCall::RolloutStatus)).unwrap();
    let object = place.read("api");
    assert_eq!((image(&object), &object["spec"]["template"]), ("shop/api:1", &recorded), "not the revision before, but the one that was recorded");
    assert_eq!(change.unpinned, ["shop/api:1"]);
}

#[test]
fn a_change_that_was_made_is_known_by_its_key_and_not_made_again() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    let restart = || place.deployment("api", KubeCall::Restart { before: before.version.clone() });
    let first = changed(place.ask_as("the key", restart()).unwrap());
    let again = changed(place.ask_as("the key", restart()).unwrap());
    let generation = |object: &str| serde_json::from_str::<Value>(object).unwrap()["metadata"]["generation"].clone();
    assert_eq!(generation(&first.object), generation(&again.object), "after a crash the restart is asked for once more, and is made once");
    let another = place.ask_as("another key", restart()).unwrap_err();
    assert_eq!((another.code(), another.is_retryable()), ("kube.conflict", true), "{another}");
}

#[test]
fn what_somebody_changed_since_it_was_recorded_is_a_conflict_and_is_not_overwritten() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    place.set_image("theirs", "api", &before, "shop/api:theirs").unwrap();
    let failure = place.set_image("ours", "api", &before, "shop/api:ours").unwrap_err();
    assert_eq!(failure.code(), "kube.conflict");
    assert_eq!(image(&place.read("api")), "shop/api:theirs");
    let apply = KubeCall::Apply { before: KubeVersion::default(), object: "{}".to_owned(), force: true };
    assert_eq!(place.ask(place.deployment("api", apply)).unwrap_err().code(), "kube.conflict", "what was recorded as absent is there");
}

#[test]
fn t17_scale_says_replicas_and_touches_nothing_else() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    let scale = KubeCall::Scale { before: before.version.clone(), replicas: 3 };
    place.ask(place.deployment("api", scale)).unwrap();
    let KubeResponse::Text(rollout) = place.ask(place.deployment("api", KubeCall::RolloutStatus)).unwrap() else { panic!() };
    assert_eq!(serde_json::from_str::<Value>(&rollout).unwrap()["available"], 3);
    let after = place.revision("api");
    assert_eq!((after.replicas, &after.template), (Some(3), &before.template));
}

/// Takes the server away at the first progress of a rollout, and brings it back when it has been missed.
struct Restarting {
    proxy: FaultProxy,
    missed: AtomicBool,
}

impl LiveOutput for Restarting {
    fn output(&self, _: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if line.contains("updated") && !self.missed.load(Ordering::Relaxed) {
            self.proxy.down();
        } else if line.contains("kube.connect") {
            self.missed.store(true, Ordering::Relaxed);
            self.proxy.up().unwrap();
        }
    }
}

#[test]
fn a_server_that_is_restarted_while_a_rollout_is_watched_is_waited_for() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    place.set_image("slow", "api", &before, "shop/api-slow:2").unwrap();
    let text = std::fs::read_to_string(lockstep_faults::server("KUBECONFIG").unwrap()).unwrap();
    let proxy = FaultProxy::before(part(&text, "server").trim_start_matches("https://")).unwrap();
    let grant = Grant::parse(&by_token(&text, &format!("https://{}", proxy.address())), "test.toml", Path::new("/")).unwrap();
    let token = part(&text, "token");
    let status = granted(place.deployment("api", KubeCall::RolloutStatus), &grant).with_placed(|_| Some(Secret::new(token.as_bytes().to_vec())));
    let live = Restarting { proxy, missed: AtomicBool::new(false) };
    let context = CallContext {
        idempotency_key: "key",
        time_left: Duration::from_secs(60),
        interrupt: &Interrupt::default(),
        notes: &NoNotes,
        live: &live,
        artifacts: &LooseArtifacts::default(),
    };
    let KubeResponse::Text(rollout) = KubeDriver::new().unwrap().perform(&status, &context).unwrap() else { panic!() };
    assert!(live.missed.load(Ordering::Relaxed) && rollout.contains("\"available\":1"), "{rollout}");
}

#[test]
fn a_rollout_that_never_gets_ready_ends_with_its_deadline_and_tells_pods_and_events() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    place.set_image("broken", "api", &before, "shop/api:broken").unwrap();
    let status = KubeRequest { timeout_milliseconds: Some(3_000), ..place.deployment("api", KubeCall::RolloutStatus) };
    let failure = place.ask(status).unwrap_err();
    assert_eq!(failure.code(), "timed-out");
    let told = failure.message();
    assert!(told.contains("ImagePullBackOff") && told.contains("event ") && told.contains("pod api-"), "{told}");
    let lines = place.lines.0.lock().unwrap().clone();
    assert!(lines.contains("1 of 1 updated"), "{lines}");
}

#[test]
fn a_rollout_that_the_cluster_gives_up_is_a_failure_of_its_own() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    let patch = json!({"spec": {"progressDeadlineSeconds": 1, "template": {"spec": {"containers": [{"name": "api", "image": "shop/api:broken"}]}}}});
    place.ask(place.deployment("api", KubeCall::Patch { before: before.version, patch: patch.to_string() })).unwrap();
    let failure = place.ask(place.deployment("api", KubeCall::RolloutStatus)).unwrap_err();
    assert_eq!(failure.code(), "kube.rollout-failed", "{failure}");
    assert!(failure.message().contains("ProgressDeadlineExceeded"), "{failure}");
}

#[test]
fn a_dry_run_is_checked_by_the_server_and_changes_nothing() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    let tried = |image: &str| {
        let call = KubeCall::SetImage { before: before.version.clone(), container: "api".to_owned(), image: image.to_owned() };
        place.ask(KubeRequest { dry_run: true, ..place.deployment("api", call) })
    };
    let change = changed(tried("shop/api:2").unwrap());
    assert_eq!(image(&serde_json::from_str(&change.object).unwrap()), "shop/api:2", "how it would be");
    assert_eq!(image(&place.read("api")), "shop/api:1");
    assert_eq!(tried("").unwrap_err().code(), "kube.invalid");
}

#[test]
fn an_object_is_applied_waited_for_listed_and_deleted() {
    let Some(place) = Place::new() else { return };
    let map = |call| KubeRequest::of("v1", "ConfigMap", &place.namespace, "settings", call);
    let apply = KubeCall::Apply { before: KubeVersion::default(), object: json!({"data": {"color": "blue"}}).to_string(), force: false };
    place.ask(map(apply)).unwrap();
    place.ask(map(KubeCall::WaitForJson { pointer: "/data/color".to_owned(), value: "blue".to_owned() })).unwrap();
    let list =
        |limit| KubeRequest { id: String::new(), ..map(KubeCall::Entries { labels: String::new(), fields: "metadata.name=settings".to_owned(), limit }) };
    let KubeResponse::Entries(found) = place.ask(list(10)).unwrap() else { panic!() };
    assert!(found.len() == 1 && found[0].contains("\"kind\":\"ConfigMap\""), "{found:?}");
    assert_eq!(place.ask(list(0)).unwrap_err().code(), "kube.limit", "half a list is a lie");

    let KubeResponse::Revision(before) = place.ask(map(KubeCall::Revision)).unwrap() else { panic!() };
    place.ask(map(KubeCall::Delete { before: before.version.clone() })).unwrap();
    place.ask(map(KubeCall::WaitForDeleted)).unwrap();
    place.ask(map(KubeCall::Delete { before: before.version })).unwrap();
    assert_eq!(place.ask(map(KubeCall::Read)).unwrap(), KubeResponse::Object(None));
}

#[test]
fn what_is_wrong_is_said_with_its_code() {
    let Some(place) = Place::new() else { return };
    let code = |request| place.ask(request).unwrap_err().code().to_owned();
    assert_eq!(code(KubeRequest::of("v1", "Wheel", "default", "x", KubeCall::Read)), "kube.kind");
    assert_eq!(code(KubeRequest::of("wheels.example.com/v1", "Wheel", "default", "x", KubeCall::Read)), "kube.kind");
    assert_eq!(code(KubeRequest::of("v1", "Node", "default", "node-1", KubeCall::Read)), "kube.invalid");
    assert_eq!(code(place.deployment("absent", KubeCall::RolloutStatus)), "kube.missing");
    assert_eq!(code(place.deployment("absent", KubeCall::Restart { before: KubeVersion::default() })), "kube.missing");
    let apply = KubeCall::Apply { before: KubeVersion::default(), object: json!({"spec": {"replicas": 1}}).to_string(), force: false };
    assert_eq!(code(place.deployment("half", apply)), "kube.invalid", "the server says what is missing");
    let wait = KubeCall::WaitForCondition { condition: "Ready".to_owned(), status: "Never".to_owned() };
    let waited = place.ask(KubeRequest { timeout_milliseconds: Some(300), ..KubeRequest::of("v1", "Node", "", "node-1", wait) }).unwrap_err();
    assert!(waited.code() == "timed-out" && waited.message().contains("KubeletReady"), "{waited}");
}

#[test]
fn another_managers_field_is_a_conflict_unless_it_is_taken_over() {
    let Some(place) = Place::new() else { return };
    let before = place.deploy("api", "shop/api:1", 1);
    place.set_image("by patch", "api", &before, "shop/api:2").unwrap();
    let now = place.revision("api").version;
    let labels = json!({"app": "api"});
    // All that is managed: what an apply leaves out it gives up.
    let object = json!({"spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels}, "spec": {"containers": [{"name": "api", "image": "shop/api:3"}]}}}});
    let object = object.to_string();
    let apply = |force| place.deployment("api", KubeCall::Apply { before: now.clone(), object: object.clone(), force });
    let failure = place.ask(apply(false)).unwrap_err();
    assert_eq!(failure.code(), "kube.conflict", "{failure}");
    place.ask(apply(true)).unwrap();
    assert_eq!(image(&place.read("api")), "shop/api:3");
}
