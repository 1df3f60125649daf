//! Sends one request over a connection of its own and waits for the head of the response.

use std::error::Error as _;
use std::future::Future;
use std::time::Instant;

use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockstep_gate::artifacts::Artifacts;
use lockstep_grant::{Granted, HttpTerms};
use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;
use lockstep_tls::Trust;
use tokio::task::JoinHandle;

use crate::connect::{Connected, Spoken, connect};
use crate::course::Course;
use crate::fed;
use crate::headers;
use crate::hop::Hop;
use crate::proxy;
use crate::resolve::Names;
use crate::wire::{Marks, Wire};

/// The longest head of a response: several headers of the greatest length that the contract knows.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;

/// The same of HTTP/2, as its library counts it.
const HEAD_LIMIT_2: u32 = 64 * 1024;

/// What a request may reach, and how.
pub(crate) struct Reach<'a> {
    /// The call, with the secrets that the grant places.
    pub(crate) call: &'a Granted<HttpRequest>,
    /// The grant's terms.
    pub(crate) terms: &'a HttpTerms,
    /// Where names lead.
    pub(crate) names: &'a Names,
    /// Whom to believe.
    pub(crate) trust: &'a Trust,
    /// What the request may send of the run's.
    pub(crate) artifacts: &'a dyn Artifacts,
    /// The idempotency key, when the call is an effect.
    pub(crate) key: Option<&'a str>,
}

/// A response of which the head has come.
pub(crate) struct Answer {
    response: Response<Incoming>,
    /// Moves the bytes of the body; the connection ends with it.
    connection: Connection,
}

/// The task that drives a connection.
pub(crate) struct Connection(JoinHandle<Option<hyper::Error>>);

impl Connection {
    /// Drives it until it is dropped.
    fn driven(driving: impl Future<Output = hyper::Result<()>> + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            // Whatever goes wrong is told to the one who waits for the response, too.
            driving.await.inspect_err(|error| tracing::debug!(%error, "a connection ended")).err()
        }))
    }

    /// What it has ended with: it had done so before anything could be sent, and who wanted to send knows only that.
    async fn end(&mut self) -> Option<hyper::Error> {
        (&mut self.0).await.ok().flatten()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answer {
    /// 100 to 599.
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// As they came.
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Where the server says one should go instead.
    pub(crate) fn location(&self) -> Option<&[u8]> {
        self.headers().get(header::LOCATION).map(header::HeaderValue::as_bytes)
    }

    /// The body still to be read, and what has to live until then.
    pub(crate) fn into_body(self) -> (Incoming, Connection) {
        (self.response.into_body(), self.connection)
    }
}

/// Connects, sends, and waits for the head.
pub(crate) async fn send(hop: &Hop, reach: &Reach<'_>, course: &Course) -> Result<Answer, Failure> {
    // What cannot be sent is not worth a connection.
    let food = fed::food(hop.body.as_ref(), reach.artifacts, course)?;
    let length = food.size_hint().exact().unwrap_or_default();
    let mut one = head(hop, reach.key, length, false)?;
    let Connected { stream, spoken } = connect(hop, reach, course).await?;
    let origin = hop.origin();
    course.enters(format!("sending the request to `{origin}` and waiting for the response"));
    let marks = Marks::default();
    let wire = TokioIo::new(Wire { stream, marks: marks.clone() });
    let broken = |error: hyper::Error| course.interrupted("http.protocol", &told(&origin, &error));
    let mut by_proxy = None;
    let (answer, mut connection) = match spoken {
        Spoken::Two => {
            let handshake = http2::Builder::new(TokioExecutor::new()).max_header_list_size(HEAD_LIMIT_2).handshake(wire).await;
            let (mut sender, driving) = handshake.map_err(broken)?;
            let (connection, two, started) = (Connection::driven(driving), head(hop, reach.key, length, true)?, Instant::now());
            course.sends();
            let answer = sender.send_request(two.map(|()| food)).await;
            // The server speaks before it answers: its first byte says nothing.
            course.took(started, |timing| &mut timing.first_byte);
            (answer, connection)
        }
        Spoken::One | Spoken::ByProxy { .. } => {
            if let Spoken::ByProxy { id, login } = spoken {
                proxy::address(&mut one, hop, login)?;
                by_proxy = Some(id);
            }
            let handshake = http1::Builder::new().max_header_size(HEAD_LIMIT).handshake(wire).await;
            let (mut sender, driving) = handshake.map_err(broken)?;
            let connection = Connection::driven(driving);
            // A deadline can pass while this waits: from here on nobody can say that nothing was sent.
            course.sends();
            let answer = sender.send_request(one.map(|()| food)).await;
            course.spent(marks.first_byte(), |timing| &mut timing.first_byte);
            (answer, connection)
        }
    };
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            let ended = if error.is_canceled() { connection.end().await } else { None };
            return Err(failed(&origin, &ended.unwrap_or(error), &marks, reach, course));
        }
    };
    marks.head_came();
    match by_proxy {
        Some(id) if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(proxy::refused(&id, &origin, response.status().as_u16())),
        Some(_) | None => Ok(Answer { response, connection }),
    }
}

/// Why no head of a response has come.
fn failed(origin: &str, error: &hyper::Error, marks: &Marks, reach: &Reach<'_>, course: &Course) -> Failure {
    if let Some(failure) = reach.trust.unwelcome(origin, error) {
        return failure;
    }
    // A part of what was to be sent may have left, and ended there.
    if course.is_unfed() {
        return course.interrupted("http.protocol", &told(origin, error));
    }
    if error.is_parse_too_large() {
        let message = format!("the head of the response of `{origin}` is longer than {} KiB, or has more than 100 headers", HEAD_LIMIT / 1024);
        return Failure::fixed_limit("http.limit", message);
    }
    if error.is_parse() {
        return Failure::problem("http.protocol", told(origin, error));
    }
    if marks.anything_sent() { course.interrupted("http.protocol", &told(origin, error)) } else { Failure::retryable("http.protocol", told(origin, error)) }
}

fn head(hop: &Hop, key: Option<&str>, length: u64, two: bool) -> Result<Request<()>, Failure> {
    let mut request = Request::builder()
        .method(hop.method.clone())
        .uri(if two { hop.whole() } else { hop.target() })
        .body(())
        .map_err(|_| Failure::problem("http.url", "the URL has a path or a query that cannot be sent"))?;
    *request.headers_mut() = headers::sent(hop, key, length, two)?;
    Ok(request)
}

/// What a library says of a broken exchange, with its cause. It knows nothing of headers' values or bodies.
pub(crate) fn told(origin: &str, error: &hyper::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("the exchange with `{origin}` failed: {error}{cause}")
}
