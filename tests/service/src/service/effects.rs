//! The effects that were asked for, and how often each idempotency key was seen.
//!
//! The service does not drop a second effect of the same key: it counts, so that a crash test can tell whether one was sent twice. The counts are kept
//! on disk, because such a test may restart the service as well.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use hyper::StatusCode;
use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::requests::idempotency_key;
use crate::reply::{self, Reply};

/// Most keys told apart.
const MAX_KEYS: usize = 100_000;

/// What was done.
#[derive(Debug)]
pub(super) struct Effects {
    file: File,
    keys: BTreeMap<String, u64>,
    without_key: u64,
}

impl Effects {
    /// Goes on from what the file holds: one JSON string, or null, a line.
    pub(super) fn open(path: &Path) -> io::Result<Effects> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut effects = Effects { file: file.try_clone()?, keys: BTreeMap::new(), without_key: 0 };
        for line in BufReader::new(file).lines() {
            // A torn last line, from a kill in the middle of a write, is an effect whose key is not known.
            let key = serde_json::from_str::<Option<String>>(&line?).unwrap_or(None);
            effects.count(key);
        }
        Ok(effects)
    }

    /// Records one effect; the answer says how often its key has been seen.
    pub(super) fn record(&mut self, headers: &HeaderMap) -> Reply {
        let key = idempotency_key(headers);
        let known = key.as_ref().is_none_or(|key| self.keys.contains_key(key));
        if !known && self.keys.len() >= MAX_KEYS {
            return reply::problem(StatusCode::INSUFFICIENT_STORAGE, "too many keys");
        }
        if let Err(cause) = self.file.write_all(format!("{}\n", json!(key)).as_bytes()) {
            return reply::problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("not recorded: {cause}"));
        }
        let seen = self.count(key.clone());
        reply::json(StatusCode::CREATED, &json!({ "key": key, "seen": seen }))
    }

    /// How often each key was seen.
    pub(super) fn seen(&self) -> Value {
        let total = self.keys.values().sum::<u64>().saturating_add(self.without_key);
        json!({ "total": total, "keys": self.keys, "without_key": self.without_key })
    }

    fn count(&mut self, key: Option<String>) -> u64 {
        let seen = match key {
            Some(key) => self.keys.entry(key).or_default(),
            None => &mut self.without_key,
        };
        *seen += 1;
        *seen
    }
}
