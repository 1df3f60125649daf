//! `http`: a request to an address and what came back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Probe, Request, Response, SealedArtifact, SecretPlace, Seen, TextPlace, Until, line};
use crate::{Content, Digest, EffectClass, Timestamp};

/// `http.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// Absolute, as the guest wrote it.
    pub url: String,
    /// In the order added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// None when there is no body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// The artifact that is the body, in the place of `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_artifact: Option<Digest>,
    /// The id of the artifact that the body of the response becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into_artifact: Option<String>,
    /// Deadline of the exchange in milliseconds.
    pub timeout_milliseconds: u32,
    /// Redirects to follow at most.
    pub redirects: u32,
    /// The guest says that repeating it does no harm.
    pub idempotent: bool,
    /// Asks again until the answer is the one that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Parts of the response to take into secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
    /// How to find out whether it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Box<Probe>>,
}

/// One header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Lower case in responses.
    pub name: String,
    /// Without surrounding blanks.
    pub value: String,
}

/// Takes the string at a JSON pointer of the response into a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// RFC 6901.
    pub pointer: String,
    /// The secret's id in the grant.
    pub secret: String,
}

/// The response, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpResponse {
    /// 100 to 599.
    pub status: u16,
    /// In the order received, names in lower case.
    pub headers: Vec<Header>,
    /// Up to the limit.
    pub body: Content,
    /// Whether the body was cut.
    pub truncated: bool,
    /// What the body has become, when it was to become an artifact and the status is 200 to 299: `body` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_artifact: Option<SealedArtifact>,
    /// Where it came from, after redirects.
    pub url: String,
    /// How long each part took.
    pub timing: Timing,
    /// How often it was asked for until the answer was the one waited for; 0 when nothing was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
}

// `serde` hands over a reference.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Microseconds; a part that did not take place is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timing {
    /// Resolving the name.
    pub dns: u32,
    /// Connecting.
    pub connect: u32,
    /// The TLS handshake.
    pub tls: u32,
    /// From the request sent until the first byte of the response.
    pub first_byte: u32,
    /// All of it.
    pub total: u32,
}

impl HttpRequest {
    /// A request with the contract's defaults.
    pub fn to(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            body_artifact: None,
            into_artifact: None,
            timeout_milliseconds: 30_000,
            redirects: 0,
            idempotent: false,
            until: None,
            captures: Vec::new(),
            probe: None,
        }
    }

    /// Whether the header that says what the body is has this word in it.
    fn is_content(&self, word: &str) -> bool {
        self.headers.iter().any(|h| h.name.eq_ignore_ascii_case("content-type") && h.value.to_ascii_lowercase().contains(word))
    }
}

impl HttpResponse {
    /// Whether the status says that it was done: 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// How long a server that is busy (429, 503) wants to be left alone: `retry-after` in seconds, or an instant, which is counted from the server's own `date`.
    /// None when it does not say so in either form.
    pub fn retry_after(&self) -> Option<Duration> {
        let said = self.header("retry-after").filter(|_| matches!(self.status, 429 | 503))?;
        if let Ok(seconds) = said.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        Some(Timestamp::from_http(said)?.since(Timestamp::from_http(self.header("date")?)?))
    }
}

impl Request for HttpRequest {
    type Response = HttpResponse;

    fn interface(&self) -> &'static str {
        "http"
    }

    fn function(&self) -> &'static str {
        "send"
    }

    fn class(&self) -> EffectClass {
        match self.method.as_str() {
            "GET" | "HEAD" | "OPTIONS" => EffectClass::Read,
            "PUT" | "DELETE" => EffectClass::Idempotent,
            _ if self.idempotent => EffectClass::Idempotent,
            _ => EffectClass::AtMostOnce,
        }
    }

    fn summary(&self) -> String {
        line(&format!("{} {}", self.method, self.url))
    }

    fn timeout(&self) -> Option<Duration> {
        let milliseconds = self.until.as_ref().map_or(self.timeout_milliseconds, |until| until.within_milliseconds);
        Some(Duration::from_millis(milliseconds.into()))
    }

    fn visit_secret_places(&mut self, visit: &mut dyn FnMut(SecretPlace<'_>)) {
        let (json, form) = (self.is_content("json"), self.is_content("x-www-form-urlencoded"));
        visit(SecretPlace::Query(&mut self.url));
        for header in &mut self.headers {
            visit(SecretPlace::Text(&mut header.value));
        }
        if let Some(Content(body)) = &mut self.body {
            visit(match (json, form) {
                (true, _) => SecretPlace::Json(body),
                (false, true) => SecretPlace::Form(body),
                (false, false) => SecretPlace::Bytes(body),
            });
        }
    }

    fn stay(&mut self) {
        self.redirects = 0;
    }

    fn captures(&self) -> &[Capture] {
        &self.captures
    }

    fn probe(&self) -> Option<&Probe> {
        self.probe.as_deref()
    }

    fn took_place(&self, seen: Seen) -> Option<HttpResponse> {
        Some(match seen {
            Seen::Http(response) => response,
            Seen::Shell(_) | Seen::File(_) => HttpResponse {
                status: 200,
                headers: Vec::new(),
                body: Content::default(),
                truncated: false,
                body_artifact: None,
                url: self.url.clone(),
                timing: Timing::default(),
                tries: 0,
            },
        })
    }
}

impl Response for HttpResponse {
    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        for header in &mut self.headers {
            visit(TextPlace::Text(&mut header.value));
        }
        visit(TextPlace::Text(&mut self.url));
        visit(TextPlace::Bytes(&mut self.body.0));
    }

    fn artifacts(&self) -> Vec<&SealedArtifact> {
        self.body_artifact.iter().collect()
    }

    fn rest(&self, _: Option<Duration>) -> Option<Duration> {
        self.retry_after()
    }

    fn capture_body(&mut self) -> Option<&mut Vec<u8>> {
        Some(&mut self.body.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Header, HttpResponse, Timing};
    use crate::Content;

    fn busy(status: u16, headers: &[(&str, &str)]) -> Option<Duration> {
        let headers = headers.iter().map(|&(name, value)| Header { name: name.to_owned(), value: value.to_owned() }).collect();
        let (body, url, timing) = (Content::default(), String::new(), Timing::default());
        HttpResponse { status, headers, body, truncated: false, body_artifact: None, url, timing, tries: 0 }.retry_after()
    }

    #[test]
    fn a_busy_server_says_how_long_it_wants_to_be_left_alone_in_seconds_or_by_its_own_clock() {
        let date = ("date", "Sun, 22 Nov 2026 00:30:00 GMT");
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for status in [429, 503] {
            assert_eq!(busy(status, &[("retry-after", "120")]), seconds(120));
            assert_eq!(busy(status, &[date, ("retry-after", "Sun, 22 Nov 2026 00:31:30 GMT")]), seconds(90));
            assert_eq!(busy(status, &[date, ("retry-after", "Sun, 22 Nov 2026 00:29:00 GMT")]), seconds(0), "it has passed");
        }
        assert_eq!(busy(500, &[("retry-after", "120")]), None, "another status is no busy server");
        for said in ["", "-1", "1.5", "99999999999999", "soon", "Sun, 22 Nov 2026 00:31:30 GMT"] {
            assert_eq!(busy(503, &[("retry-after", said)]), None, "{said}");
        }
    }
}
