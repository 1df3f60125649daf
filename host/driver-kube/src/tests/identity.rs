//! Who asks, and whether the server is believed.

use std::path::Path;
use std::time::Duration;

use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::Grant;
use lockstep_model::request::{KubeCall, KubeRequest, KubeResponse, KubeVersion};
use lockstep_model::{Failure, Secret};

use super::{Place, everything, granted};
use crate::KubeDriver;

fn ask(grant: &str, base: &Path, token: &str, request: KubeRequest) -> Result<KubeResponse, Failure> {
    let grant = Grant::parse(grant, "test.toml", base).unwrap_or_else(|errors| panic!("{errors}"));
    let granted = granted(request, &grant).with_placed(|_| Some(Secret::new(token.as_bytes().to_vec())));
    let context = CallContext {
        idempotency_key: "key",
        time_left: Duration::from_secs(20),
        interrupt: &Interrupt::default(),
        notes: &NoNotes,
        live: &NoLiveOutput,
        artifacts: &LooseArtifacts::default(),
    };
    KubeDriver::new().unwrap().perform(&granted, &context)
}

fn node() -> KubeRequest {
    KubeRequest::of("v1", "Node", "", "node-1", KubeCall::Read)
}

/// A part of the test cluster's kubeconfig: what stands behind the first `key`.
pub(super) fn part(kubeconfig: &str, key: &str) -> String {
    let behind = kubeconfig.split_once(key).unwrap().1;
    behind.trim_start_matches([':', ' ', '"']).split(['"', ' ', ',', '}', '\n']).next().unwrap().to_owned()
}

/// Everything, of the cluster at this address, with a token.
pub(super) fn by_token(kubeconfig: &str, server: &str) -> String {
    let (authority, rest) = (part(kubeconfig, "certificate-authority"), everything("x", "y"));
    let rest = rest.split_once("[[kube.allow]]").unwrap().1;
    format!(
        "[kube]\nserver = \"{server}\"\ntoken = {{ secret = \"T\" }}\nauthority = \"{authority}\"\n[[kube.allow]]{rest}\n[secrets]\nT = {{ env = \"T\", to = [\"kube\"] }}"
    )
}

#[test]
fn a_token_of_a_secret_and_the_servers_authority_are_enough() {
    let Some(file) = lockstep_faults::server("KUBECONFIG") else { return };
    let text = std::fs::read_to_string(&file).unwrap();
    let token = part(&text, "token");
    let with = by_token(&text, &part(&text, "server"));
    assert!(matches!(ask(&with, Path::new("/"), &token, node()), Ok(KubeResponse::Object(Some(_)))));
    let refused = ask(&with, Path::new("/"), "expired", node()).unwrap_err();
    assert_eq!((refused.code(), refused.is_retryable()), ("kube.auth", false), "{refused}");
    assert_eq!(ask(&with, Path::new("/"), "", node()).unwrap_err().code(), "kube.config");
    let without: String = with.lines().filter(|line| !line.starts_with("authority")).map(|line| format!("{line}\n")).collect();
    let unknown = ask(&without, Path::new("/"), &token, node()).unwrap_err();
    assert_eq!((unknown.code(), unknown.is_retryable()), ("kube.tls", false), "{unknown}");
}

#[test]
fn a_cluster_with_a_certificate_of_another_name_is_shown_no_token() {
    let Some(file) = lockstep_faults::server("KUBECONFIG") else { return };
    let text = std::fs::read_to_string(&file).unwrap();
    let (server, token) = (part(&text, "server"), part(&text, "token"));
    let ask = |host: &str| {
        let proxy = lockstep_faults::FaultProxy::at(host.parse::<std::net::IpAddr>().unwrap(), server.trim_start_matches("https://")).unwrap();
        ask(&by_token(&text, &format!("https://{}", proxy.address())), Path::new("/"), &token, node())
    };
    assert!(matches!(ask("127.0.0.1"), Ok(KubeResponse::Object(Some(_)))), "the same authority, and a name that the certificate has");
    let refused = ask("127.0.0.2").unwrap_err();
    assert_eq!((refused.code(), refused.is_retryable()), ("kube.tls", false), "{refused}");
}

#[test]
fn the_value_of_a_secret_of_the_grant_is_read_and_its_absence_said_by_name() {
    let Some(place) = Place::new() else { return };
    let object = r#"{"stringData":{"password":"pl4nted","other":"x"}}"#.to_owned();
    place.ask(KubeRequest::of("v1", "Secret", &place.namespace, "database", KubeCall::Apply { before: KubeVersion::default(), object, force: false })).unwrap();
    let access = place.grant.kube().access().unwrap();
    let read = |object: &str, key: &str| place.driver.secret_value(access, None, (&place.namespace, object, key));
    assert_eq!(read("database", "password").unwrap().expose(), b"pl4nted");
    for (object, key) in [("database", "none"), ("none", "password")] {
        let failure = read(object, key).unwrap_err();
        assert!(failure.code() == "kube.missing" && failure.message().contains("none") && !failure.message().contains("pl4nted"), "{failure}");
    }
}

#[test]
fn what_the_cluster_forbids_is_forbidden_whatever_the_grant_says() {
    let Some(file) = lockstep_faults::server("KUBECONFIG") else { return };
    let apply = KubeCall::Apply { before: KubeVersion::default(), object: "{}".to_owned(), force: false };
    let failure = ask(&everything(&file, "viewer"), Path::new("/"), "", KubeRequest::of("v1", "ConfigMap", "default", "x", apply)).unwrap_err();
    assert_eq!(failure.code(), "kube.forbidden", "{failure}");
}

/// What the driver says of a kubeconfig with these lines, which nothing is connected for.
fn said(cluster: &str, user: &str, more: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{ server: \"https://127.0.0.1:9\"{cluster} }}\nusers:\n- name: u\n  user: {{ {user} }}\ncontexts:\n- name: production\n  context: {{ cluster: c, user: u }}\n"
    );
    std::fs::write(place.path().join("cluster.yaml"), text).unwrap();
    let grant = everything("cluster.yaml", "production").replace("[[kube.allow]]", &format!("{more}\n[[kube.allow]]"));
    let failure = ask(&grant, place.path(), "", node()).unwrap_err();
    format!("{}: {}", failure.code(), failure.message())
}

#[test]
fn what_a_kubeconfig_asks_for_beyond_the_grant_is_refused_before_anything_is_sent() {
    for (cluster, user, more, wanted) in [
        (", insecure-skip-tls-verify: true", "token: t", "", "always verified"),
        (", proxy-url: \"http://127.0.0.1:1\"", "token: t", "", "no proxy"),
        ("", "token: t, as: admin", "", "`impersonate = \"admin\"`"),
        ("", "token: t, as: admin", "impersonate = \"deployer\"", "the grant says `deployer`"),
        ("", "token: t", "impersonate = \"deployer\"", "impersonates nobody"),
        ("", "token: t, as: deployer, as-groups: [\"system:masters\"]", "impersonate = \"deployer\"", "`as-groups`"),
        ("", "exec: { apiVersion: client.authentication.k8s.io/v1, command: /bin/true }", "", "the program `/bin/true`"),
        ("", "exec: { apiVersion: client.authentication.k8s.io/v1, command: true }", "plugins = [\"/bin/true\"]", "the program `true`"),
        ("", "auth-provider: { name: gcp }", "", "a thing of the past"),
    ] {
        let said = said(cluster, user, more);
        assert!(said.starts_with("kube.config: ") && said.contains(wanted), "{cluster} {user} {more}: {said}");
    }
    assert!(said("", "token: t, as: deployer", "impersonate = \"deployer\"").starts_with("kube.connect"), "what is granted gets as far as the connection");
}

#[test]
fn outside_of_a_pod_there_is_no_service_account_and_nothing_else_is_taken_in_its_place() {
    let rest = everything("x", "y");
    let grant = format!("[kube]\nin-cluster = true\n[[kube.allow]]{}", rest.split_once("[[kube.allow]]").unwrap().1);
    let failure = ask(&grant, Path::new("/"), "", node()).unwrap_err();
    assert!(failure.code() == "kube.config" && failure.message().contains("not a pod with a service account"), "{failure}");
}

#[test]
fn a_context_that_is_not_there_names_those_that_are() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("cluster.yaml"), "apiVersion: v1\nkind: Config\ncontexts:\n- name: staging\n  context: { cluster: c }\n").unwrap();
    let failure = ask(&everything("cluster.yaml", "production"), place.path(), "", node()).unwrap_err();
    assert!(failure.code() == "kube.config" && failure.message().contains("it has staging"), "{failure}");
}
