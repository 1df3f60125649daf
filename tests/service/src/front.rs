//! The front: forwards every request to the slot that the switch points to.
//!
//! The switch is a symlink (`current -> slots/blue`) and the slot's file `port` says where its service listens. It is read anew for every request, so that
//! renaming one link over another moves all later requests at once, with none in between that finds no slot.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::watch;

use crate::ask::{self, AskError};
use crate::listen::{self, Handler};
use crate::reply::{self, Reply};
use crate::shared::Shared;
use crate::unit::{Unit, UnitError};

/// What the front says it is, where the service says its version.
pub(crate) const IDENTITY: &str = "front";

/// Largest body forwarded: it is held whole, so that a request which was never sent can be sent to the next slot.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long a slot may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How often one request follows a switch that moves under it.
const MAX_TRIES: usize = 4;
/// Says which slot has answered.
const SLOT: HeaderName = HeaderName::from_static("x-slot");

/// How to serve.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where to listen.
    pub(crate) port: u16,
    /// The symlink.
    pub(crate) switch: PathBuf,
    /// One JSON line for every request.
    pub(crate) log: PathBuf,
    /// The state directory.
    pub(crate) state: PathBuf,
}

/// Why the front does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrontError {
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error("cannot listen on port {port}: {cause}")]
    Bind { port: u16, cause: io::Error },
    #[error("cannot write {path}: {cause}")]
    Log { path: PathBuf, cause: io::Error },
}

/// Forwards until `stop` turns true.
pub(crate) async fn serve(plan: Plan, stop: watch::Receiver<bool>) -> Result<(), FrontError> {
    let unit = Unit::hold(&plan.state)?;
    let log = OpenOptions::new().create(true).append(true).open(&plan.log).map_err(|cause| FrontError::Log { path: plan.log, cause })?;
    let listener = listen::bind(plan.port).await.map_err(|cause| FrontError::Bind { port: plan.port, cause })?;
    unit.announce(plan.port, IDENTITY)?;
    listen::serve(listener, Arc::new(Front { switch: plan.switch, log: Shared::new(log) }), stop).await;
    Ok(())
}

struct Front {
    switch: PathBuf,
    log: Shared<File>,
}

/// Where the switch points.
#[derive(Debug, PartialEq)]
struct Slot {
    name: String,
    port: u16,
}

impl Handler for Front {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let (head, incoming) = request.into_parts();
        let (slot, reply) = match listen::body(incoming, MAX_BODY_BYTES).await {
            Ok(body) => self.forward(&head, body).await,
            Err(status) => (None, reply::problem(status, "the body was not taken")),
        };
        self.write_down(&head, slot.as_ref(), reply.status(), started.elapsed());
        reply
    }
}

impl Front {
    async fn forward(&self, head: &Parts, body: Bytes) -> (Option<Slot>, Reply) {
        let mut tried = None;
        for _ in 0..MAX_TRIES {
            let slot = match Slot::of(&self.switch) {
                Ok(slot) => slot,
                Err(problem) => return (None, reply::problem(StatusCode::SERVICE_UNAVAILABLE, &problem)),
            };
            // A slot that has failed is not asked twice: only a switch that has moved meanwhile makes another try worth it.
            if let Some((before, problem)) = tried.take_if(|(before, _)| *before == slot) {
                return (Some(before), problem);
            }
            match ask::ask(SocketAddr::from((Ipv4Addr::LOCALHOST, slot.port)), outgoing(head, body.clone()), ANSWER_LIMIT).await {
                Ok(answer) => {
                    let reply = incoming(answer, &slot);
                    return (Some(slot), reply);
                }
                Err(cause) => {
                    let status = if matches!(cause, AskError::TimedOut) { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
                    let problem = reply::problem(status, &format!("slot {}: {cause}", slot.name));
                    // What may have arrived is not sent again, unless asking twice is harmless.
                    if !matches!(cause, AskError::Connect(_)) && !head.method.is_safe() {
                        return (Some(slot), problem);
                    }
                    tried = Some((slot, problem));
                }
            }
        }
        let (slot, problem) = tried.unzip();
        (slot, problem.unwrap_or_else(|| reply::problem(StatusCode::BAD_GATEWAY, "no slot answered")))
    }

    fn write_down(&self, head: &Parts, slot: Option<&Slot>, status: StatusCode, took: Duration) {
        let line = json!({
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "slot": slot.map(|slot| &slot.name),
            "port": slot.map(|slot| slot.port),
            "status": status.as_u16(),
            "micros": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
        if let Err(cause) = self.log.with(|log| log.write_all(format!("{line}\n").as_bytes())) {
            crate::note(&format!("cannot write the log: {cause}"));
        }
    }
}

impl Slot {
    /// Reads the link once and everything else below what it said, so that name and port belong together.
    fn of(switch: &Path) -> Result<Slot, String> {
        let said = |what: &Path, cause: &dyn std::fmt::Display| format!("the switch names no slot: {}: {cause}", what.display());
        let target = std::fs::read_link(switch).map_err(|cause| said(switch, &cause))?;
        let file = switch.parent().unwrap_or(Path::new("")).join(&target).join("port");
        let text = std::fs::read_to_string(&file).map_err(|cause| said(&file, &cause))?;
        let port = text.trim().parse().map_err(|cause| said(&file, &cause))?;
        let name = target.file_name().unwrap_or(target.as_os_str()).to_string_lossy().into_owned();
        Ok(Slot { name, port })
    }
}

fn outgoing(head: &Parts, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.path_and_query().cloned().unwrap_or_else(|| hyper::http::uri::PathAndQuery::from_static("/")).into();
    *request.headers_mut() = end_to_end(&head.headers);
    request
}

fn incoming(answer: Response<Bytes>, slot: &Slot) -> Reply {
    let (head, body) = answer.into_parts();
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = head.status;
    *reply.headers_mut() = end_to_end(&head.headers);
    if let Ok(name) = HeaderValue::from_str(&slot.name) {
        reply.headers_mut().insert(SLOT, name);
    }
    reply
}

/// The headers that are not about one connection. The length is set anew: the body is held whole.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let hop = |name: &HeaderName| {
        [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name)
            || ["keep-alive", "te", "trailer", "upgrade", "proxy-authorization", "proxy-authenticate", "proxy-connection", "expect"].contains(&name.as_str())
            || named.iter().any(|other| other == name.as_str())
    };
    headers.iter().filter(|(name, _)| !hop(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_about_one_connection_are_not_handed_on() {
        let sent = [("connection", "close, X-Hop"), ("x-hop", "1"), ("te", "trailers"), ("content-length", "3"), ("idempotency-key", "k"), ("host", "h")];
        let headers = sent.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let mut kept: Vec<String> = end_to_end(&headers).keys().map(ToString::to_string).collect();
        kept.sort();
        assert_eq!(kept, ["host", "idempotency-key"]);
    }
}
