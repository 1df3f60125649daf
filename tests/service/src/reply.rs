//! The answers that the service and the front give.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// A whole answer in memory: nothing here is large enough to stream.
pub(crate) type Reply = Response<Full<Bytes>>;

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Reply {
    with_type(status, "application/json", value.to_string())
}

/// An answer that says what is wrong.
pub(crate) fn problem(status: StatusCode, message: &str) -> Reply {
    json(status, &json!({ "error": message }))
}

/// An answer of that media type.
pub(crate) fn with_type(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    reply
}
