//! Headers: the guest's, checked before anything is sent; the host's own; and those received.

use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use lockstep_model::Failure;
use lockstep_model::request::Header;

use crate::hop::Hop;

/// Says who asks, unless the guest does.
const USER_AGENT: &str = concat!("lockstep/", env!("CARGO_PKG_VERSION"));

/// Tells a repetition of an effect from a new one.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What the host sets itself, or what would change how the message is delimited and the connection used.
const NOT_THE_GUESTS: [&str; 12] = [
    "proxy-authorization",
    "host",
    "content-length",
    "connection",
    "idempotency-key",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "expect",
];

/// The longest name of a header received, as the contract says of every key.
const NAME_LIMIT: usize = 256;

/// The longest value of a header received, as the contract says of every value.
const VALUE_LIMIT: usize = 16 * 1024;

/// Checks the guest's headers. Messages name a header, never its value.
pub(crate) fn checked(guest: &[Header]) -> Result<HeaderMap, Failure> {
    let refused = |what: String| Err(Failure::problem("http.header", what));
    let mut headers = HeaderMap::new();
    for (position, Header { name, value }) in guest.iter().enumerate() {
        let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
            return refused(format!(
                "header {} has a name that is empty or contains a blank, a line break or another character not allowed in names",
                position + 1
            ));
        };
        if NOT_THE_GUESTS.contains(&key.as_str()) {
            return refused(format!("`{key}` is set by the host, or not supported: leave it out"));
        }
        let Ok(mut value) = HeaderValue::from_bytes(value.trim_matches([' ', '\t']).as_bytes()) else {
            return refused(format!("the value of `{key}` contains a line break or another control character"));
        };
        value.set_sensitive(true);
        if headers.try_append(&key, value).is_err() {
            return Err(Failure::problem("http.limit", "more headers than can be sent"));
        }
    }
    Ok(headers)
}

/// How a body is packed that the host asked for packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all, or in a way that the guest asked for and unpacks itself.
    None,
    Gzip,
    Brotli,
}

impl Encoding {
    /// Of a response.
    pub(crate) fn of(hop: &Hop, headers: &HeaderMap) -> Self {
        let said = headers.get(header::CONTENT_ENCODING).filter(|_| may_be_packed(hop)).map_or(&b""[..], HeaderValue::as_bytes);
        match said.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"br" => Self::Brotli,
            _ => Self::None,
        }
    }
}

/// Whether the host asks for a body that is packed: not when the guest says how it wants it, and not for a part of one, which cannot be unpacked.
fn may_be_packed(hop: &Hop) -> bool {
    hop.method != Method::HEAD && !hop.headers.contains_key(header::ACCEPT_ENCODING) && !hop.headers.contains_key(header::RANGE)
}

/// The guest's headers between those of the host; `two`: for HTTP/2, where the connection is nobody's to speak of and the host stands in the URL; `length`: of the body.
pub(crate) fn sent(hop: &Hop, key: Option<&str>, length: u64, two: bool) -> Result<HeaderMap, Failure> {
    let own = |value: &str| HeaderValue::from_str(value).map_err(|_| Failure::problem("http.header", "a header of the host cannot be sent"));
    let mut headers = HeaderMap::new();
    if !two {
        headers.insert(header::HOST, own(&hop.url[url::Position::BeforeHost..url::Position::AfterPort])?);
    }
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if may_be_packed(hop) {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
    }
    if hop.headers.contains_key(header::USER_AGENT) {
        headers.remove(header::USER_AGENT);
    }
    for (name, value) in &hop.headers {
        headers.append(name, value.clone());
    }
    if let Some(key) = key {
        headers.insert(IDEMPOTENCY_KEY, own(key)?);
    }
    // Servers wait for the body of these methods, if need be for ever, unless they are told that it is empty.
    let wants_body = matches!(hop.method.as_str(), "POST" | "PUT" | "PATCH");
    if hop.body.is_some() || wants_body {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if !two {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(headers)
}

/// The headers of a response, without those that are about the packed form of a body that has been unpacked. What is not UTF-8 is shown as well as can be.
pub(crate) fn received(headers: &HeaderMap, encoding: Encoding) -> Result<Vec<Header>, Failure> {
    let mut all = Vec::with_capacity(headers.len());
    let is_shown = |name: &HeaderName| encoding == Encoding::None || *name != header::CONTENT_ENCODING && *name != header::CONTENT_LENGTH;
    for (name, value) in headers.iter().filter(|(name, _)| is_shown(name)) {
        if name.as_str().len() > NAME_LIMIT || value.len() > VALUE_LIMIT {
            return Err(Failure::fixed_limit(
                "http.limit",
                format!("the response has a header longer than {NAME_LIMIT} bytes of name or {VALUE_LIMIT} of value"),
            ));
        }
        all.push(Header { name: name.as_str().to_owned(), value: String::from_utf8_lossy(value.as_bytes()).into_owned() });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::Header;

    use super::checked;

    fn code(name: &str, value: &str) -> String {
        let failure = checked(&[Header { name: name.into(), value: value.into() }]).unwrap_err();
        assert!(!failure.message().contains("hunter2"), "{failure}");
        failure.code().to_owned()
    }

    #[test]
    fn a_header_cannot_smuggle_in_another() {
        for (name, value) in [
            ("x", "hunter2\r\nhost: evil"),
            ("x", "hunter2\nhost: evil"),
            ("x", "hunter2\0"),
            ("x\r\ny", "hunter2"),
            ("x: y", "hunter2"),
            ("", "hunter2"),
            ("ü", "hunter2"),
        ] {
            assert_eq!(code(name, value), "http.header", "{name:?}");
        }
    }

    #[test]
    fn what_the_host_sets_is_not_the_guests() {
        for name in ["Host", "content-length", "Connection", "Idempotency-Key", "transfer-encoding", "TE", "Upgrade", "Expect"] {
            assert_eq!(code(name, "hunter2"), "http.header");
        }
    }

    #[test]
    fn values_lose_their_blanks_and_hide_in_debug_output() {
        let headers = checked(&[Header { name: "Authorization".into(), value: " Bearer hunter2\t".into() }]).unwrap();
        assert_eq!(headers["authorization"], "Bearer hunter2");
        assert!(!format!("{headers:?}").contains("hunter2"));
    }
}
