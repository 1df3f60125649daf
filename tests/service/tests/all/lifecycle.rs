//! Starting and stopping, as a service manager would.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Instant;

use rustix::process::{Pid, Signal, getsid, kill_process};

use crate::place::{Beside, Place, ask, free_port, get, post, say, until};

#[test]
fn a_started_service_is_healthy_and_says_its_version() {
    let place = Place::new();
    let port = place.start("blue", "1.4.0", &[]);
    let health = get(port, "/health");
    assert_eq!(health.status, 200);
    assert_eq!(health.json(), serde_json::json!({ "status": "ok", "version": "1.4.0" }));
    assert_eq!(get(port, "/version").json()["version"], "1.4.0");
    assert!(health.head.contains("connection: close"), "{}", health.head);
}

#[test]
fn a_started_service_leads_a_session_of_its_own() {
    let place = Place::new();
    place.start("blue", "1", &[]);
    let pid = Pid::from_raw(place.pid("blue"));
    assert_eq!(getsid(pid).ok(), pid);
}

#[test]
fn starting_the_same_again_changes_nothing() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let pid = place.pid("blue");
    let again = place.try_start("blue", &["start", "--port", &port.to_string(), "--version", "1"]);
    assert_eq!(again.code, Some(0));
    assert!(again.out.contains("already running"), "{}", again.out);
    assert_eq!(place.pid("blue"), pid);
}

#[test]
fn many_starts_at_once_start_one_process() {
    let place = Place::new();
    let port = free_port().to_string();
    let words = ["start", "--port", &port, "--version", "1", "--state", "blue"];
    let beside: Vec<Beside> = (0..8).map(|_| place.spawn(&words)).collect();
    let here = place.try_start("blue", &words[..5]);
    let pid = format!("pid {}", place.pid("blue"));
    for ran in beside.into_iter().map(Beside::finish).chain([here]) {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(&pid), "{ran:?} is not {pid}");
    }
}

#[test]
fn another_version_from_the_same_state_is_refused() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let other = place.try_start("blue", &["start", "--port", &port.to_string(), "--version", "2"]);
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("taken by version 1"), "{}", other.err);
    assert_eq!(get(port, "/version").json()["version"], "1");
}

#[test]
fn a_port_that_is_taken_is_said_with_the_end_of_the_log() {
    let place = Place::new();
    let port = free_port();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let ran = place.try_start("blue", &["start", "--port", &port.to_string(), "--version", "1"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("died at once") && ran.err.contains(&format!("cannot listen on port {port}")), "{}", ran.err);
}

#[test]
fn stopping_frees_the_port_and_may_be_repeated() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let stopped = place.stop("blue");
    assert_eq!((stopped.code, stopped.out.trim()), (Some(0), "stopped"));
    assert!(!place.path("blue").join("pid").exists());
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let again = place.stop("blue");
    assert_eq!((again.code, again.out.trim()), (Some(0), "already stopped"));
    assert_eq!(place.stop("never-there").code, Some(0));
}

#[test]
fn a_killed_service_counts_as_stopped_and_starts_again() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let before = place.pid("blue");
    kill_process(Pid::from_raw(before).unwrap(), Signal::KILL).unwrap();
    until("the kill", || place.stop("blue").out.trim() == "already stopped");
    place.start_at(port, "blue", "1", &[]);
    assert_ne!(place.pid("blue"), before);
    assert_eq!(get(port, "/health").status, 200);
}

#[test]
fn stop_lets_a_request_in_flight_finish() {
    let place = Place::new();
    let port = place.start("blue", "1", &["--broken", "slow=700"]);
    let slow = std::thread::spawn(move || ask(port, "POST", "/effects", &[("idempotency-key", "k")], ""));
    // The effect is recorded before the delay: from now on the request is in flight.
    until("the request", || get(port, "/effects").json()["total"] == 1);
    assert_eq!(place.stop("blue").out.trim(), "stopped");
    let answer = slow.join().unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["seen"], 1);
}

#[test]
fn stop_answers_those_whose_connection_was_not_taken_yet() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let pid = Pid::from_raw(place.pid("blue")).unwrap();
    // While the process stands still, the kernel accepts for it; the order to stop is there when it wakes.
    kill_process(pid, Signal::STOP).unwrap();
    let mut waiting: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
    for stream in &mut waiting {
        stream.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    }
    kill_process(pid, Signal::TERM).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    for mut stream in waiting {
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }
}

#[test]
fn a_kill_while_the_answer_is_late_leaves_the_effect_recorded() {
    let place = Place::new();
    // Later than the test waits for anything: what is seen below is seen before the answer.
    let port = place.start("blue", "1", &["--broken", "slow=600000"]);
    let caller = std::thread::spawn(move || say(port, b"POST /effects HTTP/1.1\r\nhost: x\r\nidempotency-key: k\r\ncontent-length: 0\r\n\r\n"));
    until("the effect", || get(port, "/effects").json()["keys"]["k"] == 1);
    kill_process(Pid::from_raw(place.pid("blue")).unwrap(), Signal::KILL).unwrap();
    assert_eq!(caller.join().unwrap(), "");
    // What the kernel closes for the dead it closes one after another.
    until("the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    place.start_at(port, "blue", "2", &[]);
    assert_eq!(get(port, "/effects").json()["keys"]["k"], 1);
}

#[test]
fn stop_does_not_wait_for_ever() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let pid = Pid::from_raw(place.pid("blue")).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let asked = Instant::now();
    let stopped = place.stop("blue");
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.out.starts_with("killed"), "{}", stopped.out);
    assert!(asked.elapsed().as_secs() >= 5);
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
}

#[test]
fn the_password_comes_from_the_named_variable_and_must_be_there() {
    let place = Place::new();
    // Any variable will do: this one is set wherever cargo runs tests.
    let password = std::env::var("CARGO_PKG_NAME").unwrap();
    let port = place.start("blue", "1", &["--password-env", "CARGO_PKG_NAME"]);
    assert_eq!(post(port, "/login", r#"{"user":"u","password":"letmein"}"#).status, 401);
    assert_eq!(post(port, "/login", &serde_json::json!({ "user": "u", "password": password }).to_string()).status, 200);
    let unset = place.try_start("green", &["start", "--port", "1024", "--version", "1", "--password-env", "LOCKSTEP_NOT_SET"]);
    assert_eq!(unset.code, Some(1));
    assert!(unset.err.contains("LOCKSTEP_NOT_SET is not set"), "{}", unset.err);
}
