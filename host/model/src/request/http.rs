//! `http`: a request to an address and what came back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Probe, Request, Response, SecretPlace, Seen, TextPlace, Until, line};
use crate::{Content, EffectClass};

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

    fn capture_body(&mut self) -> Option<&mut Vec<u8>> {
        Some(&mut self.body.0)
    }
}
