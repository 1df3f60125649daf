//! `random`: randomness as a journaled value.

use serde::{Deserialize, Serialize};

use super::{Request, Response};
use crate::{Content, EffectClass};

/// The functions of `random`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case")]
pub enum RandomRequest {
    /// `bytes`.
    Bytes {
        /// At most 4,096.
        count: u32,
    },
    /// `uuid`: sixteen bytes that are one already.
    Uuid,
}

impl Request for RandomRequest {
    type Response = Content;

    fn interface(&self) -> &'static str {
        "random"
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Bytes { .. } => "bytes",
            Self::Uuid => "uuid",
        }
    }

    fn class(&self) -> EffectClass {
        EffectClass::Read
    }

    fn summary(&self) -> String {
        match self {
            Self::Bytes { count } => format!("{count} bytes"),
            Self::Uuid => "uuid".to_owned(),
        }
    }
}

impl Response for Content {}
