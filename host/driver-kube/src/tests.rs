//! The driver against a real cluster, and against a far side that fails in ways that a real one cannot be asked to.

mod cluster;
mod down;
mod faults;
mod identity;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_gate::{CallContext, Driver as _, Interrupt, LiveOutput, LooseArtifacts, NoNotes, Stream};
use lockstep_grant::{Decision, Grant, Grantable as _, Granted};
use lockstep_model::Failure;
use lockstep_model::request::{KubeCall, KubeChange, KubeRequest, KubeResponse, KubeRevision, KubeVersion};
use serde_json::{Value, json};

use crate::KubeDriver;

/// Remembers what whoever looks on would see.
#[derive(Default)]
struct Lines(Mutex<String>);

impl LiveOutput for Lines {
    fn output(&self, _: Stream, bytes: &[u8]) {
        self.0.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
    }
}

/// A namespace of its own in the real cluster.
struct Place {
    driver: KubeDriver,
    grant: Grant,
    namespace: String,
    keys: AtomicU32,
    lines: Lines,
}

fn everything(kubeconfig: &str, context: &str) -> String {
    let rule = r#"[[kube.allow]]
verbs = ["get", "list", "apply", "patch", "delete", "scale", "set-image", "restart", "rollout-undo", "rollout-status", "logs", "events"]
kinds = ["*"]
namespaces = ["*"]
destructive = true
"#;
    format!("[kube]\nkubeconfig = \"{kubeconfig}\"\ncontext = \"{context}\"\n{rule}")
}

impl Place {
    #[expect(clippy::disallowed_methods, reason = "a namespace of its own, in a cluster that outlives the test")]
    fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let kubeconfig = lockstep_faults::server("KUBECONFIG")?;
        let grant = Grant::parse(&everything(&kubeconfig, "admin"), "test.toml", Path::new("/")).unwrap();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let namespace = format!("driver-{since}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self { driver: KubeDriver::new().unwrap(), grant, namespace, keys: AtomicU32::new(0), lines: Lines::default() };
        let apply = KubeCall::Apply { before: KubeVersion::default(), object: "{}".to_owned(), force: false };
        place.ask(KubeRequest::of("v1", "Namespace", "", &place.namespace, apply)).unwrap();
        Some(place)
    }

    /// Asks with a key that no other call has.
    fn ask(&self, request: KubeRequest) -> Result<KubeResponse, Failure> {
        self.ask_as(&format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed)), request)
    }

    fn ask_as(&self, key: &str, request: KubeRequest) -> Result<KubeResponse, Failure> {
        let granted = granted(request, &self.grant);
        let context = CallContext {
            idempotency_key: key,
            time_left: Duration::from_secs(60),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &self.lines,
            artifacts: &LooseArtifacts::default(),
        };
        self.driver.perform(&granted, &context)
    }

    fn deployment(&self, id: &str, call: KubeCall) -> KubeRequest {
        KubeRequest::of("apps/v1", "Deployment", &self.namespace, id, call)
    }

    fn revision(&self, id: &str) -> KubeRevision {
        match self.ask(self.deployment(id, KubeCall::Revision)).unwrap() {
            KubeResponse::Revision(revision) => revision,
            other => panic!("{other:?}"),
        }
    }

    fn read(&self, id: &str) -> Value {
        match self.ask(self.deployment(id, KubeCall::Read)).unwrap() {
            KubeResponse::Object(Some(object)) => serde_json::from_str(&object).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// A deployment of one container, rolled out.
    fn deploy(&self, id: &str, image: &str, replicas: u32) -> KubeRevision {
        let labels = json!({"app": id});
        let object = json!({"spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "api", "image": image}]}}}});
        let apply = KubeCall::Apply { before: KubeVersion::default(), object: object.to_string(), force: false };
        self.ask(self.deployment(id, apply)).unwrap();
        self.ask(self.deployment(id, KubeCall::RolloutStatus)).unwrap();
        self.revision(id)
    }

    fn set_image(&self, key: &str, id: &str, before: &KubeRevision, image: &str) -> Result<KubeChange, Failure> {
        let call = KubeCall::SetImage { before: before.version.clone(), container: "api".to_owned(), image: image.to_owned() };
        self.ask_as(key, self.deployment(id, call)).map(changed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let namespace = || KubeRequest::of("v1", "Namespace", "", &self.namespace, KubeCall::Revision);
        if let Ok(KubeResponse::Revision(revision)) = self.ask(namespace()) {
            let _ = self.ask(KubeRequest { call: KubeCall::Delete { before: revision.version }, ..namespace() });
        }
    }
}

fn granted(request: KubeRequest, grant: &Grant) -> Granted<KubeRequest> {
    match request.decide(grant) {
        Decision::Allowed(granted) => granted,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}

fn changed(response: KubeResponse) -> KubeChange {
    match response {
        KubeResponse::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

fn image(object: &Value) -> &str {
    object.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap()
}
