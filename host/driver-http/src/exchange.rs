//! Sends one request over a connection of its own and waits for the head of the response.

use std::error::Error as _;
use std::future::Future;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockstep_grant::HttpTerms;
use lockstep_model::Failure;
use tokio::task::JoinHandle;

use crate::connect::{Connected, connect};
use crate::course::Course;
use crate::headers;
use crate::hop::Hop;
use crate::resolve::Names;
use crate::tls::Trust;
use crate::wire::{Marks, Wire};

/// The longest head of a response: several headers of the greatest length that the contract knows.
const HEAD_LIMIT: usize = 64 * 1024;

/// The same of HTTP/2, as its library counts it.
const HEAD_LIMIT_2: u32 = 64 * 1024;

/// What a request may reach, and how.
pub(crate) struct Reach<'a> {
    /// The grant's terms.
    pub(crate) terms: &'a HttpTerms,
    /// Where names lead.
    pub(crate) names: &'a Names,
    /// Whom to believe.
    pub(crate) trust: &'a Trust,
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
pub(crate) struct Connection(JoinHandle<()>);

impl Connection {
    /// Drives it until it is dropped.
    fn driven(driving: impl Future<Output = hyper::Result<()>> + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            // Whatever goes wrong is told to the one who waits for the response, too.
            if let Err(error) = driving.await {
                tracing::debug!(%error, "a connection ended");
            }
        }))
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
    let one = request(hop, reach.key, false)?;
    let Connected { stream, two } = connect(hop, reach, course).await?;
    let origin = hop.origin();
    course.enters(format!("sending the request to `{origin}` and waiting for the response"));
    let marks = Marks::default();
    let wire = TokioIo::new(Wire { stream, marks: marks.clone() });
    let broken = |error: hyper::Error| course.interrupted("http.protocol", &told(&origin, &error));
    let (answer, connection) = if two {
        let handshake = http2::Builder::new(TokioExecutor::new()).max_header_list_size(HEAD_LIMIT_2).handshake(wire).await;
        let (mut sender, driving) = handshake.map_err(broken)?;
        let (connection, request, started) = (Connection::driven(driving), request(hop, reach.key, true)?, Instant::now());
        course.sends();
        let answer = sender.send_request(request).await;
        // The server speaks before it answers: its first byte says nothing.
        course.took(started, |timing| &mut timing.first_byte);
        (answer, connection)
    } else {
        let handshake = http1::Builder::new().max_header_size(HEAD_LIMIT).handshake(wire).await;
        let (mut sender, driving) = handshake.map_err(broken)?;
        let (connection, request) = (Connection::driven(driving), one);
        // A deadline can pass while this waits: from here on nobody can say that nothing was sent.
        course.sends();
        let answer = sender.send_request(request).await;
        course.spent(marks.first_byte(), |timing| &mut timing.first_byte);
        (answer, connection)
    };
    match answer {
        Ok(response) => {
            marks.head_came();
            Ok(Answer { response, connection })
        }
        Err(error) if error.is_parse_too_large() => Err(Failure::fixed_limit(
            "http.limit",
            format!("the head of the response of `{origin}` is longer than {} KiB, or has more than 100 headers", HEAD_LIMIT / 1024),
        )),
        Err(error) if error.is_parse() => Err(Failure::problem("http.protocol", told(&origin, &error))),
        Err(error) if marks.anything_sent() => Err(course.interrupted("http.protocol", &told(&origin, &error))),
        Err(error) => Err(Failure::retryable("http.protocol", told(&origin, &error))),
    }
}

fn request(hop: &Hop, key: Option<&str>, two: bool) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::builder()
        .method(hop.method.clone())
        .uri(if two { &hop.url[..url::Position::AfterQuery] } else { hop.target() })
        .body(Full::new(hop.body.clone().unwrap_or_default()))
        .map_err(|_| Failure::problem("http.url", "the URL has a path or a query that cannot be sent"))?;
    *request.headers_mut() = headers::sent(hop, key, two)?;
    Ok(request)
}

/// What a library says of a broken exchange, with its cause. It knows nothing of headers' values or bodies.
pub(crate) fn told(origin: &str, error: &hyper::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("the exchange with `{origin}` failed: {error}{cause}")
}
