//! Bodies that come packed: unpacked up to the limit, whatever they would grow to.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::server::Server;
use super::{LOOPBACK, get, send, send_granted, with_headers};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// "hello, " sixty-four times, as Node packs it.
const BROTLI: [u8; 22] = [0x1b, 0xbf, 0x01, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x09, 0x52, 0x86, 0x96, 0x6c, 0x2c, 0x6f, 0x41, 0x5b, 0x24, 0x70, 0xee, 0x38];

fn packed(encoding: &str, body: &[u8]) -> Server {
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\nx: y\r\n\r\n", body.len()).into_bytes();
    answer.extend(body);
    Server::saying(answer)
}

#[test]
fn a_packed_body_is_unpacked_and_nothing_says_that_it_was() {
    let server = packed("gzip", &gzip(b"hello"));
    let response = send(&get(&server.url("/"))).unwrap();
    assert_eq!((response.body.as_text(), response.truncated, response.headers.len()), (Some("hello"), false, 1));
    assert!(server.asked()[0].contains("accept-encoding: gzip, br\r\n"));
    assert_eq!(send(&get(&packed("X-GZIP", &gzip(b"")).url("/"))).unwrap().body.as_text(), Some(""));
    assert_eq!(send(&get(&packed("br", &BROTLI).url("/"))).unwrap().body.as_text(), Some("hello, ".repeat(64).as_str()));
}

#[test]
fn a_part_of_a_body_is_not_asked_for_packed() {
    let server = packed("gzip", b"half");
    let response = send(&with_headers(get(&server.url("/")), &[("range", "bytes=0-3")])).unwrap();
    assert_eq!(response.body.as_text(), Some("half"));
    assert!(!server.asked()[0].contains("accept-encoding"));
}

#[test]
fn a_small_body_that_unpacks_to_a_large_one_is_cut_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let limited = LOOPBACK.replace("[http]", "[http]\nbody-limit = \"10KiB\"");
    let response = send_granted(&get(&packed("gzip", &bomb).url("/")), &limited).unwrap();
    assert_eq!((response.body.len(), response.truncated), (10 << 10, true));
    let exact = send_granted(&get(&packed("gzip", &gzip(&[b'x'; 10 << 10])).url("/")), &limited).unwrap();
    assert_eq!((exact.body.len(), exact.truncated), (10 << 10, false));
    let small = LOOPBACK.replace("[http]", "[http]\nbody-limit = \"100B\"");
    let response = send_granted(&get(&packed("br", &BROTLI).url("/")), &small).unwrap();
    assert_eq!((response.body.len(), response.truncated), (100, true));
}

#[test]
fn a_body_that_is_not_what_it_says_is_told() {
    let whole = gzip(b"hello, hello, hello, hello");
    for (encoding, body) in [("gzip", &b"no such thing"[..]), ("gzip", &whole[..whole.len() - 9]), ("br", b"\xff\xff\xff\xff"), ("br", &BROTLI[..9])] {
        let failure = send(&get(&packed(encoding, body).url("/"))).unwrap_err();
        assert!(failure.code() == "http.protocol" && failure.message().contains("content-encoding"), "{encoding}: {failure}");
    }
}

#[test]
fn a_packing_that_nobody_asked_for_is_left_to_the_guest() {
    let response = send(&get(&packed("zstd", b"abc").url("/"))).unwrap();
    assert_eq!((response.body.as_text(), response.headers.len()), (Some("abc"), 3));
}
