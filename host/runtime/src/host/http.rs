//! `http`: a request is gathered and checked here and goes through the gate when it is sent; it may be sent again, each time a call of its own.

mod batch;
mod check;
mod parts;

use lockstep_gate::artifacts::check_artifact_id;
use lockstep_model::request::{Capture, Header, HttpRequest, HttpResponse, JsonPart, SealedArtifact, Until};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::{http, types};
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::probe;
use super::text::as_text;

pub use batch::Batch;

const MOST_HEADERS: usize = 64;
const LARGEST_BODY: usize = 16 << 20;
const LONGEST_TIMEOUT: u32 = 86_400_000;
const MOST_REDIRECTS: u32 = 10;
const MOST_CAPTURES: usize = 8;
const SHORTEST_POLL: u32 = 10;
const LONGEST_POLL: u32 = 3_600_000;
const MOST_STATUSES: usize = 16;
const MOST_CONDITIONS: usize = 8;
const LONGEST_CONDITION: usize = 4 << 10;

/// A request being built.
pub struct Draft {
    request: HttpRequest,
    /// A body of several parts, as far as it has been said.
    parts: Vec<parts::Part>,
    /// What `poll` waits for; part of the request once there is a `poll`.
    until: Until,
    /// The first thing that is wrong with it. What breaks a rule is not kept; `send` says so.
    wrong: Option<Failure>,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        let json: usize = self.until.json.iter().map(|part| part.pointer.len() + part.value.len()).sum();
        let text: usize = self.until.text.iter().map(String::len).sum();
        probe::size_of_http(&self.request) + self.parts.iter().map(parts::Part::size).sum::<usize>() + json + text
    }
}

impl Draft {
    fn new(method: &str, url: &str) -> Self {
        let until = Until { statuses: Vec::new(), json: Vec::new(), text: Vec::new(), every_milliseconds: 0, within_milliseconds: 0 };
        let (request, wrong) = match (check::method(method), check::url(url)) {
            (Ok(method), Ok(())) => (HttpRequest::to(&method, url), None),
            (Err(wrong), _) | (_, Err(wrong)) => (HttpRequest::to("", ""), Some(wrong)),
        };
        Self { request, parts: Vec::new(), until, wrong }
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

    /// That no two things said of it contradict each other.
    fn agrees(&self) -> Result<(), Failure> {
        let HttpRequest { body, body_artifact, into_artifact, until, captures, .. } = &self.request;
        if body_artifact.is_some() && (body.is_some() || !self.parts.is_empty()) {
            return Err(Failure::problem("http.header", "the body is given as bytes and as an artifact: which of them is it to be?"));
        }
        match into_artifact {
            Some(_) if !captures.is_empty() => Err(Failure::problem("http.capture", "nothing can be captured from a body that becomes an artifact")),
            Some(_) if until.is_some() => {
                Err(Failure::problem("http.until", "what is asked again until it is the one makes no artifact: ask for that by another request"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn capture(&mut self, pointer: String, secret: String) {
        let checked = check::room(self.request.captures.len(), MOST_CAPTURES, "captures").and_then(|()| check::capture(&pointer, &secret));
        self.say(checked, |request, ()| request.captures.push(Capture { pointer, secret }));
    }

    fn part(&mut self, part: Result<parts::Part, Failure>) {
        let size: usize = self.parts.iter().map(parts::Part::size).sum();
        let checked = part.and_then(|part| {
            check::room(self.parts.len(), parts::MOST, "parts")?;
            check::at_most(size + part.size(), LARGEST_BODY, "parts of", "bytes")?;
            Ok(part)
        });
        match checked {
            Ok(part) => self.parts.push(part),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    /// One more thing that `poll` waits for.
    fn condition<T>(&mut self, value: T, size: usize, most: usize, list: impl FnOnce(&mut Until) -> &mut Vec<T>) {
        let list = list(&mut self.until);
        match check::room(list.len(), most, "conditions of one kind").and_then(|()| check::at_most(size, LONGEST_CONDITION, "a condition of", "bytes")) {
            Ok(_) => list.push(value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn poll(&mut self, every: u32, within: u32) {
        let checked = if every < SHORTEST_POLL {
            Err(Failure::fixed_limit("http.limit", format!("asking again every {every} milliseconds, at least {SHORTEST_POLL}")))
        } else {
            check::at_most(within, LONGEST_POLL, "asking again for", "milliseconds")
        };
        // The conditions are put in when it is sent: they may be said before or after.
        let polled = Until { statuses: Vec::new(), json: Vec::new(), text: Vec::new(), every_milliseconds: every, within_milliseconds: within };
        self.say(checked, |request, _| request.until = Some(polled));
    }

    fn send(&self) -> Result<HttpRequest, Failure> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        self.agrees()?;
        let mut request = self.request.clone();
        if !self.parts.is_empty() {
            parts::put(&self.parts, &mut request)?;
        }
        if let Some(until) = &mut request.until {
            let (statuses, json, text) = (self.until.statuses.clone(), self.until.json.clone(), self.until.text.clone());
            *until = Until { statuses, json, text, ..until.clone() };
        }
        Ok(request)
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

    fn body_artifact(&mut self, request: Resource<Draft>, content: Resource<SealedArtifact>) -> Result<()> {
        let digest = self.kept(&content)?.digest;
        self.change(&request, |draft| draft.request.body_artifact = Some(digest))
    }

    fn into_artifact(&mut self, request: Resource<Draft>, id: String) -> Result<()> {
        let checked = check_artifact_id(&id);
        self.change(&request, |draft| draft.say(checked, |request, ()| request.into_artifact = Some(id)))
    }

    fn part(&mut self, request: Resource<Draft>, key: String, value: String) -> Result<()> {
        self.change(&request, |draft| draft.part(parts::Part::field(key, value)))
    }

    fn part_file(&mut self, request: Resource<Draft>, key: String, filename: String, content_type: String, bytes: Vec<u8>) -> Result<()> {
        self.change(&request, |draft| draft.part(parts::Part::file(key, filename, content_type, bytes)))
    }

    fn poll(&mut self, request: Resource<Draft>, every: u32, within: u32) -> Result<()> {
        self.change(&request, |draft| draft.poll(every, within))
    }

    fn until_status(&mut self, request: Resource<Draft>, status: u32) -> Result<()> {
        self.change(&request, |draft| match u16::try_from(status).ok().filter(|status| (100..=599).contains(status)) {
            Some(status) => draft.condition(status, 0, MOST_STATUSES, |until| &mut until.statuses),
            None => draft.say(Err::<(), _>(Failure::fixed_limit("http.limit", format!("{status} is no status of http"))), |_, ()| {}),
        })
    }

    fn until_json(&mut self, request: Resource<Draft>, pointer: String, value: String) -> Result<()> {
        let (checked, size) = (check::capture(&pointer, ""), pointer.len() + value.len());
        self.change(&request, |draft| match checked {
            Ok(()) => draft.condition(JsonPart { pointer, value }, size, MOST_CONDITIONS, |until| &mut until.json),
            Err(wrong) => draft.say(Err::<(), _>(wrong), |_, ()| {}),
        })
    }

    fn until_text(&mut self, request: Resource<Draft>, text: String) -> Result<()> {
        let size = text.len();
        self.change(&request, |draft| draft.condition(text, size, MOST_CONDITIONS, |until| &mut until.text))
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

    fn body_artifact(&mut self, response: Resource<HttpResponse>) -> Result<Option<Resource<SealedArtifact>>> {
        let sealed = self.kept(&response)?.body_artifact.clone();
        sealed.map(|sealed| self.keep(sealed)).transpose()
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

    fn tries(&mut self, response: Resource<HttpResponse>) -> Result<u32> {
        Ok(self.kept(&response)?.tries)
    }

    fn drop(&mut self, response: Resource<HttpResponse>) -> Result<()> {
        self.forget(response)
    }
}
