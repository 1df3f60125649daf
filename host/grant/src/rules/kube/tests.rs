//! Which objects a rule is about, and what does not parse.

use std::path::Path;

use lockstep_model::request::{KubeCall, KubeRequest, KubeVersion};

use crate::{Decision, Grant, Grantable};

const GRANT: &str = r#"
[kube]
kubeconfig = "cluster.yaml"
context = "production"
[[kube.allow]]
verbs = ["get", "set-image", "scale", "delete"]
kinds = ["apps/v1/Deployment"]
namespaces = ["shop", "shop-*"]
names = ["api*"]
[[kube.allow]]
verbs = ["scale"]
kinds = ["apps/v1/Deployment"]
namespaces = ["shop"]
names = ["worker"]
destructive = true
[[kube.allow]]
verbs = ["list"]
kinds = ["v1/Pod"]
namespaces = ["shop"]
[[kube.deny]]
kinds = ["apps/v1/Deployment"]
names = ["api-legacy"]
"#;

fn grant(text: &str) -> Grant {
    Grant::parse(text, "e.toml", Path::new("/etc/lockstep")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn deployment(namespace: &str, id: &str, call: KubeCall) -> KubeRequest {
    KubeRequest::of("apps/v1", "Deployment", namespace, id, call)
}

fn rule(request: &KubeRequest) -> String {
    match request.decide(&grant(GRANT)) {
        Decision::Allowed(granted) => granted.rule().to_owned(),
        Decision::Denied(denial) => format!("{}: {}", denial.rule, denial.hint.unwrap_or_default()),
    }
}

fn scale(replicas: u32) -> KubeCall {
    KubeCall::Scale { before: KubeVersion::default(), replicas }
}

#[test]
fn verb_kind_namespace_and_name_must_all_fit_and_a_deny_wins() {
    assert_eq!(rule(&deployment("shop", "api", KubeCall::Read)), "kube.allow[0], e.toml:5");
    assert_eq!(rule(&deployment("shop-eu", "api-v2", KubeCall::WaitForDeleted)), "kube.allow[0], e.toml:5");
    assert!(rule(&deployment("shop", "api-legacy", KubeCall::Read)).starts_with("kube.deny[0], e.toml:20"));
    for (namespace, id, call) in
        [("bank", "api", KubeCall::Read), ("shop", "web", KubeCall::Read), ("shop", "api", KubeCall::Restart { before: KubeVersion::default() })]
    {
        assert!(rule(&deployment(namespace, id, call.clone())).starts_with("default: "), "{namespace}/{id} {call:?}");
    }
    assert!(rule(&KubeRequest::of("apps/v1", "StatefulSet", "shop", "api", KubeCall::Read)).starts_with("default: "));
}

#[test]
fn what_destroys_wants_a_rule_that_says_so() {
    assert_eq!(rule(&deployment("shop", "api", scale(3))), "kube.allow[0], e.toml:5");
    let refused = rule(&deployment("shop", "api", scale(0)));
    assert!(refused.contains("add `destructive = true` to kube.allow[0], e.toml:5"), "{refused}");
    let refused = rule(&deployment("shop", "api", KubeCall::Delete { before: KubeVersion::default() }));
    assert!(refused.contains("destructive"), "{refused}");
    assert_eq!(rule(&deployment("shop", "worker", scale(0))), "kube.allow[1], e.toml:10");
}

#[test]
fn a_list_needs_a_rule_without_patterns_of_names_and_one_of_all_namespaces_a_rule_for_all() {
    let list = |kind, namespace| KubeRequest::of("v1", kind, namespace, "", KubeCall::Entries { labels: String::new(), fields: String::new(), limit: 5 });
    assert_eq!(rule(&list("Pod", "shop")), "kube.allow[2], e.toml:16");
    assert!(rule(&list("Pod", "")).starts_with("default: "));
    let of_deployments = KubeRequest { api_version: "apps/v1".to_owned(), ..list("Deployment", "shop") };
    assert!(rule(&of_deployments).starts_with("kube.deny[0]"), "what is denied by name would be in it");
}

#[test]
fn no_part_of_an_address_can_become_another_address() {
    for (version, kind, namespace, id) in [
        ("apps/v1", "Deployment", "shop", "api/../../secrets/x"),
        ("apps/v1", "Deployment", "shop", ".."),
        ("apps/v1", "Deployment", "shop/../bank", "api"),
        ("apps/v1/x", "Deployment", "shop", "api"),
        ("/v1", "Deployment", "shop", "api"),
        ("apps/v1", "Deployment", "shop", "api?dryRun=All"),
        ("apps/v1", "Deployment", "shop", "api%2f"),
        ("apps/v1", "Deployment", "shop", ""),
        ("apps/v1", "", "shop", "api"),
    ] {
        let denied = rule(&KubeRequest::of(version, kind, namespace, id, KubeCall::Read));
        assert!(denied.starts_with("built-in"), "{version} {kind} {namespace} {id}: {denied}");
    }
}

#[test]
fn the_hint_allows_exactly_what_was_asked() {
    let denied = rule(&deployment("bank", "ledger", scale(0)));
    let hint = denied.split_once("add to the grant file:\n").unwrap().1;
    let widened = grant(&format!("{GRANT}\n{hint}"));
    assert!(matches!(deployment("bank", "ledger", scale(0)).decide(&widened), Decision::Allowed(_)), "{hint}");
    assert!(matches!(deployment("bank", "ledgers", scale(0)).decide(&widened), Decision::Denied(_)));
}

#[test]
fn what_would_not_be_enforced_does_not_parse() {
    for (text, said) in [
        ("[kube]\n[[kube.allow]]\nverbs = [\"get\"]\nkinds = [\"*\"]\nnamespaces = [\"*\"]", "expected a cluster"),
        ("[kube]\nkubeconfig = \"a\"", "`kube` has no `context`"),
        ("[kube]\nkubeconfig = \"a\"\ncontext = \"b\"\nserver = \"https://c\"", "one cluster"),
        ("[kube]\nkubeconfig = \"a\"\ncontext = \"b\"\ntoken = { secret = \"T\" }", "kube.token: is of no use with `kube.kubeconfig`"),
        ("[kube]\nserver = \"http://c\"\ntoken = { secret = \"T\" }", "expected `https://…`"),
        ("[kube]\nin-cluster = true\n[[kube.allow]]\nverbs = [\"exec\"]\nkinds = [\"*\"]\nnamespaces = [\"*\"]", "unknown word `exec`"),
        ("[kube]\nin-cluster = true\n[[kube.allow]]\nverbs = [\"get\"]\nkinds = [\"*\"]", "has no `namespaces`"),
        ("[kube]\nin-cluster = true\ninsecure-skip-tls-verify = true", "unknown key `insecure-skip-tls-verify`"),
    ] {
        let errors = Grant::parse(text, "e.toml", Path::new("/")).unwrap_err().to_string();
        assert!(errors.contains(said), "{text}:\n{errors}");
    }
}
