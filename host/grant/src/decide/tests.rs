//! Each kind of request through `decide` and `explain`: the two cannot differ.

use std::path::Path;

use lockstep_model::EffectClass;
use lockstep_model::request::{
    ArtifactRequest, Capture, ClockRequest, FilesRequest, HttpRequest, LogLevel, LogRequest, RandomRequest, RememberRequest, SecretRequest, ShellRequest,
};

use crate::explain::Verdict;
use crate::granted::{Decision, Destination, Grantable};
use crate::judge::Side;
use crate::{Denial, Grant};

const GRANT: &str = r#"
[http]
allow = [
    "* https://api.example.com/**",
    { rule = "POST https://slow.example.com/start", class = "idempotent" },
    { rule = "PUT https://slow.example.com/start", class = "at-most-once" },
]
deny = ["DELETE https://api.example.com/**"]
body-limit = "1KiB"
authorities = ["ca.pem", "/etc/other.pem"]

[[shell.allow]]
program = "/usr/bin/git"
args = ["status"]

[[shell.allow]]
program = "/usr/bin/git"
args = ["**"]

[files.mounts."/app"]
path = "/srv/app"
allow = ["read"]

[secrets]
TOKEN = { capture = true, to = ["https://api.example.com"] }
KEY = { env = "KEY", to = ["https://api.example.com"] }
"#;

fn grant() -> Grant {
    Grant::parse(GRANT, "e.toml", Path::new("/etc/lockstep")).unwrap()
}

fn denied(request: &impl Grantable) -> Denial {
    match request.decide(&grant()) {
        Decision::Allowed(granted) => panic!("allowed by {}", granted.rule()),
        Decision::Denied(denial) => denial,
    }
}

#[test]
fn an_http_rules_class_wins_over_the_requests_claim() {
    for (method, url, idempotent, class) in [
        ("GET", "https://api.example.com/x", false, EffectClass::Read),
        ("PUT", "https://api.example.com/x", false, EffectClass::Idempotent),
        ("POST", "https://api.example.com/x", false, EffectClass::AtMostOnce),
        ("POST", "https://api.example.com/x", true, EffectClass::Idempotent),
        ("POST", "https://slow.example.com/start", false, EffectClass::Idempotent),
        ("PUT", "https://slow.example.com/start", true, EffectClass::AtMostOnce),
    ] {
        let mut request = HttpRequest::to(method, url);
        request.idempotent = idempotent;
        let Decision::Allowed(granted) = request.decide(&grant()) else { panic!("{method} {url}") };
        assert_eq!(granted.class(), class, "{method} {url}");
    }
}

#[test]
fn the_terms_of_http_carry_all_that_a_driver_needs() {
    let Decision::Allowed(granted) = HttpRequest::to("GET", "https://api.example.com/x").decide(&grant()) else { panic!() };
    let terms = granted.terms();
    assert_eq!(terms.body_limit, 1024);
    assert_eq!(&*terms.authorities, [Path::new("/etc/lockstep/ca.pem"), Path::new("/etc/other.pem")]);
    assert!(terms.rules.allows("GET", "https://api.example.com/y").is_ok());
    assert!(terms.rules.allows("GET", "https://evil.example/").is_err());
    assert!(terms.address_allowed("127.0.0.1".parse().unwrap()).is_err());
    assert_eq!(granted.request().destination(), Some(Destination::Url("https://api.example.com/x".to_owned())));
}

#[test]
fn a_response_is_captured_only_into_a_secret_declared_for_it() {
    let mut request = HttpRequest::to("POST", "https://api.example.com/login");
    let capture = |secret: &str| vec![Capture { pointer: "/token".to_owned(), secret: secret.to_owned() }];
    request.captures = capture("TOKEN");
    assert!(matches!(request.decide(&grant()), Decision::Allowed(_)));
    request.captures = capture("KEY");
    let denial = denied(&request);
    assert_eq!((denial.rule.as_str(), denial.message.as_str()), ("secrets.KEY, e.toml:26", "to capture into secret `KEY` is not allowed: it has a source"));
    request.captures = capture("OTHER");
    let denial = denied(&request);
    assert_eq!(denial.message, "to capture into secret `OTHER` is not allowed: it is not declared");
    assert_eq!(denial.hint.as_deref(), Some("add to `[secrets]`, with where it may go:\n\"OTHER\" = { capture = true, to = [\"https://…\"] }"));
}

#[test]
fn a_secret_is_allowed_when_it_is_declared() {
    let Decision::Allowed(granted) = (SecretRequest { id: "KEY".to_owned() }).decide(&grant()) else { panic!() };
    assert_eq!(granted.rule(), "secrets.KEY, e.toml:26");
    let denial = denied(&SecretRequest { id: "NONE".to_owned() });
    assert_eq!((denial.rule.as_str(), denial.message.as_str()), ("default", "secret `NONE` is not declared"));
    assert_eq!(denial.hint.as_deref(), Some("add to `[secrets]`, with where it may go:\n\"NONE\" = { env = \"NONE\", to = [\"https://…\"] }"));
    assert!(denied(&SecretRequest { id: "x".repeat(1_000_000) }).message.len() < 300);
}

#[test]
fn what_touches_nothing_outside_the_run_is_always_allowed() {
    fn check(request: &impl Grantable) {
        let Decision::Allowed(granted) = request.decide(&Grant::default()) else { panic!("{request:?}") };
        assert_eq!((granted.rule(), granted.class()), ("always", request.class()));
        assert_eq!(request.explain(&Grant::default()).decision.unwrap().rule, "always");
    }
    check(&ArtifactRequest::ById { id: "a".to_owned() });
    check(&ClockRequest::Now);
    check(&RandomRequest::Uuid);
    check(&LogRequest::Message { level: LogLevel::Info, message: String::new(), fields: Vec::new() });
    check(&RememberRequest { key: "k".to_owned(), value: "v".to_owned() });
}

#[test]
fn an_explanation_shows_every_rule_and_the_same_decision() {
    let explanation = grant().explain(&HttpRequest::to("DELETE", "https://api.example.com/x"));
    let shown: Vec<_> = explanation.considered.iter().map(|c| (c.rule.as_str(), c.text.as_str(), c.side, c.verdict, c.why.as_str())).collect();
    let deny = "http.deny[0], e.toml:8";
    assert_eq!(
        shown,
        [
            (deny, "DELETE https://api.example.com/**", Side::Deny, Verdict::Decides, "matches and decides"),
            ("http.allow[0], e.toml:4", "* https://api.example.com/**", Side::Allow, Verdict::Overruled, "matches, but http.deny[0], e.toml:8 decides"),
            ("http.allow[1], e.toml:5", "POST https://slow.example.com/start", Side::Allow, Verdict::NoMatch, "another method"),
            ("http.allow[2], e.toml:6", "PUT https://slow.example.com/start", Side::Allow, Verdict::NoMatch, "another method"),
        ]
    );
    assert_eq!(explanation.decision.unwrap_err(), denied(&HttpRequest::to("DELETE", "https://api.example.com/x")));
}

#[test]
fn an_explanation_says_why_a_rule_that_matches_does_not_help() {
    let text = "[http]\nallow = [\"GET http://10.1.2.3/\"]";
    let local = Grant::parse(text, "e.toml", Path::new("/")).unwrap();
    let explanation = local.explain(&HttpRequest::to("GET", "http://10.1.2.3/"));
    assert_eq!(explanation.considered[0].verdict, Verdict::Overruled);
    assert_eq!(explanation.considered[0].why, "matches, but 10.1.2.3 is not public (private) and not in `private-addresses`");
}

#[test]
fn an_explanation_says_what_was_different() {
    let explanation = grant().explain(&ShellRequest::command("/usr/bin/git", &["status"]));
    let shown: Vec<_> = explanation.considered.iter().map(|c| (c.text.as_str(), c.verdict, c.why.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("/usr/bin/git status", Verdict::Decides, "matches and decides"),
            ("/usr/bin/git **", Verdict::Overruled, "matches, but shell.allow[0], e.toml:12 decides"),
        ]
    );
    assert_eq!(explanation.decision.unwrap().class, EffectClass::AtMostOnce);

    let explanation = grant().explain(&ShellRequest::command("/usr/bin/git", &["log"]));
    assert_eq!(explanation.considered[0].why, "argument 1 is another");
    let explanation = grant().explain(&ShellRequest::command("/usr/bin/git", &[]));
    assert_eq!(explanation.considered[0].why, "0 arguments where it has 1");

    let explanation = grant().explain(&FilesRequest::Remove { path: "/app/x".to_owned() });
    let shown: Vec<_> = explanation.considered.iter().map(|c| (c.rule.as_str(), c.text.as_str(), c.verdict, c.why.as_str())).collect();
    assert_eq!(shown, [("files.mounts.\"/app\", e.toml:20", "/app -> /srv/app (read)", Verdict::NoMatch, "the mount does not allow this")]);
}

#[test]
fn an_explanation_says_when_a_rule_overrules_what_the_procedure_asked_for() {
    let request = HttpRequest { idempotent: true, ..HttpRequest::to("PUT", "https://slow.example.com/start") };
    let allowance = grant().explain(&request).decision.unwrap();
    assert_eq!((allowance.class, allowance.asked, allowance.overrules()), (EffectClass::AtMostOnce, EffectClass::Idempotent, true));
    let explanation = grant().explain(&HttpRequest::to("GET", "https://api.example.com/x"));
    assert_eq!(explanation.considered.iter().filter_map(|rule| rule.class).collect::<Vec<_>>(), [EffectClass::Idempotent, EffectClass::AtMostOnce]);
    assert!(!explanation.decision.unwrap().overrules());
}

#[test]
fn what_is_no_read_is_refused_as_a_probe_with_what_to_add() {
    let status = ShellRequest::command("/usr/bin/git", &["status"]);
    let Decision::Allowed(granted) = status.decide(&grant()) else { panic!("denied") };
    let denial = granted.into_probe().unwrap_err();
    assert!(denial.message.contains("git status") && denial.message.contains("at-most-once"), "{}", denial.message);
    assert_eq!(denial.hint.as_deref(), Some("if it changes nothing, say so: add `class = \"read\"` to shell.allow[0], e.toml:12"));
    assert_eq!(grant().explain(&status).of_probe(&status).decision.unwrap_err(), denial, "what is explained is what is decided");

    let look = HttpRequest::to("GET", "https://api.example.com/x");
    let Decision::Allowed(granted) = look.decide(&grant()) else { panic!("denied") };
    assert!(granted.into_probe().is_ok() && grant().explain(&look).of_probe(&look).decision.is_ok());
}

#[test]
fn deciding_and_explaining_agree_for_every_request() {
    let grant = grant();
    let agree = |decision: Result<String, Denial>, explained: Result<String, Denial>| assert_eq!(decision, explained);
    for method in ["GET", "POST", "DELETE", "TRACE"] {
        for url in ["https://api.example.com/x", "https://slow.example.com/start", "https://u@x/", "http://10.0.0.1/"] {
            let request = HttpRequest::to(method, url);
            agree(ruling(request.decide(&grant)), request.explain(&grant).decision.map(|allowance| allowance.rule));
        }
    }
    for args in [&["status"][..], &["log"], &["a\0"], &[]] {
        let request = ShellRequest::command("/usr/bin/git", args);
        agree(ruling(request.decide(&grant)), request.explain(&grant).decision.map(|allowance| allowance.rule));
    }
    for path in ["/app", "/app/x", "/", "/app/..", "x"] {
        let request = FilesRequest::Look { path: path.to_owned() };
        agree(ruling(request.decide(&grant)), request.explain(&grant).decision.map(|allowance| allowance.rule));
    }
}

fn ruling<R: Grantable>(decision: Decision<R>) -> Result<String, Denial> {
    match decision {
        Decision::Allowed(granted) => Ok(granted.rule().to_owned()),
        Decision::Denied(denial) => Err(denial),
    }
}
