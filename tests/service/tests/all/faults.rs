//! What a bad version does, as released and as switched.

use std::time::{Duration, Instant};

use crate::place::{Place, free_port, get, post};

const LOGIN: &str = r#"{"user":"u","password":"letmein"}"#;

#[test]
fn a_version_without_health_starts_but_says_so() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "health"]);
    assert_eq!(get(port, "/health").status, 503);
    assert_eq!(get(port, "/version").status, 200);
}

#[test]
fn a_version_with_a_broken_login_is_otherwise_well() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "login"]);
    assert_eq!(get(port, "/health").status, 200);
    assert_eq!(post(port, "/login", LOGIN).status, 500);
    assert_eq!(get(port, "/metrics").sample("errors_total"), 1.0);
}

#[test]
fn a_slow_version_answers_late_but_can_be_looked_at() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "slow=300"]);
    let asked = Instant::now();
    assert_eq!(get(port, "/version").status, 200);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    let metrics = get(port, "/metrics");
    assert_eq!(metrics.sample("request_duration_seconds_bucket{le=\"0.25\"}"), 0.0);
    assert_eq!(metrics.sample("request_duration_seconds_count"), 1.0);
}

#[test]
fn a_failing_version_fails_the_part_of_its_work_that_was_asked_for() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "failing=0.1"]);
    let failed = (0..30).filter(|_| get(port, "/version").status == 500).count();
    assert_eq!(failed, 3);
    assert_eq!(post(port, "/switches", r#"{"failing":1}"#).status, 200);
    assert_eq!(get(port, "/version").status, 500);
    assert_eq!(get(port, "/health").status, 200);
    assert_eq!(post(port, "/switches", "{}").status, 200);
    assert_eq!(get(port, "/version").status, 200);
}

#[test]
fn a_failing_version_does_not_perform_the_effect() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "failing"]);
    assert_eq!(post(port, "/effects", "").status, 500);
    assert_eq!(get(port, "/effects").json()["total"], 0);
}

#[test]
fn a_leaking_version_grows() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "leak=4194304"]);
    let before = get(port, "/metrics");
    for _ in 0..10 {
        get(port, "/version");
    }
    let after = get(port, "/metrics");
    let grown = |name: &str| after.sample(name) - before.sample(name);
    assert_eq!(grown("leaked_bytes"), 10.0 * 4_194_304.0);
    // The gauge is left out where the kernel does not tell.
    if after.body.contains("process_resident_memory_bytes") {
        assert!(grown("process_resident_memory_bytes") > 30e6, "{}", after.body);
    }
}

#[test]
fn a_version_that_crashes_fails_its_start_with_the_end_of_its_log() {
    let place = Place::new();
    let port = free_port().to_string();
    for _ in 0..2 {
        let ran = place.try_start("blue", &["start", "--port", &port, "--version", "6.6.6", "--broken", "crash"]);
        assert_eq!(ran.code, Some(1));
        assert_eq!(ran.err.matches("version 6.6.6 crashes").count(), 1, "only this start's lines: {}", ran.err);
    }
}

#[test]
fn switches_that_make_no_sense_change_nothing() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "slow=1"]);
    for wrong in [r#"{"failing":2}"#, r#"{"slow_ms":-1}"#, r#"{"slow":1}"#, "[]", ""] {
        assert_eq!(post(port, "/switches", wrong).status, 400, "{wrong}");
    }
    assert_eq!(get(port, "/switches").json()["slow_ms"], 1);
}
