//! Asking again until the answer is the one that is waited for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lockstep_faults::FaultProxy;
use lockstep_gate::{CallContext, Driver as _, Interrupt, LiveOutput, LooseArtifacts, NoNotes, Stream};
use lockstep_model::Failure;
use lockstep_model::request::{HttpRequest, JsonPart, Until};

use super::server::Server;
use super::{HttpDriver, LOOPBACK, get, granted, send};

fn waiting(url: &str, change: impl FnOnce(&mut Until)) -> HttpRequest {
    let mut until = Until { statuses: Vec::new(), json: Vec::new(), text: Vec::new(), every_milliseconds: 1, within_milliseconds: 20_000 };
    change(&mut until);
    HttpRequest { until: Some(until), ..get(url) }
}

/// Says one answer after the other, and the last again and again.
fn saying(answers: &'static [&'static str]) -> Server {
    let next = AtomicU32::new(0);
    Server::answering(move |_| {
        let number = next.fetch_add(1, Ordering::Relaxed) as usize;
        let (status, body) = answers[number.min(answers.len() - 1)].split_once(' ').unwrap();
        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

#[test]
fn it_is_asked_until_it_is_the_answer_waited_for_and_the_tries_are_counted() {
    let server = saying(&["503 no", "200 {\"state\":\"starting\"}", "200 {\"state\":\"live\",\"n\":3}"]);
    let response = send(&waiting(&server.url("/"), |until| {
        until.json = vec![JsonPart { pointer: "/state".into(), value: "live".into() }, JsonPart { pointer: "/n".into(), value: "3".into() }];
    }))
    .unwrap();
    assert_eq!((response.tries, server.asked().len()), (3, 3));
    let server = saying(&["200 a", "404 gone"]);
    assert_eq!(send(&waiting(&server.url("/"), |until| until.statuses = vec![404])).unwrap().tries, 2);
    let server = saying(&["200 a", "200 not yet", "200 it is ready now"]);
    assert_eq!(send(&waiting(&server.url("/"), |until| until.text = vec!["ready".into()])).unwrap().tries, 3);
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let broken = Mutex::new(3);
    let server = Server::talking(move |_, connection| {
        let mut left = broken.lock().unwrap();
        *left -= 1;
        if *left == 0 {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
    });
    assert_eq!(send(&waiting(&server.url("/"), |_| {})).unwrap().tries, 3);
}

/// Takes the server away after the first answer, and brings it back when it has been missed.
struct Restarting(FaultProxy);

impl LiveOutput for Restarting {
    fn output(&self, _: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if line.starts_with("try 1: status 503") {
            self.0.down();
        } else if line.starts_with("try 2: cannot connect") {
            self.0.up().unwrap();
        }
    }
}

#[test]
fn a_server_that_is_restarted_between_two_tries_is_waited_for() {
    let server = saying(&["503 no", "200 yes"]);
    let proxy = FaultProxy::before(server.address).unwrap();
    let request = waiting(&format!("http://{}/", proxy.address()), |_| {});
    let live = Restarting(proxy);
    let context = CallContext {
        idempotency_key: super::KEY,
        time_left: Duration::from_secs(30),
        interrupt: &Interrupt::default(),
        notes: &NoNotes,
        live: &live,
        artifacts: &LooseArtifacts::default(),
    };
    let response = HttpDriver::new().unwrap().perform(&granted(&request, LOOPBACK), &context).unwrap();
    assert_eq!((response.tries, response.body.as_text()), (3, Some("yes")));
}

#[test]
fn when_the_time_is_over_it_says_what_the_last_answer_was() {
    let server = saying(&["503 busy"]);
    let Failure::TimedOut(message) = send(&waiting(&server.url("/"), |until| until.within_milliseconds = 100)).unwrap_err() else { panic!("not a time-out") };
    assert!(message.contains("the last was: status 503") && message.contains("100ms"), "{message}");
}

#[test]
fn a_server_that_is_busy_is_left_alone_as_long_as_it_says() {
    let server = Server::saying("HTTP/1.1 429 x\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n");
    let Failure::TimedOut(message) = send(&waiting(&server.url("/"), |_| {})).unwrap_err() else { panic!("not a time-out") };
    assert!(message.contains("asked 1 times"), "{message}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_must_not_be_sent_twice_is_not_asked_again() {
    let server = saying(&["200 a"]);
    let failure = send(&HttpRequest { method: "POST".into(), ..waiting(&server.url("/"), |_| {}) }).unwrap_err();
    assert_eq!(failure.code(), "http.until");
    assert!(server.asked().is_empty());
    assert_eq!(send(&HttpRequest { method: "POST".into(), idempotent: true, ..waiting(&server.url("/"), |_| {}) }).unwrap().tries, 1);
}
