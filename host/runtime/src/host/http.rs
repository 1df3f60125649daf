//! `http`: a request is gathered and checked here and goes through the gate when it is sent; it may be sent again, each time a call of its own.

mod check;

use lockstep_model::request::{Capture, Header, HttpRequest, HttpResponse};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::{http, types};
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::probe;
use super::text::as_text;

const MOST_HEADERS: usize = 64;
const LARGEST_BODY: usize = 16 << 20;
const LONGEST_TIMEOUT: u32 = 600_000;
const MOST_REDIRECTS: u32 = 10;
const MOST_CAPTURES: usize = 8;

/// A request being built.
pub struct Draft {
    request: HttpRequest,
    /// The first thing that is wrong with it. What breaks a rule is not kept; `send` says so.
    wrong: Option<Failure>,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        probe::size_of_http(&self.request)
    }
}

impl Draft {
    fn new(method: &str, url: &str) -> Self {
        match (check::method(method), check::url(url)) {
            (Ok(method), Ok(())) => Self { request: HttpRequest::to(&method, url), wrong: None },
            (Err(wrong), _) | (_, Err(wrong)) => Self { request: HttpRequest::to("", ""), wrong: Some(wrong) },
        }
    }

    /// Says more about the request, unless something is wrong with that.
    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut HttpRequest, T)) {
        match checked {
            Ok(value) => say(&mut self.request, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn header(&mut self, key: String, value: String) {
        let checked = check::room(self.request.headers.len(), MOST_HEADERS, "headers").and_then(|()| check::header(&key, &value));
        self.say(checked, |request, value| request.headers.push(Header { name: key, value }));
    }

    fn body(&mut self, bytes: Vec<u8>) {
        let checked = check::at_most(bytes.len(), LARGEST_BODY, "a body of", "bytes");
        self.say(checked, |request, _| request.body = Some(Content(bytes)));
    }

    fn capture(&mut self, pointer: String, secret: String) {
        let checked = check::room(self.request.captures.len(), MOST_CAPTURES, "captures").and_then(|()| check::capture(&pointer, &secret));
        self.say(checked, |request, ()| request.captures.push(Capture { pointer, secret }));
    }

    fn send(&self) -> Result<HttpRequest, Failure> {
        self.wrong.clone().map_or_else(|| Ok(self.request.clone()), Err)
    }
}

impl http::Host for Context {}

impl http::HostRequest for Context {
    fn new(&mut self, method: String, url: String) -> Result<Resource<Draft>> {
        self.gate("http.request")?;
        self.keep(Draft::new(&method, &url))
    }

    fn header(&mut self, request: Resource<Draft>, key: String, value: String) -> Result<()> {
        self.change(&request, |draft| draft.header(key, value))
    }

    fn body(&mut self, request: Resource<Draft>, bytes: Vec<u8>) -> Result<()> {
        self.change(&request, |draft| draft.body(bytes))
    }

    fn body_text(&mut self, request: Resource<Draft>, text: String) -> Result<()> {
        self.change(&request, |draft| draft.body(text.into_bytes()))
    }

    fn timeout(&mut self, request: Resource<Draft>, milliseconds: u32) -> Result<()> {
        let checked = check::at_most(milliseconds, LONGEST_TIMEOUT, "a timeout of", "milliseconds");
        self.change(&request, |draft| draft.say(checked, |request, timeout| request.timeout_milliseconds = timeout))
    }

    fn redirects(&mut self, request: Resource<Draft>, limit: u32) -> Result<()> {
        let checked = check::at_most(limit, MOST_REDIRECTS, "following", "redirects");
        self.change(&request, |draft| draft.say(checked, |request, limit| request.redirects = limit))
    }

    fn idempotent(&mut self, request: Resource<Draft>) -> Result<()> {
        self.change(&request, |draft| draft.request.idempotent = true)
    }

    fn capture(&mut self, request: Resource<Draft>, pointer: String, id: String) -> Result<()> {
        self.change(&request, |draft| draft.capture(pointer, id))
    }

    fn probe(&mut self, request: Resource<Draft>, probe: Resource<probe::Draft>) -> Result<()> {
        let finished = self.kept(&probe)?.finished();
        self.change(&request, |draft| draft.say(finished, |request, probe| request.probe = Some(probe)))
    }

    fn as_probe(&mut self, request: Resource<Draft>) -> Result<Resource<probe::Draft>> {
        let request = self.kept(&request)?.send();
        self.keep(probe::Draft::of_http(request))
    }

    fn send(&mut self, request: Resource<Draft>) -> Result<Resource<HttpResponse>, Refusal> {
        let request = self.kept(&request)?.send()?;
        let response = self.ask("http.request.send", request)?;
        Ok(self.keep(response)?)
    }

    fn drop(&mut self, request: Resource<Draft>) -> Result<()> {
        self.forget(request)
    }
}

impl http::HostResponse for Context {
    fn status(&mut self, response: Resource<HttpResponse>) -> Result<u16> {
        Ok(self.kept(&response)?.status)
    }

    fn header(&mut self, response: Resource<HttpResponse>, key: String) -> Result<Option<String>> {
        let headers = &self.kept(&response)?.headers;
        Ok(headers.iter().find(|header| header.name.eq_ignore_ascii_case(&key)).map(|header| header.value.clone()))
    }

    fn headers(&mut self, response: Resource<HttpResponse>) -> Result<Vec<types::Pair>> {
        let headers = &self.kept(&response)?.headers;
        Ok(headers.iter().map(|header| types::Pair { key: header.name.clone(), value: header.value.clone() }).collect())
    }

    fn body(&mut self, response: Resource<HttpResponse>) -> Result<Vec<u8>> {
        Ok(self.kept(&response)?.body.0.clone())
    }

    fn body_text(&mut self, response: Resource<HttpResponse>) -> Result<String, Refusal> {
        Ok(as_text(&self.kept(&response)?.body.0, "http.invalid-utf8", "the body")?)
    }

    fn truncated(&mut self, response: Resource<HttpResponse>) -> Result<bool> {
        Ok(self.kept(&response)?.truncated)
    }

    fn url(&mut self, response: Resource<HttpResponse>) -> Result<String> {
        Ok(self.kept(&response)?.url.clone())
    }

    fn timing(&mut self, response: Resource<HttpResponse>) -> Result<http::Timing> {
        let timing = self.kept(&response)?.timing;
        Ok(http::Timing { dns: timing.dns, connect: timing.connect, tls: timing.tls, first_byte: timing.first_byte, total: timing.total })
    }

    fn drop(&mut self, response: Resource<HttpResponse>) -> Result<()> {
        self.forget(response)
    }
}
