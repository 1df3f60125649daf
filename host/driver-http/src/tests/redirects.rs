//! Redirects: each is decided about like a request of its own.

use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;

use super::server::Server;
use super::{LOOPBACK, get, send, send_granted, with_headers};

/// `/n` redirects to `/n-1`, `/0` answers.
fn stairs() -> Server {
    Server::answering(|asked| {
        let number: u32 = asked.split(['/', ' ']).nth(2).and_then(|text| text.parse().ok()).unwrap_or(0);
        match number.checked_sub(1) {
            Some(next) => format!("HTTP/1.1 302 Found\r\nlocation: {next}\r\ncontent-length: 4\r\n\r\ngone").into_bytes(),
            None => b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\narrived".to_vec(),
        }
    })
}

fn redirecting(location: &str) -> Server {
    Server::saying(format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"))
}

fn following(limit: u32, url: &str) -> HttpRequest {
    HttpRequest { redirects: limit, ..get(url) }
}

#[test]
fn as_many_redirects_are_followed_as_the_guest_said() {
    let server = stairs();
    let response = send(&following(3, &server.url("/3"))).unwrap();
    assert_eq!((response.status, response.body.as_text(), response.url), (200, Some("arrived"), server.url("/0")));
    assert_eq!(server.asked().len(), 4);
    assert_eq!(send(&following(2, &server.url("/3"))).unwrap_err().code(), "http.redirects");
}

#[test]
fn without_being_asked_for_a_redirect_is_a_response() {
    let server = stairs();
    let response = send(&get(&server.url("/1"))).unwrap();
    assert_eq!((response.status, response.body.as_text()), (302, Some("gone")));
}

#[test]
fn an_effect_is_not_redirected() {
    let server = redirecting("/elsewhere");
    let request = HttpRequest { redirects: 5, ..HttpRequest::to("POST", &server.url("/")) };
    assert_eq!(send(&request).unwrap().status, 307);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_circle_ends() {
    let server = redirecting("/again");
    assert_eq!(send(&following(10, &server.url("/"))).unwrap_err().code(), "http.redirects");
    assert_eq!(server.asked().len(), 11);
}

#[test]
fn a_redirect_is_decided_about_by_the_grant() {
    let target = stairs();
    let source = redirecting(&target.url("/private?token=hunter2"));
    let grant = LOOPBACK.replace("\"* http://127.0.0.1:*/**?*\"", &format!("\"GET {}\"", source.url("/")));
    let Failure::Denied(message) = send_granted(&following(5, &source.url("/")), &grant).unwrap_err() else { panic!("not denied") };
    assert!(message.contains(&target.url("/private")) && !message.contains("hunter2"), "{message}");
    assert!(target.asked().is_empty());
}

#[test]
fn a_redirect_to_an_address_that_may_not_be_connected_to_is_refused() {
    let target = stairs();
    // The source is at an address that the grant allows, the name leads to another.
    let location = target.url_by_name("http", "/0");
    let source = Server::saying_at("127.0.0.2", format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"));
    let grant = LOOPBACK.replace("\"127.0.0.0/8\", \"::1\"", "\"127.0.0.2\"").replace("127.0.0.1:*", "127.0.0.2:*");
    let Failure::Denied(message) = send_granted(&following(5, &source.url("/")), &grant).unwrap_err() else { panic!("not denied") };
    assert!(message.contains("127.0.0.1") && message.contains("private-addresses"), "{message}");
    assert!(target.asked().is_empty());
}

#[test]
fn another_origin_does_not_get_what_was_meant_for_this_one() {
    let headers = [("authorization", "Bearer hunter2"), ("cookie", "hunter2"), ("x-api-key", "hunter2"), ("accept", "text/plain"), ("accept-language", "de")];
    let target = stairs();
    let elsewhere = redirecting(&target.url_by_name("http", "/0"));
    send(&HttpRequest { redirects: 1, ..with_headers(get(&elsewhere.url("/")), &headers) }).unwrap();
    assert!(elsewhere.asked()[0].contains("authorization: Bearer hunter2"));
    let asked = &target.asked()[0];
    assert!(!asked.contains("hunter2") && asked.contains("accept: text/plain") && asked.contains("accept-language: de"), "{asked}");
    let same = stairs();
    send(&HttpRequest { redirects: 1, ..with_headers(get(&same.url("/1")), &headers) }).unwrap();
    assert!(same.asked()[1].contains("authorization: Bearer hunter2"));
}

#[test]
fn a_redirect_to_nonsense_is_an_error_of_its_own() {
    for location in ["http://user:password@127.0.0.1/", "ftp://127.0.0.1/", "http://[", "javascript:alert(1)"] {
        let server = redirecting(location);
        let failure = send(&following(5, &server.url("/"))).unwrap_err();
        assert!(failure.code() == "http.redirects" && !failure.message().contains("password"), "{location}: {failure}");
    }
}
