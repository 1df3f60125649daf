//! `artifact`: bytes named once in a run.

use serde::{Deserialize, Serialize};

use super::{Request, Response, TextPlace, line};
use crate::{Content, Digest, EffectClass};

/// The functions of `artifact`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case")]
pub enum ArtifactRequest {
    /// `draft.seal`.
    Seal {
        /// The id it gets.
        id: String,
        /// All of it.
        bytes: Content,
    },
    /// `draft.seal` of what was streamed to the store: it is there already.
    SealStreamed {
        /// The id it gets.
        id: String,
        /// Which bytes.
        digest: Digest,
        /// How many, decimal.
        size: String,
    },
    /// `by-id`.
    ById {
        /// The id it has.
        id: String,
    },
    /// `sealed.read`.
    Read {
        /// Which bytes.
        digest: Digest,
        /// First byte.
        offset: u32,
        /// How many at most.
        count: u32,
    },
    /// `sealed.read-at`.
    ReadAt {
        /// Which bytes.
        digest: Digest,
        /// First byte, decimal.
        offset: String,
        /// How many at most.
        count: u32,
    },
}

/// What a function of `artifact` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gives", content = "value", rename_all = "kebab-case")]
pub enum ArtifactResponse {
    /// `seal`.
    Sealed(SealedArtifact),
    /// `by-id`.
    Found(Option<SealedArtifact>),
    /// `read`.
    Bytes(Content),
}

/// An artifact that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedArtifact {
    /// The id in the run.
    pub id: String,
    /// Which bytes.
    pub digest: Digest,
    /// How many bytes, decimal.
    pub size: String,
}

impl Request for ArtifactRequest {
    type Response = ArtifactResponse;

    fn interface(&self) -> &'static str {
        "artifact"
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Seal { .. } | Self::SealStreamed { .. } => "seal",
            Self::ById { .. } => "by-id",
            Self::Read { .. } => "read",
            Self::ReadAt { .. } => "read-at",
        }
    }

    fn class(&self) -> EffectClass {
        match self {
            Self::Seal { .. } | Self::SealStreamed { .. } => EffectClass::Idempotent,
            Self::ById { .. } | Self::Read { .. } | Self::ReadAt { .. } => EffectClass::Read,
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Seal { id, bytes } => line(&format!("seal {id} ({} bytes)", bytes.len())),
            Self::SealStreamed { id, size, .. } => line(&format!("seal {id} ({size} bytes)")),
            Self::ById { id } => line(&format!("by-id {id}")),
            Self::Read { digest, offset, count } => line(&format!("read {digest} {offset}+{count}")),
            Self::ReadAt { digest, offset, count } => line(&format!("read {digest} {offset}+{count}")),
        }
    }
}

impl Response for ArtifactResponse {
    fn artifacts(&self) -> Vec<&SealedArtifact> {
        match self {
            Self::Sealed(artifact) => vec![artifact],
            Self::Found(_) | Self::Bytes(_) => Vec::new(),
        }
    }

    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        match self {
            Self::Bytes(Content(bytes)) => visit(TextPlace::Bytes(bytes)),
            Self::Sealed(_) | Self::Found(_) => {}
        }
    }
}
