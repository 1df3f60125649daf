//! `log`: what the procedure says to the operator.

use serde::{Deserialize, Serialize};

use super::{Request, line};
use crate::EffectClass;

/// The functions of `log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case")]
pub enum LogRequest {
    /// `debug`, `info`, `warn`, `error`.
    Message {
        /// How important.
        level: LogLevel,
        /// For a person.
        message: String,
        /// Keys and values.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<(String, String)>,
    },
    /// `progress`.
    Progress {
        /// Parts done.
        done: u32,
        /// Parts in all.
        total: u32,
        /// For a person.
        message: String,
    },
}

/// How important a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// For the operator.
    Info,
    /// To look at; the run goes on.
    Warn,
    /// Wrong; fails nothing by itself.
    Error,
}

impl Request for LogRequest {
    type Response = ();

    fn interface(&self) -> &'static str {
        "log"
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Message { level: LogLevel::Debug, .. } => "debug",
            Self::Message { level: LogLevel::Info, .. } => "info",
            Self::Message { level: LogLevel::Warn, .. } => "warn",
            Self::Message { level: LogLevel::Error, .. } => "error",
            Self::Progress { .. } => "progress",
        }
    }

    fn class(&self) -> EffectClass {
        EffectClass::Read
    }

    fn summary(&self) -> String {
        match self {
            Self::Message { message, .. } => line(message),
            Self::Progress { done, total, message } => line(&format!("{done}/{total} {message}")),
        }
    }
}
