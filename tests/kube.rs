//! The example `kube-rollout` with the real program on a real cluster: a version that goes live, one that never gets ready, one that is killed half-way, and what
//! the grant does not allow.

use std::ffi::OsString;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::place::{Place, Ran, example, missing, root};
use crate::yard::Yard;

/// How long anything in the cluster may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A namespace with `api` and `web` in it, and a store beside it.
pub(crate) struct Cluster {
    pub(crate) place: Place,
    pub(crate) kubeconfig: String,
    pub(crate) namespace: String,
}

impl Cluster {
    pub(crate) fn new() -> Option<Self> {
        let kubeconfig = lockstep_faults::server("KUBECONFIG")?;
        if Command::new("kubectl").arg("version").arg("--client").output().is_err() {
            missing("kubectl, which looks at the cluster from outside");
            return None;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let cluster = Self { place: Place::new(), kubeconfig, namespace: format!("shop-{since}") };
        cluster.kubectl(&["create", "namespace", &cluster.namespace]);
        for id in ["api", "web"] {
            let labels = json!({"app": id});
            let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": id, "namespace": cluster.namespace},
                "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "api", "image": "shop/api:1"}]}}}});
            let file = cluster.place.write(&format!("{id}.json"), deployment.to_string());
            cluster.kubectl(&["apply", "-f", file.to_str().unwrap()]);
        }
        let grant = std::fs::read_to_string(root().join("guest-sdk/procedures/kube-rollout/grant.toml")).unwrap();
        let grant = grant.replace("\"cluster.yaml\"", &format!("\"{}\"", cluster.kubeconfig)).replace("\"production\"", "\"admin\"");
        cluster.place.write("shop.toml", grant.replace("\"shop\"", &format!("\"{}\"", cluster.namespace)));
        Some(cluster)
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.try_kubectl(args);
        assert!(status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn try_kubectl(&self, args: &[&str]) -> Output {
        Command::new("kubectl").args(["--kubeconfig", &self.kubeconfig]).args(args).output().unwrap()
    }

    fn deployment(&self, id: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["get", "deployment", id, "-n", &self.namespace, "-o", "json"])).unwrap()
    }

    fn image(&self) -> String {
        self.deployment("api")["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    fn run(&self, more: &[&str]) -> Vec<OsString> {
        let mut args: Vec<OsString> = ["run".into(), example("kube-rollout").into()].into();
        let namespace = format!("namespace={}", self.namespace);
        args.extend(["--env", "shop.toml", "--json", "-p", &namespace].map(OsString::from));
        args.extend(more.iter().map(OsString::from));
        args
    }

    fn journal(&self, run: &str) -> String {
        self.place.lockstep(["audit", "show", run]).expect(0).stdout
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("kubectl").args(["--kubeconfig", &self.kubeconfig, "delete", "namespace", &self.namespace, "--wait=false"]).output();
    }
}

fn run_id(ran: &Ran) -> String {
    ran.json()["run"].as_str().unwrap().to_owned()
}

#[test]
fn an_image_goes_live_and_its_dependant_is_restarted() {
    let Some(cluster) = Cluster::new() else { return };
    let before = cluster.deployment("web");
    let ran = cluster.place.lockstep(cluster.run(&["-p", "image=shop/api:2", "-p", "dependants=web"])).expect(0);
    assert_eq!(cluster.image(), "shop/api:2");
    assert_ne!(cluster.deployment("web")["spec"]["template"], before["spec"]["template"], "the dependant was restarted");
    assert!(ran.stderr.contains("has no digest") || cluster.journal(&run_id(&ran)).contains("has no digest"), "{}", ran.stderr);
    let managers = cluster.kubectl(&["get", "deployment", "api", "-n", &cluster.namespace, "-o", "json", "--show-managed-fields"]);
    assert!(managers.contains("\"manager\": \"lockstep\""), "{managers}");
}

#[test]
fn t19_a_version_that_never_gets_ready_is_taken_back_to_the_recorded_template() {
    let Some(cluster) = Cluster::new() else { return };
    let before = cluster.deployment("api");
    let ran = cluster.place.lockstep(cluster.run(&["-p", "image=shop/api:broken", "-p", "patience-seconds=3"])).expect(6);
    assert_eq!(cluster.deployment("api")["spec"]["template"], before["spec"]["template"]);
    let journal = cluster.journal(&run_id(&ran));
    assert!(journal.contains("ImagePullBackOff"), "what an operator would look up next is in the journal");
    assert!(journal.contains("rollout-undo"), "{journal}");
}

/// A rule of the cluster, of one namespace: no image whose tag is `unsigned`. It is there when the server has refused the first one.
struct Policy<'a>(&'a Cluster);

impl<'a> Policy<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let (id, group) = (&cluster.namespace, "admissionregistration.k8s.io/v1");
        let rules = json!([{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}]);
        let expression = "!object.spec.template.spec.containers.exists(c, c.image.endsWith(':unsigned'))";
        let policy = json!({"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": id}, "spec": {"failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": rules}, "validations": [{"expression": expression, "message": "what is not signed does not run here"}]}});
        let within = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": id}}});
        let binding = json!({"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": id},
            "spec": {"policyName": id, "validationActions": ["Deny"], "matchResources": within}});
        let file = cluster.place.write("policy.json", json!({"apiVersion": "v1", "kind": "List", "items": [policy, binding]}).to_string());
        cluster.kubectl(&["apply", "-f", file.to_str().unwrap()]);
        let policy = Self(cluster);
        let since = Instant::now();
        let refused = || !cluster.try_kubectl(&["set", "image", "deployment/web", "api=shop/web:unsigned", "-n", id, "--dry-run=server"]).status.success();
        while !refused() {
            assert!(since.elapsed() < PATIENCE, "the policy is not in force");
        }
        policy
    }
}

impl Drop for Policy<'_> {
    fn drop(&mut self) {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            let _ = self.0.try_kubectl(&["delete", kind, &self.0.namespace, "--wait=false"]);
        }
    }
}

#[test]
fn an_image_that_the_server_refuses_is_found_by_a_dry_run_in_the_pre_flight_and_nothing_is_changed() {
    let Some(cluster) = Cluster::new() else { return };
    let policy = Policy::new(&cluster);
    let before = cluster.deployment("api");
    let ran = cluster.place.lockstep(cluster.run(&["-p", "image=shop/api:unsigned", "-p", "dependants=web"])).expect(1);
    assert!(ran.stderr.contains("kube.invalid") && ran.stderr.contains("what is not signed does not run here"), "{}", ran.stderr);
    let shown = cluster.place.lockstep(["show", &run_id(&ran), "--json"]).expect(0).json();
    let status = |id: &str| shown["steps"].as_array().unwrap().iter().find(|step| step["step"] == id).unwrap()["status"].clone();
    assert_eq!([status("present"), status("try"), status("image")], ["succeeded", "failed", "pending"], "{shown}");
    let calls = shown["calls"].to_string();
    assert!(calls.contains("api=shop/api:unsigned (dry run)"), "it was the dry run that was refused: {calls}");
    let after = cluster.deployment("api");
    assert_eq!((&after["spec"], &after["metadata"]["generation"]), (&before["spec"], &before["metadata"]["generation"]));
    drop(policy);
}

#[test]
fn the_dry_run_of_a_plan_asks_the_cluster_and_changes_nothing() {
    let Some(cluster) = Cluster::new() else { return };
    let before = cluster.deployment("api");
    let plan = |more: &[&str]| cluster.run(more).into_iter().map(|arg| if arg == "run" { "plan".into() } else { arg }).chain(["--dry-run".into()]);
    let steps = |ran: &Ran| -> Vec<Value> { ran.json()["dry-run"]["steps"].as_array().unwrap().clone() };
    let planned = cluster.place.lockstep(plan(&["-p", "image=shop/api:2", "-p", "dependants=web"])).expect(0);
    let ends: Vec<String> = steps(&planned).iter().map(|step| step["end"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ends, ["through", "through", "through", "stopped", "not-reached", "not-reached"]);
    let [set, watched] = [2, 3].map(|index: usize| steps(&planned)[index]["calls"][0].clone());
    assert_eq!((&set["came"], &watched["came"]), (&json!("taken"), &json!("untried")), "{set} {watched}");
    assert!(set["what"].as_str().unwrap().contains("api=shop/api:2"), "{set}");

    let policy = Policy::new(&cluster);
    let refused = cluster.place.lockstep(plan(&["-p", "image=shop/api:unsigned"])).expect(1);
    assert!(refused.stderr.contains("LS0604") && refused.stderr.contains("what is not signed does not run here"), "{}", refused.stderr);
    drop(policy);
    let denied = cluster.place.lockstep(plan(&["-p", "image=shop/api:2", "-p", "deployment=web"])).expect(3);
    assert!(denied.stderr.contains("set-image") && denied.stderr.contains("[[kube.allow]]"), "{}", denied.stderr);

    let after = cluster.deployment("api");
    assert_eq!((&after["spec"], &after["metadata"]["generation"]), (&before["spec"], &before["metadata"]["generation"]));
    assert!(cluster.place.lockstep(["runs"]).expect(0).stdout.is_empty(), "a dry run is no run");
}

#[test]
fn killed_in_the_middle_of_a_rollout_it_goes_on_and_changes_nothing_twice() {
    let Some(cluster) = Cluster::new() else { return };
    let generation = |cluster: &Cluster| cluster.deployment("api")["metadata"]["generation"].as_u64().unwrap();
    let before = generation(&cluster);
    let args = cluster.run(&["-p", "image=shop/api-slow:2", "-p", "patience-seconds=60"]);
    let mut child = cluster.place.command().args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    while cluster.image() != "shop/api-slow:2" {
        assert!(since.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "the image was not set");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let runs = cluster.place.lockstep(["runs", "--json"]).expect(0).json();
    let run = runs.pointer("/0/run").or_else(|| runs.pointer("/runs/0/run")).and_then(Value::as_str).unwrap_or_else(|| panic!("{runs}")).to_owned();
    cluster.place.lockstep(["resume", &run, "--json"]).expect(0);
    assert_eq!((cluster.image().as_str(), generation(&cluster)), ("shop/api-slow:2", before + 1), "one change, however often it was asked for");
}

#[test]
fn t16_what_the_grant_does_not_name_is_denied_before_the_cluster_hears_of_it() {
    let Some(cluster) = Cluster::new() else { return };
    let before = cluster.deployment("api");
    let ran = cluster.place.lockstep(cluster.run(&["-p", "image=shop/api:2", "-p", "deployment=web"])).expect(3);
    assert!(ran.stderr.contains("set-image") && ran.stderr.contains("[[kube.allow]]"), "{}", ran.stderr);
    assert_eq!(cluster.deployment("api")["spec"], before["spec"]);
}

#[test]
fn a_secret_of_the_grant_may_be_kept_in_the_cluster_and_is_never_shown() {
    let Some(cluster) = Cluster::new() else { return };
    cluster.kubectl(&["create", "secret", "generic", "planted", "-n", &cluster.namespace, "--from-literal=key=pl4nted-in-the-cluster"]);
    let Yard { place } = Yard::new();
    let grant = std::fs::read_to_string(place.path().join("yard.toml")).unwrap();
    let source = |key: &str| format!("kube = \"{}/planted\", key = \"{key}\"", cluster.namespace);
    let access = format!("[kube]\nkubeconfig = \"{}\"\ncontext = \"admin\"\n", cluster.kubeconfig);
    let run = |key: &str| {
        place.write("kube.toml", format!("{}\n{access}", grant.replace("env = \"PLANTED\"", &source(key))));
        place.lockstep(["run", &example("misbehaving").display().to_string(), "--env", "kube.toml", "-p", "how=echo-secret", "--yes"])
    };
    let ran = run("key");
    assert!(ran.stderr.contains("it is {{secret:PLANTED:") && !ran.stderr.contains("pl4nted-in"), "{}", ran.stderr);
    let ran = run("other");
    assert!(ran.stderr.contains("secret.missing") && ran.stderr.contains("has no key `other`"), "{}", ran.stderr);
}
