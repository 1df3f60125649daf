//! `redis`: a command, or one of the few things done with many of them, and what came back.

mod command;
mod commands;
mod reply;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Request, Response, SecretPlace, TextPlace, line};
use crate::{Content, EffectClass};

pub use command::{Command, Keys, Kind, Reason};
pub use reply::RedisReply;

/// One ask of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RedisRequest {
    /// Its id in the grant.
    pub store: String,
    /// What is asked.
    pub ask: RedisAsk,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
}

/// What is asked of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "function", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum RedisAsk {
    /// Whether the grant has the store. Nothing is connected.
    Open,
    /// One command.
    Run {
        /// The command and its arguments.
        words: Vec<Content>,
    },
    /// Whether it answers.
    Ping,
    /// What the server says of itself.
    Info {
        /// `server`, `memory`, …; empty for what it says by itself.
        section: String,
    },
    /// The keys that begin with a text.
    Scan {
        /// The text. May be empty.
        prefix: Content,
        /// Give up at more.
        most: u32,
    },
    /// Deletes the keys that begin with a text.
    DeleteByPrefix {
        /// The text. Not empty.
        prefix: Content,
        /// Delete none when there are more.
        most: u32,
    },
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "of", rename_all = "kebab-case")]
pub enum RedisResponse {
    /// The grant has the store.
    Opened,
    /// Of `run`.
    Reply(RedisReply),
    /// Of `ping`: microseconds there and back.
    Latency(u32),
    /// Of `info`.
    Info(Content),
    /// Of `scan`.
    Keys(Scanned),
    /// Of `delete-by-prefix`: how many.
    Deleted(u32),
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanned {
    /// Each once, in order.
    pub keys: Vec<Content>,
    /// Microseconds of all of it.
    pub total: u32,
    /// Microseconds of the slowest round trip.
    pub slowest: u32,
}

impl RedisRequest {
    /// With the contract's defaults.
    pub fn of(store: &str, ask: RedisAsk) -> Self {
        Self { store: store.to_owned(), ask, timeout_milliseconds: None }
    }

    /// A command of texts.
    pub fn run(store: &str, words: &[&str]) -> Self {
        Self::of(store, RedisAsk::Run { words: words.iter().map(|&word| Content::from(word)).collect() })
    }

    /// What a person would type: `SET app:cache:1 …`.
    pub fn words(&self) -> Vec<Content> {
        match &self.ask {
            RedisAsk::Open => Vec::new(),
            RedisAsk::Run { words } => words.clone(),
            RedisAsk::Ping => vec!["PING".into()],
            RedisAsk::Info { section } if section.is_empty() => vec!["INFO".into()],
            RedisAsk::Info { section } => vec!["INFO".into(), section.as_str().into()],
            RedisAsk::Scan { prefix, .. } => vec!["scan".into(), prefix.clone()],
            RedisAsk::DeleteByPrefix { prefix, .. } => vec!["delete-by-prefix".into(), prefix.clone()],
        }
    }
}

impl Request for RedisRequest {
    type Response = RedisResponse;

    fn interface(&self) -> &'static str {
        "redis"
    }

    fn function(&self) -> &'static str {
        match self.ask {
            RedisAsk::Open => "open",
            RedisAsk::Run { .. } => "run",
            RedisAsk::Ping => "ping",
            RedisAsk::Info { .. } => "info",
            RedisAsk::Scan { .. } => "scan",
            RedisAsk::DeleteByPrefix { .. } => "delete-by-prefix",
        }
    }

    fn class(&self) -> EffectClass {
        match &self.ask {
            RedisAsk::Open | RedisAsk::Ping | RedisAsk::Info { .. } | RedisAsk::Scan { .. } => EffectClass::Read,
            // What is unknown is never sent.
            RedisAsk::Run { words } => Command::of(words).map_or(EffectClass::AtMostOnce, |command| command.class()),
            RedisAsk::DeleteByPrefix { .. } => EffectClass::Idempotent,
        }
    }

    fn summary(&self) -> String {
        let mut text = self.store.clone();
        for word in self.words().iter().take(32) {
            text.push(' ');
            match word.as_text() {
                Some("") => text.push_str("\"\""),
                Some(word) => text.push_str(word),
                None => text.push_str(&format!("({} bytes)", word.len())),
            }
        }
        line(&text)
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout_milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }

    /// The command itself holds none: which one it is has been decided by then.
    fn visit_secret_places(&mut self, visit: &mut dyn FnMut(SecretPlace<'_>)) {
        if let RedisAsk::Run { words } = &mut self.ask {
            for word in words.iter_mut().skip(1) {
                visit(SecretPlace::Bytes(&mut word.0));
            }
        }
    }
}

impl Response for RedisResponse {
    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        match self {
            Self::Opened | Self::Latency(_) | Self::Deleted(_) => {}
            Self::Reply(reply) => reply.visit_texts(visit),
            Self::Info(text) => visit(TextPlace::Bytes(&mut text.0)),
            Self::Keys(scanned) => scanned.keys.iter_mut().for_each(|key| visit(TextPlace::Bytes(&mut key.0))),
        }
    }
}
