//! What a guest asks and what it gets: one type each per capability, in the form that the journal keeps.
//!
//! The serde form of these types is what a record holds as `request` and `response`; a golden journal in the tests keeps it from changing by accident.

mod artifact;
mod clock;
mod db;
mod files;
mod http;
mod kube;
mod log;
mod probe;
mod random;
mod redis;
mod remember;
mod secret;
mod shell;
mod until;

pub use artifact::{ArtifactRequest, ArtifactResponse, SealedArtifact};
pub use clock::{ClockRequest, ClockResponse};
pub use db::{
    DbAsk, DbBackup, DbBackupOrder, DbColumn, DbDirection, DbDone, DbMigration, DbPart, DbRequest, DbResponse, DbRestore, DbRows, DbStatement, DbTable,
    DbTransaction, DbValue,
};
pub use files::{Entry, EntryKind, FilesRequest, FilesResponse};
pub use http::{Capture, Header, HttpRequest, HttpResponse, Timing};
pub use kube::{KubeCall, KubeChange, KubeRequest, KubeResponse, KubeRevision, KubeVersion};
pub use log::{LogLevel, LogRequest};
pub use probe::{JsonPart, Probe, ProbeRead, Seen};
pub use random::RandomRequest;
pub use redis::{
    Command as RedisCommand, Keys as RedisKeys, Kind as RedisKind, Reason as RedisRefusal, RedisAsk, RedisReply, RedisRequest, RedisResponse, Scanned,
};
pub use remember::RememberRequest;
pub use secret::SecretRequest;
pub use shell::{ShellRequest, ShellResponse};
pub use until::Until;

use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::EffectClass;

/// One ask of a guest to a capability.
pub trait Request: Debug + Clone + Serialize + Send + Sync + 'static {
    /// What the guest gets when it is allowed and does not fail.
    type Response: Response;

    /// The contract's interface, `http`.
    fn interface(&self) -> &'static str;

    /// The contract's function, `send`.
    fn function(&self) -> &'static str;

    /// The class when the grant says nothing else.
    fn class(&self) -> EffectClass;

    /// One line for a person: `GET https://api.example.com/health`. May contain markers of secrets, never values. At most 200 characters.
    fn summary(&self) -> String;

    /// How long the guest lets it take.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// Hands each place that may hold a secret's marker to `visit`.
    fn visit_secret_places(&mut self, visit: &mut dyn FnMut(SecretPlace<'_>)) {
        let _ = visit;
    }

    /// Gives up following where it is sent on to: called when secrets are placed in it, which may go to one destination and no other.
    fn stay(&mut self) {}

    /// What responses are to be captured into secrets.
    fn captures(&self) -> &[Capture] {
        &[]
    }

    /// How to find out whether it happened when its outcome was lost.
    fn probe(&self) -> Option<&Probe> {
        None
    }

    /// What the guest gets when its probe says that it happened: what the probe saw, if that is an answer of the same kind, else one that says success
    /// and nothing more. None for what can carry no probe.
    fn took_place(&self, seen: Seen) -> Option<Self::Response> {
        let _ = seen;
        None
    }
}

/// What a guest gets for a request.
pub trait Response: Debug + Clone + Serialize + DeserializeOwned + Send + 'static {
    /// Hands each text or body in it to `visit`, so that values of secrets are taken out before anyone sees it.
    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        let _ = visit;
    }

    /// How long the far side wants to be left alone from now on, when it wanted to be so for `before`. What cannot say so leaves it at that.
    fn rest(&self, before: Option<Duration>) -> Option<Duration> {
        before
    }

    /// The artifacts that the call has made: they are the run's from the outcome on.
    fn artifacts(&self) -> Vec<&SealedArtifact> {
        Vec::new()
    }

    /// The body that captures point into.
    fn capture_body(&mut self) -> Option<&mut Vec<u8>> {
        None
    }
}

/// A call that gives nothing.
impl Response for () {}

/// A place where the host puts a secret's value in for its marker.
#[derive(Debug)]
pub enum SecretPlace<'a> {
    /// A header's or a variable's value.
    Text(&'a mut String),
    /// A body or standard input.
    Bytes(&'a mut Vec<u8>),
    /// A body of JSON: the value is escaped as a JSON string's content.
    Json(&'a mut Vec<u8>),
    /// A body of a web form: the value is percent-encoded.
    Form(&'a mut Vec<u8>),
    /// A URL, of which the query alone may hold markers: the value is percent-encoded, so that it can say nothing else than a value.
    Query(&'a mut String),
}

impl SecretPlace<'_> {
    /// What in it may hold markers.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) | Self::Json(bytes) | Self::Form(bytes) => bytes,
            Self::Query(url) => &url.as_bytes()[query_at(url)..],
        }
    }
}

/// Where the query of a URL begins: its end when it has none.
pub fn query_at(url: &str) -> usize {
    url.find('?').unwrap_or(url.len())
}

/// A place where a secret's value might show up.
#[derive(Debug)]
pub enum TextPlace<'a> {
    /// Text.
    Text(&'a mut String),
    /// Bytes.
    Bytes(&'a mut Vec<u8>),
}

/// Cuts a summary to a line that fits a terminal.
fn line(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
