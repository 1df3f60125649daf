//! Effect classes: what a crash between a call's intent and its outcome means.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a call does to the world, and so what may be done about it after a crash.
///
/// Ordered by how careful the host has to be: a grant may raise a class, and lower it only by saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectClass {
    /// Changes nothing. Recorded once, with its outcome; done again after a crash.
    Read,
    /// May be done again with the same result. Its intent is durable before it happens; done again after a crash with the same key.
    Idempotent,
    /// Must not be done twice. Its intent is durable before it happens; without an outcome it is in doubt.
    AtMostOnce,
}

impl EffectClass {
    /// Whether the call changes the world, so that its intent must be durable first.
    pub fn is_effect(self) -> bool {
        match self {
            Self::Read => false,
            Self::Idempotent | Self::AtMostOnce => true,
        }
    }
}

impl fmt::Display for EffectClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Idempotent => "idempotent",
            Self::AtMostOnce => "at-most-once",
        })
    }
}
