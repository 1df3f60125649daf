//! Exchanges that go well.

use lockstep_model::request::HttpRequest;

use super::server::Server;
use super::{KEY, LOOPBACK, get, send, send_granted, with_headers};

#[test]
fn a_get_asks_plainly_and_brings_back_the_whole_response() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello");
    let response = send(&with_headers(get(&server.url("/a%20b/c?d=e&f#top")), &[("Accept", "text/plain")])).unwrap();
    let headers: Vec<(&str, &str)> = response.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    assert_eq!(headers, [("content-type", "text/plain"), ("set-cookie", "a"), ("set-cookie", "b"), ("content-length", "5")]);
    assert_eq!((response.status, response.body.as_text(), response.truncated), (200, Some("hello"), false));
    assert_eq!(response.url, server.url("/a%20b/c?d=e&f"));
    let expected = format!(
        "GET /a%20b/c?d=e&f HTTP/1.1\r\nhost: {}\r\nuser-agent: lockstep/{}\r\naccept-encoding: gzip, br\r\naccept: text/plain\r\nconnection: close\r\n\r\n",
        server.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.asked(), [expected]);
}

#[test]
fn each_part_is_timed() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let by_address = send(&get(&server.url("/"))).unwrap().timing;
    assert_eq!((by_address.dns, by_address.tls), (0, 0));
    assert!(by_address.connect > 0 && by_address.first_byte > 0 && by_address.total >= by_address.connect + by_address.first_byte, "{by_address:?}");
    assert!(send(&get(&server.url_by_name("http", "/"))).unwrap().timing.dns > 0);
}

#[test]
fn an_effect_carries_its_body_its_length_and_its_key() {
    let server = Server::saying("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
    let request =
        HttpRequest { body: Some("{\"a\":1}".into()), ..with_headers(HttpRequest::to("POST", &server.url("/")), &[("content-type", "application/json")]) };
    assert_eq!(send(&request).unwrap().status, 201);
    send(&HttpRequest::to("DELETE", &server.url("/"))).unwrap();
    send(&HttpRequest::to("POST", &server.url("/"))).unwrap();
    let asked = server.asked();
    assert!(asked[0].contains("content-length: 7\r\n") && asked[0].ends_with("\r\n\r\n{\"a\":1}"), "{}", asked[0]);
    assert!(asked.iter().all(|request| request.contains(&format!("idempotency-key: {KEY}\r\n"))));
    assert!(!asked[1].contains("content-length"));
    assert!(asked[2].contains("content-length: 0\r\n"));
}

#[test]
fn a_chunked_body_is_put_together() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\ntrailer: x\r\n\r\n");
    assert_eq!(send(&get(&server.url("/"))).unwrap().body.as_text(), Some("hello, world"));
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let server = Server::saying("HTTP/1.0 200 OK\r\n\r\nall of it");
    assert_eq!(send(&get(&server.url("/"))).unwrap().body.as_text(), Some("all of it"));
}

#[test]
fn what_follows_a_complete_response_is_nobodys() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 Smuggled\r\n\r\n");
    let response = send(&get(&server.url("/"))).unwrap();
    assert_eq!((response.status, response.body.as_text()), (200, Some("ok")));
}

#[test]
fn a_head_has_headers_and_no_body() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    let response = send(&HttpRequest::to("HEAD", &server.url("/"))).unwrap();
    assert!(response.body.is_empty() && !response.truncated && response.headers[0].value == "1000");
}

#[test]
fn a_body_that_the_guest_wants_packed_is_left_as_it_is() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff];
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 11\r\n\r\n".to_vec();
    answer.extend(gzip);
    let server = Server::saying(answer);
    let response = send(&with_headers(get(&server.url("/")), &[("accept-encoding", "gzip")])).unwrap();
    assert_eq!((response.body.0.as_slice(), response.headers.len()), (&gzip[..], 2));
    assert_eq!(server.asked()[0].matches("accept-encoding").count(), 1);
}

#[test]
fn a_status_of_400_or_above_is_a_response() {
    for status in [400, 404, 500, 503] {
        let server = Server::saying(format!("HTTP/1.1 {status} No\r\ncontent-length: 2\r\n\r\nno"));
        assert_eq!(send(&get(&server.url("/"))).unwrap().status, status);
    }
}

#[test]
fn a_header_that_is_not_text_is_shown_as_well_as_can_be() {
    let server = Server::saying(b"HTTP/1.1 200 OK\r\nx: caf\xe9\r\ncontent-length: 0\r\n\r\n".to_vec());
    assert_eq!(send(&get(&server.url("/"))).unwrap().headers[0].value, "caf\u{fffd}");
}

#[test]
fn a_body_above_the_limit_is_cut_and_the_rest_is_not_waited_for() {
    let server = Server::talking(|_, connection| {
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while connection.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let limited = LOOPBACK.replace("[http]", "[http]\nbody-limit = \"10KiB\"");
    let response = send_granted(&get(&server.url("/endless")), &limited).unwrap();
    assert!(response.truncated && response.body.len() == 10 * 1024);
    let exact = Server::saying(format!("HTTP/1.1 200 OK\r\ncontent-length: 10240\r\n\r\n{}", "x".repeat(10240)));
    let response = send_granted(&get(&exact.url("/")), &limited).unwrap();
    assert!(!response.truncated && response.body.len() == 10 * 1024);
}
