//! Requests to the addresses that the grant allows.

mod encoding;
mod response;

use std::time::Duration;

use serde::Serialize;

use crate::artifact::Artifact;
use crate::bindings::lockstep::contract::{http as host, types};
use crate::probe::{Probe, Read};
use crate::secret::Secret;
use crate::units::whole_millis;
use crate::{Failure, Result};

pub use host::Timing;
pub use response::Response;

/// A `GET`: read, done again after a crash.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A `HEAD`: read.
pub fn head(url: impl Into<String>) -> Request {
    request("HEAD", url)
}

/// A `POST`: at most once, unless [`Request::idempotent`].
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A `PUT`: idempotent.
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// A `PATCH`: at most once, unless [`Request::idempotent`].
pub fn patch(url: impl Into<String>) -> Request {
    request("PATCH", url)
}

/// A `DELETE`: idempotent.
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// An `OPTIONS`: read.
pub fn options(url: impl Into<String>) -> Request {
    request("OPTIONS", url)
}

/// Sends requests, at most 100, reads side by side: what became of each, in the order given. One that changes something is sent by itself, in its place.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn all_are_healthy(_: &Ctx) -> Result<()> {
///     let hosts = ["a", "b", "c"];
///     for answer in http::all(hosts.map(|host| http::get(format!("http://{host}.shop.example/health"))))? {
///         answer?.expect_status(200)?;
///     }
///     Ok(())
/// }
/// ```
pub fn all(requests: impl IntoIterator<Item = Request>) -> Result<Vec<Result<Response>>> {
    let (batch, requests): (_, Vec<Request>) = (host::Batch::new(), requests.into_iter().collect());
    for request in &requests {
        batch.add(&request.whole()?);
    }
    batch.send().map_err(Failure::from_host)?;
    let became = |(index, request): (usize, &Request)| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        batch.response(index).map(|response| Response::received(request.method, &response)).map_err(Failure::from_host)
    };
    Ok(requests.iter().enumerate().map(became).collect())
}

fn request(method: &'static str, url: impl Into<String>) -> Request {
    Request {
        method,
        url: url.into(),
        headers: Vec::new(),
        body: None,
        into_artifact: None,
        timeout: None,
        redirects: None,
        idempotent: false,
        captures: Vec::new(),
        parts: Vec::new(),
        polled: None,
        until: Vec::new(),
        probe: None,
        problem: None,
    }
}

/// A request being built. Nothing happens before [`Request::send`].
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn announce(ctx: &Ctx) -> Result<u64> {
///     let release: String = ctx.parameter("release")?;
///     http::post("http://127.0.0.1:8080/releases")
///         .header("x-team", "shop")
///         .json(json!({ "release": release }))
///         .timeout(secs(5))
///         .send()?
///         .expect_status(201)?
///         .json_path("/id")
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `send`"]
pub struct Request {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
    into_artifact: Option<String>,
    timeout: Option<Duration>,
    redirects: Option<u32>,
    idempotent: bool,
    captures: Vec<(String, String)>,
    parts: Vec<Part>,
    polled: Option<(Duration, Duration)>,
    until: Vec<Until>,
    probe: Option<Probe>,
    /// What went wrong while building, said by `send`: a builder with `?` in every line reads badly.
    problem: Option<Failure>,
}

#[derive(Debug, Clone)]
enum Body {
    Artifact(Artifact),
    Bytes(Vec<u8>),
    Text(String),
}

#[derive(Debug, Clone)]
enum Part {
    Field(String, String),
    File { name: String, filename: String, content_type: String, bytes: Vec<u8> },
}

#[derive(Debug, Clone)]
enum Until {
    Status(u16),
    Json(String, String),
    Text(String),
}

impl Request {
    /// Adds a header. The value may hold a [`Secret`].
    pub fn header(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    /// Shows a token: `authorization: Bearer …`. The host puts the value in on the way out.
    pub fn bearer(self, token: &Secret) -> Self {
        let value = format!("Bearer {}", token.marker());
        self.header("authorization", value)
    }

    /// Adds `name=value` to the query, escaped.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        encoding::add_to_query(&mut self.url, name, &value.to_string());
        self
    }

    /// A body of JSON. Secrets inside are put in by the host.
    pub fn json(mut self, value: impl Serialize) -> Self {
        match serde_json::to_string(&value) {
            Ok(text) => {
                self.body = Some(Body::Text(text));
                self.header("content-type", "application/json")
            }
            Err(error) => {
                self.problem = Some(Failure::from(error).context(format!("writing the body of {} {}", self.method, self.url)));
                self
            }
        }
    }

    /// A body as a web form sends it.
    pub fn form<V: ToString>(mut self, fields: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        self.body = Some(Body::Text(encoding::form(fields)));
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// A body of text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.body = Some(Body::Text(text.into()));
        self
    }

    /// A body of bytes.
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body::Bytes(bytes.into()));
        self
    }

    /// An artifact for the body, of any size and as it is.
    pub fn artifact(mut self, content: &Artifact) -> Self {
        self.body = Some(Body::Artifact(content.clone()));
        self
    }

    /// Makes the body of the answer an artifact of any size, when its status is 200 to 299: [`Response::artifact`] has it.
    ///
    /// ```no_run
    /// use lockstep::prelude::*;
    /// fn fetch(_: &Ctx) -> Result<String> {
    ///     let image = http::get("https://releases.shop.example/shop-2.tar").into_artifact("shop.tar").timeout(minutes(10)).send()?;
    ///     Ok(image.expect_success()?.artifact()?.digest())
    /// }
    /// ```
    pub fn into_artifact(mut self, id: impl Into<String>) -> Self {
        self.into_artifact = Some(id.into());
        self
    }

    /// Deadline of the whole exchange. Without it 30 seconds.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Follows at most that many redirects, of `GET` and `HEAD`. Without it none.
    pub fn redirects(mut self, limit: u32) -> Self {
        self.redirects = Some(limit);
        self
    }

    /// Says that repeating this request does no harm, so that a crash does not leave it in doubt.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Takes the string at a JSON pointer of the response into the secret `id`: see [`secret::by_id`](crate::secret::by_id).
    pub fn capture(mut self, pointer: impl Into<String>, id: impl Into<String>) -> Self {
        self.captures.push((pointer.into(), id.into()));
        self
    }

    /// A field of a body of several parts, which the host puts together. The value may hold a [`Secret`].
    pub fn part(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.parts.push(Part::Field(name.into(), value.to_string()));
        self
    }

    /// A file among the parts of the body: as [`Request::part`].
    pub fn part_file(mut self, name: impl Into<String>, filename: impl Into<String>, content_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push(Part::File { name: name.into(), filename: filename.into(), content_type: content_type.into(), bytes: bytes.into() });
        self
    }

    /// Asks again, so often and so long, until the answer is the one that the next lines say; without any, one with a status below 400. The host does it, in one
    /// call; [`within`](crate::within) asks from here, call by call. Not for what must not be done twice.
    ///
    /// ```no_run
    /// use lockstep::prelude::*;
    /// fn comes_up(_: &Ctx) -> Result<u32> {
    ///     let live = http::get("http://127.0.0.1:8080/health").until(secs(2), minutes(5)).until_json("/state", "live").send()?;
    ///     Ok(live.tries())
    /// }
    /// ```
    pub fn until(mut self, every: Duration, within: Duration) -> Self {
        self.polled = Some((every, within));
        self
    }

    /// Waits for this status, or another one that is said so.
    pub fn until_status(mut self, status: u16) -> Self {
        self.until.push(Until::Status(status));
        self
    }

    /// Waits for this value at a JSON pointer of the body: a text, a number or a flag.
    pub fn until_json(mut self, pointer: impl Into<String>, value: impl ToString) -> Self {
        self.until.push(Until::Json(pointer.into(), value.to_string()));
        self
    }

    /// Waits for a body with this text in it.
    pub fn until_text(mut self, text: impl Into<String>) -> Self {
        self.until.push(Until::Text(text.into()));
        self
    }

    /// How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// This request as a [`Probe`] of another call. The grant must call it a read.
    pub fn as_probe(self) -> Probe {
        Probe::of(self)
    }

    /// Sends it and waits for the whole response. A status of 400 or above is a response as well: say what you expect.
    pub fn send(self) -> Result<Response> {
        self.whole()?.send().map(|response| Response::received(self.method, &response)).map_err(Failure::from_host)
    }

    /// In the host's words, with its probe.
    fn whole(&self) -> Result<host::Request> {
        let request = self.ready()?;
        if let Some(probe) = &self.probe {
            request.probe(&probe.ready()?);
        }
        Ok(request)
    }

    /// In the host's words, but for the probe: what is asked as a probe has none, and so costs no import for those of others.
    fn ready(&self) -> Result<host::Request> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let request = host::Request::new(self.method, &self.url);
        for (name, value) in &self.headers {
            request.header(name, value);
        }
        match &self.body {
            Some(Body::Artifact(content)) => request.body_artifact(content.sealed()),
            Some(Body::Bytes(bytes)) => request.body(bytes),
            Some(Body::Text(text)) => request.body_text(text),
            None => {}
        }
        if let Some(id) = &self.into_artifact {
            request.into_artifact(id);
        }
        if let Some(longest) = self.timeout {
            request.timeout(whole_millis(longest));
        }
        if let Some(limit) = self.redirects {
            request.redirects(limit);
        }
        if self.idempotent {
            request.idempotent();
        }
        for (pointer, id) in &self.captures {
            request.capture(pointer, id);
        }
        for part in &self.parts {
            match part {
                Part::Field(name, value) => request.part(name, value),
                Part::File { name, filename, content_type, bytes } => request.part_file(name, filename, content_type, bytes),
            }
        }
        if let Some((every, within)) = self.polled {
            request.poll(whole_millis(every), whole_millis(within));
        }
        for until in &self.until {
            match until {
                Until::Status(status) => request.until_status(u32::from(*status)),
                Until::Json(pointer, value) => request.until_json(pointer, value),
                Until::Text(text) => request.until_text(text),
            }
        }
        Ok(request)
    }
}

impl Read for Request {
    fn asked(&self) -> Result<types::Probe> {
        self.ready().map(|request| request.as_probe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: &Request) -> &str {
        match &request.body {
            Some(Body::Text(text)) => text,
            other => panic!("expected text, found {other:?}"),
        }
    }

    #[test]
    fn a_secret_goes_into_headers_and_json_as_its_marker() {
        let secret = Secret::marked("session", "{{mark}}");
        let request = post("http://a/").bearer(&secret).json(serde_json::json!({ "password": secret }));
        assert_eq!(request.headers[0], ("authorization".into(), "Bearer {{mark}}".into()));
        assert_eq!(text(&request), r#"{"password":"{{mark}}"}"#);
        assert_eq!(request.headers[1].1, "application/json");
        assert!(!format!("{secret:?}").contains("mark"));
    }

    #[test]
    fn what_cannot_be_written_as_json_is_said_by_send() {
        let keys_that_are_no_text = std::collections::HashMap::from([((1, 2), 3)]);
        let failure = post("http://a/").json(keys_that_are_no_text).send().unwrap_err();
        assert_eq!(failure.message(), "writing the body of POST http://a/: key must be a string");
    }

    #[test]
    fn query_and_form_are_escaped() {
        assert_eq!(get("http://a/find").query("q", "blue & green").query("n", 3).url, "http://a/find?q=blue%20%26%20green&n=3");
        assert_eq!(text(&post("http://a/").form([("user", "ü"), ("ok", "1")])), "user=%C3%BC&ok=1");
    }
}
