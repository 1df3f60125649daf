//! What networks and hostile servers do to an exchange, by a proxy before a server: it ends, with a code, and takes no more than it may.

use std::fs;
use std::time::Duration;

use lockstep_faults::{Fault, FaultProxy, Way};
use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;

use super::server::Server;
use super::{HttpDriver, LOOPBACK, get, perform, send, send_granted, send_within};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn url(proxy: &FaultProxy) -> String {
    format!("http://{}/", proxy.address())
}

/// An answer to a request of this method that begins with `head` and goes on with `again`.
fn endless(head: &str, again: &str, bytes: u64, time_left: Duration) -> Result<(usize, bool), Failure> {
    let server = Server::saying(OK);
    let proxy = FaultProxy::before(server.address).unwrap();
    proxy.next(Fault::Endless { head: head.into(), again: again.into(), bytes });
    let limited = LOOPBACK.replace("[http]", "[http]\nbody-limit = \"1MiB\"");
    send_within(&get(&url(&proxy)), &limited, time_left).map(|response| (response.body.len(), response.truncated))
}

/// The most memory that this program has had at once, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn an_answer_of_ten_gigabytes_or_without_end_takes_the_memory_and_the_time_of_its_limit() {
    let (piece, plenty) = ("x".repeat(16 * 1024), Duration::from_secs(60));
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 10_u64 << 30);
    assert_eq!(endless(&long, &piece, 10 << 30, plenty).unwrap(), (1 << 20, true));
    // Whoever reads on until the end of this reads until the deadline.
    assert_eq!(endless("HTTP/1.1 200 OK\r\n\r\n", &piece, u64::MAX, plenty).unwrap(), (1 << 20, true));
    let chunk = format!("4000\r\n{piece}\r\n");
    assert_eq!(endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &chunk, u64::MAX, plenty).unwrap(), (1 << 20, true));
    // With all that the other tests have at the same time.
    assert!(peak_memory() < 512 << 10, "{} KiB", peak_memory());
}

#[test]
fn a_head_without_end_is_cut_off_wherever_it_goes_on() {
    for (head, again, code) in [
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n", "http.limit"),
        ("HTTP/1.1 200 OK\r\nx: ", "yyyyyyyy", "http.limit"),
        ("HTTP/1.1 200 ", "yyyyyyyy", "http.limit"),
        // Preliminary answers are none, however many come.
        ("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n", "http.protocol"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "yyyyyyyy", "http.protocol"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n", "http.protocol"),
    ] {
        let failure = endless(head, again, u64::MAX, Duration::from_secs(60)).unwrap_err();
        assert_eq!(failure.code(), code, "{head:?}: {failure}");
    }
}

#[test]
fn whoever_goes_on_slowly_for_ever_is_left_at_the_deadline() {
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\ncontent-length: 800000\r\n\r\n{}", "x".repeat(800_000)));
    let proxy = FaultProxy::before(server.address).unwrap();
    for (fault, method, may_have_acted) in [
        (Fault::Throttle(20_000), "GET", false),
        (Fault::Throttle(20_000), "POST", true),
        (Fault::Delay(Duration::from_secs(120)), "GET", false),
        (Fault::Delay(Duration::from_secs(120)), "POST", true),
    ] {
        proxy.next(fault.clone());
        let request = HttpRequest { timeout_milliseconds: 300, ..HttpRequest::to(method, &url(&proxy)) };
        let Failure::TimedOut(message) = send_within(&request, LOOPBACK, Duration::from_secs(90)).unwrap_err() else { panic!("{method} {fault:?}") };
        assert!(message.contains("own timeout") && message.contains("may have acted") == may_have_acted, "{method} {fault:?}: {message}");
    }
}

#[test]
fn a_reset_after_the_request_was_sent_leaves_an_effect_in_doubt_and_is_tried_again_otherwise() {
    let server = Server::saying(OK);
    let proxy = FaultProxy::before(server.address).unwrap();
    for (method, code) in [("GET", "http.protocol"), ("PUT", "http.protocol"), ("POST", "in-doubt")] {
        for after in [0, 20] {
            let before = server.asked().len();
            proxy.next(Fault::Cut(Way::Down, after));
            let failure = send(&HttpRequest::to(method, &url(&proxy))).unwrap_err();
            assert_eq!((failure.code(), failure.is_retryable()), (code, code == "http.protocol"), "{method} {after}: {failure}");
            assert_eq!(server.asked().len(), before + 1, "{method} {after}: sent again by itself");
        }
    }
    assert_eq!(send(&get(&url(&proxy))).unwrap().body.as_text(), Some("ok"));
}

#[test]
fn a_token_that_has_expired_and_a_server_that_is_busy_are_answers_and_asked_once() {
    for (status, header) in [
        ("401 Unauthorized", "www-authenticate: Bearer error=\"invalid_token\""),
        ("429 Too Many Requests", "retry-after: 120"),
        ("503 Busy", "retry-after: 120"),
    ] {
        let server = Server::saying(format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: 0\r\n\r\n"));
        let proxy = FaultProxy::before(server.address).unwrap();
        let request = super::with_headers(HttpRequest::to("POST", &url(&proxy)), &[("authorization", "Bearer of-yesterday")]);
        let response = send(&request).unwrap();
        let (name, value) = header.split_once(": ").unwrap();
        assert_eq!((response.status.to_string().as_str(), response.header(name)), (&status[..3], Some(value)));
        assert_eq!(response.retry_after().is_some(), response.status != 401);
        assert_eq!(server.asked().len(), 1, "{status}: sent again by itself");
    }
}

#[test]
fn nonsense_in_place_of_an_answer_is_told() {
    let server = Server::saying(OK);
    let proxy = FaultProxy::before(server.address).unwrap();
    proxy.now(Fault::Garbage);
    assert_eq!(send(&get(&url(&proxy))).unwrap_err().code(), "http.protocol");
}

#[test]
fn a_cookie_is_shown_to_the_guest_and_never_sent_back() {
    let server = Server::answering(|asked| {
        let status = if asked.starts_with("GET /first") { "302 Found\r\nlocation: /second" } else { "200 OK" };
        format!("HTTP/1.1 {status}\r\nset-cookie: session=hunter2; Path=/\r\ncontent-length: 0\r\n\r\n").into_bytes()
    });
    let driver = HttpDriver::new().unwrap();
    let request = HttpRequest { redirects: 1, ..get(&server.url("/first")) };
    for _ in 0..2 {
        let response = perform(&driver, &request, LOOPBACK, Duration::from_secs(30)).unwrap();
        assert!(response.headers.iter().any(|header| header.name == "set-cookie" && header.value.starts_with("session=")));
    }
    let asked = server.asked();
    assert!(asked.len() == 4 && asked.iter().all(|asked| !asked.contains("cookie")), "{asked:?}");
    // The guest may send one itself.
    let own = super::with_headers(get(&server.url("/")), &[("cookie", "session=mine")]);
    send_granted(&own, LOOPBACK).unwrap();
    assert!(server.asked()[4].contains("cookie: session=mine\r\n"));
}
