//! The service's own log of requests: what really arrived, to hold against what a journal says was sent.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use serde_json::json;

/// Most requests kept in memory for `GET /requests`; the file has all of them.
const MAX_KEPT: usize = 20_000;

/// The requests so far, oldest first.
#[derive(Debug)]
pub(super) struct RequestLog {
    file: File,
    kept: VecDeque<String>,
}

impl RequestLog {
    /// Adds to that file.
    pub(super) fn open(path: &Path) -> io::Result<RequestLog> {
        Ok(RequestLog { file: OpenOptions::new().create(true).append(true).open(path)?, kept: VecDeque::new() })
    }

    /// Writes down a request and its answer.
    pub(super) fn add(&mut self, head: &Parts, status: StatusCode) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let line = json!({
            "at_ms": u64::try_from(at).unwrap_or(u64::MAX),
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "idempotency_key": idempotency_key(&head.headers),
            "status": status.as_u16(),
        });
        let line = format!("{line}\n");
        if let Err(cause) = self.file.write_all(line.as_bytes()) {
            crate::note(&format!("cannot write the request log: {cause}"));
        }
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }

    /// One JSON object a line.
    pub(super) fn lines(&self) -> String {
        self.kept.iter().map(String::as_str).collect()
    }
}

/// The key by which a client marks a request that it may send again.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
