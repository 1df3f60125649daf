//! The front: what a client sees of a switch, which is nothing.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::thread::JoinHandle;

use serde_json::Value;

use crate::place::{Beside, Place, ask, flip, free_port, get, until};

/// Two slots and a front that follows the switch.
struct Street {
    place: Place,
    front: u16,
    switch: PathBuf,
}

impl Street {
    fn new() -> Street {
        let place = Place::new();
        for slot in ["blue", "green"] {
            let dir = place.path("slots").join(slot);
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("port"), format!("{}\n", free_port())).unwrap();
        }
        let switch = place.path("current");
        flip(&switch, "blue");
        let front = free_port();
        let ran = place.try_start("edge", &["front-start", "--port", &front.to_string(), "--switch", "current", "--log", "front.log"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        Street { place, front, switch }
    }

    fn start(&self, slot: &str, version: &str) {
        let port = std::fs::read_to_string(self.place.path("slots").join(slot).join("port")).unwrap();
        self.place.start_at(port.trim().parse().unwrap(), slot, version, &[]);
    }

    fn version(&self) -> Value {
        get(self.front, "/version").json()["version"].clone()
    }

    fn poll(&self) -> Beside {
        let url = format!("http://127.0.0.1:{}/version", self.front);
        let poller = self.place.spawn(&["poll", "--url", &url, "--log", "poll.log", "--stop-file", "enough"]);
        self.polled_more();
        poller
    }

    /// Waits for some more requests of the poller.
    fn polled_more(&self) {
        let lines = || std::fs::read_to_string(self.place.path("poll.log")).unwrap_or_default().lines().count();
        let before = lines();
        until("the poller", || lines() > before + 5);
    }

    fn tally(&self, poller: Beside) -> Value {
        self.polled_more();
        std::fs::write(self.place.path("enough"), "").unwrap();
        serde_json::from_str(&poller.finish().out).unwrap()
    }
}

#[test]
fn fifty_switches_lose_no_request_and_are_seen_at_once() {
    let street = Street::new();
    street.start("blue", "1.4.0");
    street.start("green", "1.5.0");
    let poller = street.poll();
    for round in 0..50 {
        let (slot, version) = if round % 2 == 0 { ("green", "1.5.0") } else { ("blue", "1.4.0") };
        flip(&street.switch, slot);
        assert_eq!(street.version(), version, "round {round}");
    }
    let tally = street.tally(poller);
    assert_eq!(tally["failed"], 0, "{tally}");
    assert!(tally["versions"]["1.4.0"].as_u64() > Some(0), "{tally}");
    let counted: u64 = tally["versions"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(tally["requests"], counted);
}

#[test]
fn the_old_version_stops_and_a_new_one_starts_without_one_lost_request() {
    let street = Street::new();
    street.start("blue", "1");
    let poller = street.poll();
    for round in 0..6 {
        let (old, new) = if round % 2 == 0 { ("blue", "green") } else { ("green", "blue") };
        let version = format!("{}", round + 2);
        street.start(new, &version);
        flip(&street.switch, new);
        // At once: requests that were on their way to the old one must all arrive.
        assert_eq!(street.place.stop(old).out.trim(), "stopped");
        assert_eq!(street.version(), *version);
        street.polled_more();
    }
    let tally = street.tally(poller);
    assert_eq!(tally["failed"], 0, "{tally}");
    assert_eq!(tally["versions"].as_object().unwrap().len(), 7, "{tally}");
}

#[test]
fn a_request_goes_through_whole_and_once() {
    let street = Street::new();
    street.start("blue", "1");
    let done = ask(street.front, "POST", "/effects?x=1", &[("idempotency-key", "k"), ("connection", "x-hop"), ("x-hop", "1")], "{\"a\":1}");
    assert_eq!((done.status, done.json()["seen"].as_u64()), (201, Some(1)));
    assert!(done.head.contains("x-slot: blue"), "{}", done.head);
    assert_eq!(get(street.front, "/account").status, 401);
    let log = std::fs::read_to_string(street.place.path("front.log")).unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&line["method"], &line["path"], &line["slot"], &line["status"]), (&"POST".into(), &"/effects".into(), &"blue".into(), &201.into()));
}

#[test]
fn a_slot_that_is_down_is_said_and_not_hidden() {
    let street = Street::new();
    let down = get(street.front, "/version");
    assert_eq!(down.status, 502);
    assert!(down.json()["error"].as_str().unwrap().contains("slot blue: cannot connect"), "{}", down.body);
    let poller = street.poll();
    let tally = street.tally(poller);
    assert_eq!(tally["failed"], tally["requests"], "{tally}");
    assert!(tally["first_failure"].as_str().unwrap().starts_with("status 502"), "{tally}");
}

/// A slot that takes one request, lets `meanwhile` happen and closes without an answer.
fn dying_slot(street: &Street, slot: &str, meanwhile: impl FnOnce() + Send + 'static) -> JoinHandle<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    std::fs::write(street.place.path("slots").join(slot).join("port"), listener.local_addr().unwrap().port().to_string()).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        meanwhile();
        drop(stream);
        listener
    })
}

#[test]
fn a_read_that_an_old_slot_left_unanswered_follows_the_switch() {
    let street = Street::new();
    street.start("green", "2");
    let switch = street.switch.clone();
    let dying = dying_slot(&street, "blue", move || flip(&switch, "green"));
    assert_eq!(street.version(), "2");
    dying.join().unwrap();
}

#[test]
fn an_effect_that_an_old_slot_left_unanswered_is_not_sent_again() {
    let street = Street::new();
    street.start("green", "2");
    let switch = street.switch.clone();
    let dying = dying_slot(&street, "blue", move || flip(&switch, "green"));
    assert_eq!(ask(street.front, "POST", "/effects", &[], "").status, 502);
    dying.join().unwrap();
    assert_eq!(get(street.front, "/effects").json()["total"], 0);
}

#[test]
fn a_slot_that_fails_is_asked_once_while_the_switch_stays() {
    let street = Street::new();
    let dying = dying_slot(&street, "blue", || {});
    assert_eq!(get(street.front, "/version").status, 502);
    let listener = dying.join().unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().map(|_| ()).map_err(|cause| cause.kind()), Err(ErrorKind::WouldBlock));
}

#[test]
fn a_switch_that_names_no_slot_is_said() {
    let street = Street::new();
    flip(&street.switch, "red");
    let lost = get(street.front, "/version");
    assert_eq!(lost.status, 503);
    assert!(lost.json()["error"].as_str().unwrap().contains("slots/red/port"), "{}", lost.body);
    std::fs::remove_file(&street.switch).unwrap();
    assert_eq!(get(street.front, "/version").status, 503);
    std::fs::write(street.place.path("slots/blue/port"), "99999").unwrap();
    flip(&street.switch, "blue");
    assert_eq!(get(street.front, "/version").status, 503);
}

#[test]
fn the_front_starts_once_and_stops_gracefully() {
    let street = Street::new();
    let port = street.front.to_string();
    let again = street.place.try_start("edge", &["front-start", "--port", &port, "--switch", "current"]);
    assert!(again.out.contains("already running"), "{again:?}");
    let stopped = street.place.run(&["front-stop", "--state", "edge"]);
    assert_eq!((stopped.code, stopped.out.trim()), (Some(0), "stopped"));
    assert_eq!(street.place.run(&["front-stop", "--state", "edge"]).out.trim(), "already stopped");
}

#[test]
fn the_poller_asks_nobody_but_loopback() {
    let place = Place::new();
    for url in ["http://192.0.2.1:80/", "https://127.0.0.1:1/", "http://127.0.0.1/"] {
        let ran = place.run(&["poll", "--url", url, "--log", "poll.log", "--stop-file", "enough"]);
        assert_eq!(ran.code, Some(1), "{url}");
        assert!(ran.err.contains("is not an http URL on 127.0.0.1"), "{}", ran.err);
    }
}
