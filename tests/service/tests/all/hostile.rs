//! Bytes that no honest client sends: each is refused, and the next client is served.

use crate::place::{Answer, Place, get, say};

fn status(port: u16, bytes: &[u8]) -> Option<u16> {
    Answer::read(&say(port, bytes)).map(|answer| answer.status)
}

#[test]
fn nonsense_is_refused_and_the_next_request_is_served() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let huge = "x".repeat(1 << 20);
    let many: String = (0..1_000).map(|n| format!("h{n}: 1\r\n")).collect();
    let cases: [(&str, Vec<u8>, &[u16]); 8] = [
        ("bad request line", b"nonsense\r\n\r\n".to_vec(), &[400]),
        ("binary", vec![0x16, 0x03, 0x01, 0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a], &[400]),
        ("bad version", b"GET / HTTP/7.3\r\n\r\n".to_vec(), &[400]),
        ("bad length", b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n".to_vec(), &[400]),
        ("two lengths", b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_vec(), &[400]),
        ("huge header", format!("GET /health HTTP/1.1\r\nhost: x\r\nx: {huge}\r\n\r\n").into_bytes(), &[431]),
        ("many headers", format!("GET /health HTTP/1.1\r\nhost: x\r\n{many}\r\n").into_bytes(), &[431]),
        ("huge path", format!("GET /{huge} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes(), &[414, 431]),
    ];
    for (case, bytes, expected) in cases {
        let met = status(port, &bytes);
        // The reset that follows bytes nobody reads may overtake the answer.
        assert!(met.is_none_or(|met| expected.contains(&met)), "{case}: {met:?}");
        assert!(met.is_some() || bytes.len() > 8_000, "{case}: no answer");
        assert_eq!(get(port, "/health").status, 200, "after {case}");
    }
}

#[test]
fn a_body_above_the_limit_is_refused_however_it_is_sent() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    let body = "x".repeat(70_000);
    let declared = format!("POST /effects HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let chunked = format!("POST /effects HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for bytes in [declared, chunked] {
        assert!(matches!(status(port, bytes.as_bytes()), Some(413) | None));
    }
    assert_eq!(get(port, "/effects").json()["total"], 0);
}

#[test]
fn a_client_that_goes_silent_is_let_go() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    // Both return only when the service closes.
    let head = std::thread::spawn(move || say(port, b"GET /health HTTP/1.1\r\nhost:"));
    let body = status(port, b"POST /effects HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nshort");
    assert_eq!(body, Some(408));
    assert!(!head.join().unwrap().contains(" 200 "));
}

#[test]
fn a_path_or_a_method_that_is_not_there_is_said() {
    let place = Place::new();
    let port = place.start("blue", "1", &[]);
    assert_eq!(get(port, "/nowhere").status, 404);
    assert_eq!(get(port, "/login").status, 405);
    assert_eq!(status(port, b"HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n"), Some(200));
}
