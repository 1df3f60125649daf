//! What a version that is well does.

use crate::place::{Place, ask, get, post};

#[test]
fn login_gives_a_token_that_opens_the_account() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let login = post(port, "/login", r#"{"user":"ada","password":"letmein"}"#);
    assert_eq!(login.status, 200);
    assert_eq!(login.json()["expires_in"], 3600);
    let token = login.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 48);
    let account = ask(port, "GET", "/account", &[("authorization", &format!("Bearer {token}"))], "");
    assert_eq!((account.status, account.json()["user"].as_str()), (200, Some("ada")));
    let other = post(port, "/login", r#"{"user":"ada","password":"letmein"}"#).json();
    assert_ne!(other["token"], *token);
}

#[test]
fn the_account_is_shut_without_the_right_token() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    assert_eq!(post(port, "/login", r#"{"user":"ada","password":"letmein"}"#).status, 200);
    assert_eq!(get(port, "/account").status, 401);
    for wrong in ["Bearer 00", "Bearer ", "Basic bGV0bWVpbg==", "letmein"] {
        assert_eq!(ask(port, "GET", "/account", &[("authorization", wrong)], "").status, 401, "{wrong}");
    }
    assert_eq!(post(port, "/login", r#"{"user":"ada","password":"wrong"}"#).status, 401);
    assert_eq!(post(port, "/login", r#"{"user":"ada"}"#).status, 400);
    assert_eq!(post(port, "/login", "not json").status, 400);
}

#[test]
fn metrics_count_the_work_and_not_the_looking() {
    let place = Place::new();
    let port = place.start("blue", "1.4.0", &[]);
    let before = get(port, "/metrics").sample("requests_total");
    get(port, "/version");
    get(port, "/nowhere");
    get(port, "/requests");
    let metrics = get(port, "/metrics");
    assert_eq!(metrics.sample("requests_total") - before, 2.0);
    assert_eq!(metrics.sample("errors_total"), 0.0);
    assert_eq!(metrics.sample("request_duration_seconds_bucket{le=\"+Inf\"}"), metrics.sample("requests_total"));
    assert_eq!(metrics.sample("build_info{version=\"1.4.0\"}"), 1.0);
}

#[test]
fn effects_are_counted_by_key_and_outlive_the_process() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    for (key, seen) in [("a", 1), ("b", 1), ("a", 2)] {
        let done = ask(port, "POST", "/effects", &[("Idempotency-Key", key)], "{}");
        assert_eq!((done.status, done.json()["seen"].as_u64()), (201, Some(seen)));
    }
    post(port, "/effects", "");
    place.stop("blue");
    place.start_at(port, "blue", "2", &[]);
    assert_eq!(get(port, "/effects").json(), serde_json::json!({ "total": 4, "keys": { "a": 2, "b": 1 }, "without_key": 1 }));
}

#[test]
fn every_request_is_in_the_log_with_its_key_and_status() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    ask(port, "POST", "/effects", &[("idempotency-key", "run-1/call-2")], "");
    get(port, "/account");
    let shown = get(port, "/requests").body;
    let lines: Vec<serde_json::Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let effect = lines.iter().find(|line| line["path"] == "/effects").unwrap();
    assert_eq!((&effect["method"], &effect["idempotency_key"], &effect["status"]), (&"POST".into(), &"run-1/call-2".into(), &201.into()));
    let account = lines.iter().find(|line| line["path"] == "/account").unwrap();
    assert_eq!((&account["idempotency_key"], &account["status"]), (&serde_json::Value::Null, &401.into()));
    let file = std::fs::read_to_string(place.path("blue").join("requests.log")).unwrap();
    assert!(file.starts_with(&shown), "{file}\n{shown}");
}
