//! Requests against `[http]`: what is allowed, what every refusal says, and that no hint gives more than was asked.

use std::path::Path;

use proptest::prelude::*;

use lockstep_model::request::HttpRequest;

use super::HttpRules;
use crate::Grant;
use crate::granted::{Decision, Denial, Grantable as _};

const GRANT: &str = r#"
[http]
allow = [
    "GET,HEAD https://api.example.com/health",
    "* https://api.example.com/v1/**",
    "GET http://127.0.0.1:8080/**",
    "GET http://169.254.169.254/**",
    "GET http://10.1.2.3/",
]
deny = ["DELETE https://api.example.com/v1/**", "* https://api.example.com/v1/admin/**"]
private-addresses = ["127.0.0.0/8", "169.254.0.0/16"]
"#;

fn grant(text: &str) -> Grant {
    Grant::parse(text, "e.toml", Path::new("/etc")).unwrap()
}

fn ask(method: &str, url: &str) -> Result<String, Denial> {
    grant(GRANT).http().allows(method, url)
}

#[test]
fn the_first_allow_without_a_deny_decides() {
    for (method, url, rule) in [
        ("GET", "https://api.example.com/health", "http.allow[0], e.toml:4"),
        ("HEAD", "https://API.example.com:443/health", "http.allow[0], e.toml:4"),
        ("PATCH", "https://api.example.com/v1/x", "http.allow[1], e.toml:5"),
        ("GET", "http://0x7f000001:8080/x", "http.allow[2], e.toml:6"),
    ] {
        assert_eq!(ask(method, url).as_deref(), Ok(rule), "{method} {url}");
    }
}

#[test]
fn a_deny_wins_over_every_allow() {
    for (method, url, rule) in [
        ("DELETE", "https://api.example.com/v1/x", "http.deny[0], e.toml:10"),
        ("GET", "https://api.example.com/v1/admin/", "http.deny[1], e.toml:10"),
        ("GET", "https://api.example.com/v1/%61dmin/x?y", "http.deny[1], e.toml:10"),
        ("GET", "https://api.example.com/v1/x/../admin/x", "http.deny[1], e.toml:10"),
    ] {
        let denial = ask(method, url).unwrap_err();
        assert_eq!(denial.rule, rule, "{method} {url}");
        assert!(denial.hint.unwrap().starts_with("a deny wins over every allow: change `http.deny["));
    }
}

#[test]
fn what_no_rule_allows_is_denied_with_the_line_to_add() {
    for (method, url, hint) in [
        ("POST", "https://api.example.com/health", "add \"POST https://api.example.com/health\" to `http.allow` (e.toml:3)"),
        ("GET", "https://api.example.com/*/**", "add \"GET https://api.example.com/%2A/%2A%2A\" to `http.allow` (e.toml:3)"),
        ("GET", "https://api.example.com/health?a=1", "http.allow[0], e.toml:4 allows no such query; `\"GET https://api.example.com/health?*\"` allows any"),
    ] {
        let denial = ask(method, url).unwrap_err();
        assert_eq!((denial.rule.as_str(), denial.hint.as_deref()), ("default", Some(hint)), "{method} {url}");
    }
    let denial = Grant::default().http().allows("GET", "https://x/").unwrap_err();
    assert_eq!(denial.message, "`GET https://x/` is not allowed");
    assert_eq!(denial.hint.as_deref(), Some("add to the grant file:\n[http]\nallow = [\"GET https://x/\"]"));
    let denial = grant("[http]\nbody-limit = \"1KiB\"").http().allows("GET", "https://x/").unwrap_err();
    assert_eq!(denial.hint.as_deref(), Some("add to `[http]` of e.toml:\nallow = [\"GET https://x/\"]"));
}

#[test]
fn what_is_no_request_is_denied_whatever_the_grant_says() {
    for (method, url, message) in [
        ("CONNECT", "https://api.example.com/v1/x", "`CONNECT` is not a method that a procedure may use"),
        ("get", "https://api.example.com/v1/x", "`get` is not a method that a procedure may use"),
        ("G\nT", "https://api.example.com/v1/x", "`G\u{fffd}T` is not a method that a procedure may use"),
        ("GET", "https://u:p@api.example.com/v1/x", "the URL has credentials: send them as a header with a secret's marker"),
        ("GET", "https://api.example.com/v1/a b", "the URL has a blank, a control character or a backslash"),
        ("GET", "file:///etc/passwd", "the URL is not absolute, or not `http` or `https`"),
        ("GET", "", "the URL is not absolute, or not `http` or `https`"),
    ] {
        let denial = ask(method, url).unwrap_err();
        assert_eq!((denial.rule.as_str(), denial.message.as_str()), ("built-in", message));
    }
    let denial = ask("GET", &format!("https://api.example.com/v1/{}", "x".repeat(9000))).unwrap_err();
    assert_eq!(denial.message, "the URL is longer than 8192 bytes");
}

#[test]
fn an_address_in_the_url_is_checked_before_anything_is_sent() {
    let denial = ask("GET", "http://169.254.169.254/latest/meta-data/").unwrap_err();
    assert_eq!((denial.rule.as_str(), denial.hint), ("built-in", None));
    let denial = ask("GET", "http://10.1.2.3/").unwrap_err();
    assert_eq!(denial.rule, "default");
    assert_eq!(denial.message, "10.1.2.3 is not public (private) and not in `private-addresses`");
    assert_eq!(denial.hint.as_deref(), Some("add \"10.1.2.3\" to `http.private-addresses` (e.toml:11)"));
}

#[test]
fn the_first_hint_for_an_address_that_is_not_public_is_all_that_is_needed() {
    for (before, url, hint) in [
        ("", "http://127.0.0.1:8080/x", "add to the grant file:\n[http]\nallow = [\"GET http://127.0.0.1:8080/x\"]\nprivate-addresses = [\"127.0.0.1\"]"),
        ("", "http://localhost/", "add to the grant file:\n[http]\nallow = [\"GET http://localhost/\"]\nprivate-addresses = [\"127.0.0.1\"]"),
        (
            "[http]\nallow = []",
            "http://[::1]/",
            "add \"GET http://[::1]/\" to `http.allow` (e.toml:2)\nand add to `[http]` of e.toml:\nprivate-addresses = [\"::1\"]",
        ),
        (
            "[http]\nprivate-addresses = []",
            "http://10.0.0.1/",
            "add to `[http]` of e.toml:\nallow = [\"GET http://10.0.0.1/\"]\nand add \"10.0.0.1\" to `http.private-addresses` (e.toml:2)",
        ),
    ] {
        assert_eq!(grant(before).http().allows("GET", url).unwrap_err().hint.as_deref(), Some(hint));
    }
    let pasted = "[http]\nallow = [\"GET http://localhost/\", \"GET http://127.0.0.1/\"]\nprivate-addresses = [\"127.0.0.1\"]";
    assert!(grant(pasted).http().allows("GET", "http://127.0.0.1/").is_ok() && grant(pasted).unreachable().is_empty());
    let metadata = Grant::default().http().allows("GET", "http://169.254.169.254/latest").unwrap_err();
    assert_eq!((metadata.rule.as_str(), metadata.hint), ("built-in", None), "nothing that could be added would help");
}

#[test]
fn a_rule_for_an_address_that_is_refused_is_found_before_it_is_needed() {
    let found: Vec<_> = grant(GRANT).unreachable().into_iter().map(|denial| (denial.rule, denial.message, denial.hint)).collect();
    let metadata = "`GET http://169.254.169.254/**` can never apply: 169.254.169.254 serves a machine's metadata and credentials: never allowed";
    let private = "`GET http://10.1.2.3/` can never apply: 10.1.2.3 is not public (private) and not in `private-addresses`";
    let hint = "add \"10.1.2.3\" to `http.private-addresses` (e.toml:11)";
    assert_eq!(
        found,
        [("http.allow[3], e.toml:7".to_owned(), metadata.to_owned(), None), ("http.allow[4], e.toml:8".to_owned(), private.to_owned(), Some(hint.to_owned())),]
    );
    let local = grant("[http]\nallow = [\"GET http://localhost:8080/**\", \"GET http://*.example.com/\"]").unreachable();
    assert_eq!(local.len(), 1, "{local:?}");
    assert!(grant("[http]\nallow = [\"GET http://localhost/\"]\nprivate-addresses = [\"::1\"]").unreachable().is_empty());
}

#[test]
fn a_huge_url_makes_no_huge_denial() {
    let denial = ask("GET", &format!("https://x/{}", "é".repeat(4000))).unwrap_err();
    assert!(denial.message.chars().count() < 300 && denial.hint.is_none(), "{denial:?}");
}

#[test]
fn rules_that_are_not_enforceable_do_not_parse() {
    for (rule, expect) in [
        ("\"https://x/\"", "http.allow[0]: expected a method, a blank and a URL"),
        ("\"FETCH https://x/\"", "http.allow[0]: `FETCH` is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or `*`"),
        ("\"GET,,HEAD https://x/\"", "http.allow[0]: `` is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or `*`"),
        ("\"GET  https://x/\"", "http.allow[0]: a blank, a control character or a backslash does not belong in a URL"),
        ("\"GET https://x\"", "http.allow[0]: say which path: `/` for the root alone, `/**` for every path"),
        ("{ rule = \"GET https://x/\", class = \"idempotant\" }", "http.allow[0].class: unknown word `idempotant`"),
        ("{ class = \"read\" }", "`http.allow[0]` has no `rule`"),
        ("7", "http.allow[0]: expected a string, found integer"),
    ] {
        let errors = Grant::parse(&format!("[http]\nallow = [{rule}]"), "e.toml", Path::new("/")).unwrap_err();
        assert_eq!(errors.problems[0].message, expect, "{rule}");
        assert_eq!((errors.problems.len(), errors.problems[0].line), (1, 2), "{rule}");
    }
    for (line, expect) in [
        ("deny = [{ rule = \"GET https://x/\", class = \"read\" }]", "http.deny[0]: a deny is a text such as `\"* https://example.com/admin/**\"`"),
        ("private-addresses = [\"10.0.0.1/8\"]", "http.private-addresses[0]: bits are set behind the prefix: did you mean `10.0.0.0/8`?"),
        ("private-addresses = [\"intranet\"]", "http.private-addresses[0]: expected a range such as `10.0.0.0/8` or an address"),
        ("body-limit = \"65MiB\"", "http.body-limit: expected 1B to 64MiB"),
        ("body-limit = \"0B\"", "http.body-limit: expected 1B to 64MiB"),
        ("authorities = [\"\"]", "http.authorities[0]: expected a path"),
        ("timeout = \"3s\"", "unknown key `timeout` in `http`"),
    ] {
        let errors = Grant::parse(&format!("[http]\n{line}"), "e.toml", Path::new("/")).unwrap_err();
        assert_eq!(errors.problems[0].message, expect, "{line}");
    }
}

#[test]
fn the_default_allows_nothing() {
    assert_eq!(HttpRules::default().allows("GET", "https://example.com/").unwrap_err().rule, "default");
}

proptest! {
    /// A guest writes the URL and with it the hint: pasted, it must allow this URL and no other.
    #[test]
    fn a_hint_allows_what_was_asked_and_nothing_more(path in "[a-c*%/;?=&\"'.-]{0,10}", other in "[a-c*/;?=&.-]{0,10}") {
        let url = format!("https://x/{path}");
        let denial = Grant::default().http().allows("GET", &url).unwrap_err();
        let Some(hint) = denial.hint.filter(|_| denial.rule == "default") else { return Ok(()) };
        let Ok(widened) = Grant::parse(hint.split_once('\n').unwrap().1, "e.toml", Path::new("/")) else {
            // A query with a `%` that escapes nothing can be sent but not written as a pattern.
            prop_assert!(url.contains('%'));
            return Ok(());
        };
        prop_assert!(widened.http().allows("GET", &url).is_ok(), "{}", hint);
        let other = format!("https://x/{other}");
        if widened.http().allows("GET", &other).is_ok() {
            let normal = |url: &str| {
                let parsed = crate::HttpUrl::parse(url).unwrap();
                (parsed.parts, parsed.query.map(|query| crate::http_url::percent_decode(&query)))
            };
            prop_assert_eq!(normal(&url), normal(&other));
        }
    }
}

const WAYS: &str = r#"
[http]
allow = ["* https://*.example.com/**"]
[http.identities.billing]
to = ["https://billing.example.com"]
certificate = { secret = "CERT" }
key = { secret = "KEY" }
[http.proxies.corp]
url = "http://proxy.internal:3128"
to = ["https://*.example.com"]
user = "lockstep"
password = { secret = "PASSWORD" }
[secrets]
CERT = { file = "/c.pem", to = ["http.identities.billing"] }
KEY = { file = "/k.pem", to = ["http.identities.billing"] }
PASSWORD = { env = "P", to = ["http.proxies.corp"] }
"#;

#[test]
fn a_request_has_the_secrets_placed_that_its_way_needs_and_no_others() {
    let placed = |url: &str| match HttpRequest::to("GET", url).decide(&grant(WAYS)) {
        Decision::Allowed(granted) => granted.placed().map(str::to_owned).collect::<Vec<_>>(),
        Decision::Denied(denial) => panic!("{denial:?}"),
    };
    assert_eq!(placed("https://billing.example.com/pay"), ["CERT", "KEY", "PASSWORD"]);
    assert_eq!(placed("https://api.example.com/"), ["PASSWORD"]);
    let grant = grant(WAYS);
    let (identity, proxy) = (grant.http().identity("https://billing.example.com/"), grant.http().proxy("https://a.example.com/"));
    assert_eq!((identity.unwrap().id.as_str(), proxy.unwrap().origin().as_str()), ("billing", "http://proxy.internal:3128"));
    // Another port, no encryption, the domain itself: another server.
    for url in ["https://billing.example.com:8443/", "http://billing.example.com/", "https://example.com/"] {
        assert!(grant.http().identity(url).is_none(), "{url}");
    }
    assert!(grant.http().proxy("http://api.example.com/").is_none());
}

#[test]
fn the_secrets_of_a_way_go_nowhere_else_and_what_is_no_way_does_not_parse() {
    for (from, to, expect) in [
        ("to = [\"http.identities.billing\"]", "to = [\"https://billing.example.com\"]", "secret `CERT` may not go to `http.identities.billing`"),
        ("certificate = { secret = \"CERT\" }", "certificate = { secret = \"NONE\" }", "secret `NONE` is not declared"),
        ("certificate = { secret = \"CERT\" }", "certificate = \"-----BEGIN CERTIFICATE-----\"", "a secret does not stand in a grant file"),
        ("key = { secret = \"KEY\" }\n", "", "`http.identities.billing` has no `key`"),
        ("to = [\"https://billing.example.com\"]", "to = [\"http://billing.example.com\"]", "a certificate is shown over https only"),
        ("to = [\"https://billing.example.com\"]\n", "to = []\n", "what is for no server is of no use"),
        ("to = [\"https://*.example.com\"]\n", "", "`http.proxies.corp` has no `to`"),
        ("user = \"lockstep\"\n", "", "a proxy's `user` and `password` go together"),
        ("user = \"lockstep\"", "user = \"lock:step\"", "expected a name without `:` and control characters"),
        ("http://proxy.internal:3128", "http://user:hunter2@proxy.internal:3128", "credentials"),
        ("http://proxy.internal:3128", "http://proxy.internal:3128/path", "a proxy has a host and a port, no path"),
        ("http://proxy.internal:3128", "socks5://proxy.internal:1080", "http"),
        ("[http.proxies.corp]", "[http.proxies.\"a b\"]", "a name is 1 to 64 letters"),
    ] {
        let text = WAYS.replacen(from, to, 1);
        let errors = Grant::parse(&text, "e.toml", Path::new("/")).expect_err(expect);
        assert!(errors.problems.iter().any(|problem| problem.message.contains(expect)), "{expect}: {errors:?}");
        assert!(errors.problems.iter().all(|problem| problem.line > 1 && !problem.message.contains("hunter2")), "{errors:?}");
    }
    // A procedure that has got a marker of the key cannot send it, not even to the server for which the key is.
    let (grant, destination) = (grant(WAYS), HttpRequest::to("GET", "https://billing.example.com/").destination().unwrap());
    assert!(grant.secrets().iter().all(|secret| !secret.may_go_to(&destination)));
}
