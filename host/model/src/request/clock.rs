//! `clock`: time as a journaled value.

use serde::{Deserialize, Serialize};

use super::{Request, Response};
use crate::{EffectClass, Timestamp};

/// The functions of `clock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case")]
pub enum ClockRequest {
    /// `now`.
    Now,
    /// `pause`.
    Pause {
        /// At most 10,000.
        milliseconds: u32,
    },
    /// `sleep`.
    Sleep {
        /// From the intent's own time on.
        seconds: u32,
    },
    /// `sleep-until`.
    SleepUntil {
        /// When to wake.
        instant: Timestamp,
    },
}

/// What a function of `clock` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gives", content = "value", rename_all = "kebab-case")]
pub enum ClockResponse {
    /// `now`.
    Instant(Timestamp),
    /// The waits give nothing.
    Nothing,
}

impl Request for ClockRequest {
    type Response = ClockResponse;

    fn interface(&self) -> &'static str {
        "clock"
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Pause { .. } => "pause",
            Self::Sleep { .. } => "sleep",
            Self::SleepUntil { .. } => "sleep-until",
        }
    }

    /// The waits that may be long are durable before they begin: the instant of waking counts from the intent, not from the last crash.
    fn class(&self) -> EffectClass {
        match self {
            Self::Now | Self::Pause { .. } => EffectClass::Read,
            Self::Sleep { .. } | Self::SleepUntil { .. } => EffectClass::Idempotent,
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Now => "now".to_owned(),
            Self::Pause { milliseconds } => format!("pause {milliseconds} ms"),
            Self::Sleep { seconds } => format!("sleep {seconds} s"),
            Self::SleepUntil { instant } => format!("sleep until {instant}"),
        }
    }
}

impl Response for ClockResponse {}
