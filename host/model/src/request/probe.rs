//! Probes: a read that tells afterwards whether another call happened, and what its answer means.

use serde::{Deserialize, Serialize};

use super::{HttpRequest, HttpResponse, Request, ShellRequest, ShellResponse, line};
use crate::Digest;

/// How to find out whether a call happened when its outcome was lost. Part of the call's request, so that a replay compares it too.
///
/// A code is a status of http or an exit code. The text is the body, or standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Probe {
    /// What is asked.
    pub read: ProbeRead,
    /// Codes with which it may have happened. Empty: 200 to 299, or exit code 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub happened: Vec<i32>,
    /// Codes that say that it did not happen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did_not: Vec<i32>,
    /// What the text, read as JSON, must have in it as well. All of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonPart>,
    /// What the text must have in it as well. All of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Whether an answer with one of the `happened` codes, but without the rest, says that it did not happen. For a file: one with another digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub otherwise_did_not: bool,
}

/// The read of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ProbeRead {
    /// A `GET` or `HEAD`.
    Http(HttpRequest),
    /// A command that the grant calls a read.
    Shell(ShellRequest),
    /// The digest of a file: it happened when it is this one, it did not when nothing is there.
    File {
        /// The file, as the guest sees it.
        path: String,
        /// What it has when the call happened.
        digest: Digest,
    },
}

/// A value at a place in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JsonPart {
    /// RFC 6901.
    pub pointer: String,
    /// A string, or a number or flag as it is written.
    pub value: String,
}

/// What a probe's read gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A response.
    Http(HttpResponse),
    /// An exit.
    Shell(ShellResponse),
    /// A file's digest; none when nothing is there.
    File(Option<Digest>),
}

impl Probe {
    /// With nothing said yet about what its answer means.
    pub fn by(read: ProbeRead) -> Self {
        Self { read, happened: Vec::new(), did_not: Vec::new(), json: Vec::new(), text: Vec::new(), otherwise_did_not: false }
    }

    /// One line for a person, as a request's.
    pub fn summary(&self) -> String {
        match &self.read {
            ProbeRead::Http(request) => request.summary(),
            ProbeRead::Shell(request) => request.summary(),
            ProbeRead::File { path, .. } => line(&format!("digest {path}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPart, Probe, ProbeRead};
    use crate::request::{HttpRequest, ShellRequest};

    #[test]
    fn a_probe_is_stored_with_its_read_and_only_with_what_was_said() {
        let mut probe = Probe::by(ProbeRead::Http(HttpRequest::to("GET", "http://a/")));
        probe.json.push(JsonPart { pointer: "/state".into(), value: "live".into() });
        let mut request = ShellRequest::command("/bin/deploy", &[]);
        let bare = serde_json::to_value(&request).unwrap();
        assert!(bare.get("probe").is_none(), "a request without one is stored as before");
        request.probe = Some(Box::new(probe));
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!((&json["probe"]["read"]["by"], &json["probe"]["json"][0]["value"]), (&"http".into(), &"live".into()));
        assert!(json["probe"].get("did-not").is_none());
        assert_eq!(serde_json::from_value::<ShellRequest>(json).unwrap(), request);
    }
}
