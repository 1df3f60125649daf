//! Asking again until the answer is the one that is waited for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use lockstep_model::Failure;
use lockstep_model::request::{HttpRequest, JsonPart, Until};

use super::server::Server;
use super::{get, send};

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
