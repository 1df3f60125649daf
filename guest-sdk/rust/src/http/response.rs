//! What came back, and what a procedure may expect of it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Timing, host};
use crate::artifact::Artifact;
use crate::json::{self, shown};
use crate::units::spoken_time;
use crate::{Failure, Result, fail};

/// A response. Every `expect_…` gives it back, so that expectations stand in a row.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn smoke(_: &Ctx) -> Result<String> {
///     http::get("http://127.0.0.1:8080/health")
///         .send()?
///         .expect_status(200)?
///         .expect_json("/status", "ok")?
///         .json_path("/version")
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Response {
    origin: String,
    url: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    truncated: bool,
    artifact: Option<Artifact>,
    timing: Timing,
    tries: u32,
}

impl Response {
    pub(super) fn received(method: &str, response: &host::Response) -> Self {
        let url = response.url();
        Self {
            origin: format!("{method} {url}"),
            url,
            status: response.status(),
            headers: response.headers().into_iter().map(|pair| (pair.key, pair.value)).collect(),
            body: response.body(),
            truncated: response.truncated(),
            artifact: response.body_artifact().map(Artifact::of),
            timing: response.timing(),
            tries: response.tries(),
        }
    }

    /// How often it was asked until this was the answer: 0 without [`until`](super::Request::until).
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// 100 to 599.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers in the order received.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        let invalid = |error| fail(format!("{}: the body is not text: {error}", self.origin)).with_code("http.invalid-utf8");
        std::str::from_utf8(&self.body).map_err(invalid)
    }

    /// Whether the body was longer than the grant's limit, and has been cut.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// What the body has become. Fails when it was not to become an artifact, or the status is not 200 to 299.
    pub fn artifact(&self) -> Result<Artifact> {
        self.artifact.clone().ok_or_else(|| fail(format!("{}: its body has become no artifact: it was answered with {}", self.origin, self.status)))
    }

    /// Where it came from in the end, after redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How long each part took, in microseconds.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::read(&self.origin, self.text()?)
    }

    /// The value at a JSON pointer of the body, `/items/0/name` for example.
    pub fn json_path<T: DeserializeOwned>(&self, pointer: &str) -> Result<T> {
        json::path(&self.origin, self.text()?, pointer)
    }

    /// Fails unless the status is that one.
    pub fn expect_status(self, expected: u16) -> Result<Self> {
        let holds = self.status == expected;
        self.hold(holds, |r| format!("expected status {expected}, found {} with {}", r.status, r.shown_body()))
    }

    /// Fails unless the status is 200 to 299.
    pub fn expect_success(self) -> Result<Self> {
        let holds = (200..300).contains(&self.status);
        self.hold(holds, |r| format!("expected success, found status {} with {}", r.status, r.shown_body()))
    }

    /// Fails unless the value at a JSON pointer of the body is that one.
    pub fn expect_json(self, pointer: &str, expected: impl Serialize) -> Result<Self> {
        json::expect(&self.origin, self.text()?, pointer, expected)?;
        Ok(self)
    }

    /// Fails unless the body contains the text.
    pub fn expect_text(self, expected: &str) -> Result<Self> {
        let holds = self.text()?.contains(expected);
        self.hold(holds, |r| format!("expected {expected:?} in the body, found {}", r.shown_body()))
    }

    /// Fails unless a header of that name has the value.
    pub fn expect_header(self, name: &str, expected: &str) -> Result<Self> {
        let holds = self.headers.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && value == expected);
        self.hold(holds, |r| match r.header(name) {
            Some(found) => format!("expected header {name}: {expected}, found {found}"),
            None => format!("expected header {name}: {expected}, found no such header"),
        })
    }

    /// Fails unless the whole exchange took less than that.
    pub fn expect_faster_than(self, limit: Duration) -> Result<Self> {
        let took = Duration::from_micros(u64::from(self.timing.total));
        self.hold(took < limit, |_| format!("expected an answer within {}, found {}", spoken_time(limit), spoken_time(took)))
    }

    fn hold(self, holds: bool, otherwise: impl FnOnce(&Self) -> String) -> Result<Self> {
        if holds { Ok(self) } else { Err(Failure::assertion(format!("{}: {}", self.origin, otherwise(&self)))) }
    }

    fn shown_body(&self) -> String {
        match self.text() {
            Ok(text) => shown(text),
            Err(_) => format!("{} bytes that are not text", self.body.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &[u8]) -> Response {
        Response {
            origin: "GET http://shop/version".into(),
            url: "http://shop/version".into(),
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into(),
            truncated: false,
            artifact: None,
            timing: Timing { dns: 0, connect: 0, tls: 0, first_byte: 0, total: 250_000 },
            tries: 0,
        }
    }

    fn message(result: Result<Response>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn expectations_that_hold_stand_in_a_row() {
        let kept = response(200, br#"{"version":"2.0.0"}"#)
            .expect_status(200)
            .and_then(Response::expect_success)
            .and_then(|r| r.expect_json("/version", "2.0.0"))
            .and_then(|r| r.expect_header("Content-Type", "application/json"))
            .and_then(|r| r.expect_text("2.0"))
            .and_then(|r| r.expect_faster_than(Duration::from_secs(1)));
        assert_eq!(kept.unwrap().json_path::<String>("/version").unwrap(), "2.0.0");
    }

    #[test]
    fn a_wrong_status_says_where_what_and_why() {
        assert_eq!(message(response(503, b"no database\n").expect_status(200)), "GET http://shop/version: expected status 200, found 503 with no database");
        assert_eq!(message(response(404, b"").expect_success()), "GET http://shop/version: expected success, found status 404 with nothing");
    }

    #[test]
    fn other_misses_say_what_was_found() {
        assert_eq!(message(response(200, b"{}").expect_header("etag", "1")), "GET http://shop/version: expected header etag: 1, found no such header");
        assert_eq!(
            message(response(200, b"{}").expect_faster_than(Duration::from_millis(100))),
            "GET http://shop/version: expected an answer within 100 ms, found 250 ms"
        );
        let failure = response(200, b"\xff").json::<serde_json::Value>().unwrap_err();
        assert_eq!(failure.code(), "http.invalid-utf8");
    }
}
