//! One request to one URL: the first, or what a redirect made of it.

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use lockstep_grant::HttpUrl;
use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;
use url::{Host, Url};

use crate::fed::Source;
use crate::headers;

/// The methods of the contract.
const METHODS: [Method; 7] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// What is sent, but for the headers that the host sets.
#[derive(Clone)]
pub(crate) struct Hop {
    /// The method.
    pub(crate) method: Method,
    /// Where to: in the form that the grant decides about.
    pub(crate) url: Url,
    /// The guest's headers.
    pub(crate) headers: HeaderMap,
    /// None when there is none, which is not the same as an empty one.
    pub(crate) body: Option<Source>,
}

impl Hop {
    /// The request as the guest asked for it.
    pub(crate) fn first(request: &HttpRequest) -> Result<Self, Failure> {
        let Some(method) = METHODS.into_iter().find(|method| method.as_str() == request.method) else {
            return Err(Failure::problem("http.url", "the method is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS (in upper case)"));
        };
        let url = HttpUrl::parse(&request.url).map_err(|error| Failure::problem("http.url", error.to_string()))?;
        let headers = headers::checked(&request.headers)?;
        let bytes = || request.body.as_ref().map(|body| Source::Bytes(Bytes::from(body.0.clone())));
        let body = request.body_artifact.map(Source::Artifact).or_else(bytes);
        Ok(Self { method, url: plain(&url)?, headers, body })
    }

    /// Whether the connection is to be encrypted.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host as it was written.
    pub(crate) fn host(&self) -> Result<Host<&str>, Failure> {
        self.url.host().ok_or_else(|| Failure::problem("http.url", "the URL has no host"))
    }

    /// The port, named or not.
    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// Scheme, host and port, for messages: never the path or the query, in which somebody may have put a token.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The whole URL, as HTTP/2 and proxies want it.
    pub(crate) fn whole(&self) -> &str {
        &self.url[..url::Position::AfterQuery]
    }

    /// What stands in the request line.
    pub(crate) fn target(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

/// The same URL in the form that can be taken apart.
pub(crate) fn plain(url: &HttpUrl) -> Result<Url, Failure> {
    Url::parse(url.as_str()).map_err(|error| Failure::problem("http.url", format!("the URL is not valid: {error}")))
}
