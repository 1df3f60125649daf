//! Exchanges that go wrong: each with its code, its words, and whether it may be tried again.

use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;

use super::server::Server;
use super::{LOOPBACK, get, send, send_granted, with_headers};

/// Sends with a short timeout to a server that says `beginning` and then nothing, and gives the message.
fn waiting_for(beginning: &'static [u8], method: &str) -> String {
    let (done, wait) = channel::<()>();
    let server = Server::talking(move |_, connection| {
        connection.write_all(beginning).unwrap();
        // Until the test is over: an error means that it is.
        wait.recv().unwrap_or_default();
    });
    let request = HttpRequest { timeout_milliseconds: 150, ..HttpRequest::to(method, &server.url("/slow")) };
    let started = Instant::now();
    let Failure::TimedOut(message) = send(&request).unwrap_err() else { panic!("not a time-out") };
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(done);
    message
}

#[test]
fn a_deadline_that_passes_says_where() {
    let head = waiting_for(b"", "GET");
    assert!(head.contains("150ms") && head.contains("own timeout") && head.contains("waiting for the response"), "{head}");
    assert!(!head.contains("may have acted"));
    let slow_head = waiting_for(b"HTTP/1.1 200 OK\r\nx: ", "GET");
    assert!(slow_head.contains("waiting for the response"), "{slow_head}");
    let body = waiting_for(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "GET");
    assert!(body.contains("reading the body"), "{body}");
}

#[test]
fn an_effect_that_was_sent_and_not_answered_may_have_happened() {
    assert!(waiting_for(b"", "POST").contains("may have acted"));
    assert!(!waiting_for(b"", "PUT").contains("may have acted"));
}

#[test]
fn nobody_listening_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = send(&HttpRequest::to("POST", &format!("http://{address}/"))).unwrap_err();
    assert!(failure.code() == "http.connect" && failure.is_retryable() && failure.message().contains(&address.to_string()), "{failure}");
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    let failure = send(&get("http://no-such-host.invalid/")).unwrap_err();
    assert!(failure.code() == "http.dns" && failure.message().contains("no-such-host.invalid"), "{failure}");
}

#[test]
fn a_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent() {
    let server = Server::saying("HTTP/1.1 200 OK\r\n\r\n");
    let grant = LOOPBACK.replace("private-addresses = [\"127.0.0.0/8\", \"::1\"]", "private-addresses = [\"10.0.0.0/8\"]");
    let Failure::Denied(message) = send_granted(&get(&server.url_by_name("http", "/")), &grant).unwrap_err() else { panic!("not denied") };
    assert!((message.contains("127.0.0.1") || message.contains("::1")) && message.contains("private-addresses"), "{message}");
    assert!(server.asked().is_empty());
}

#[test]
fn a_connection_that_breaks_may_be_tried_again_unless_the_effect_may_have_happened() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe"] {
        let server = Server::saying(answer);
        for (method, retryable) in [("GET", true), ("PUT", true), ("POST", false)] {
            let failure = send(&HttpRequest::to(method, &server.url("/"))).unwrap_err();
            let code = if retryable { "http.protocol" } else { "in-doubt" };
            assert!(failure.code() == code && failure.is_retryable() == retryable, "{method} {answer:?}: {failure:?}");
            assert_eq!(failure.message().contains("may have acted"), !retryable, "{failure}");
        }
    }
}

#[test]
fn what_is_not_http_is_told() {
    for answer in ["SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let server = Server::saying(answer);
        assert_eq!(send(&get(&server.url("/"))).unwrap_err().code(), "http.protocol", "{answer:?}");
    }
}

#[test]
fn a_head_without_end_is_cut_off() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200));
    let value = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    for answer in [long, many, value] {
        let server = Server::saying(answer);
        assert_eq!(send(&get(&server.url("/"))).unwrap_err().code(), "http.limit");
    }
}

#[test]
fn a_header_with_a_line_break_is_refused_and_nothing_is_sent() {
    let server = Server::saying("HTTP/1.1 200 OK\r\n\r\n");
    for (name, value) in [("x", "hunter2\r\nevil: yes"), ("x\r\nevil", "hunter2"), ("host", "hunter2"), ("idempotency-key", "hunter2")] {
        let failure = send(&with_headers(get(&server.url("/")), &[(name, value)])).unwrap_err();
        assert!(failure.code() == "http.header" && !failure.message().contains("hunter2"), "{failure}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn many_exchanges_at_once_do_not_mix() {
    let servers: Vec<Server> = (0..8).map(|number| Server::saying(format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}"))).collect();
    std::thread::scope(|scope| {
        for (number, server) in servers.iter().enumerate() {
            scope.spawn(move || assert_eq!(send(&get(&server.url("/"))).unwrap().body.as_text(), Some(number.to_string().as_str())));
        }
    });
}
