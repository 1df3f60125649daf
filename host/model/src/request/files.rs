//! `files`: what is below the granted mounts.

use serde::{Deserialize, Serialize};

use super::{Probe, Request, Response, SealedArtifact, Seen, TextPlace, line};
use crate::{Content, Digest, EffectClass, Timestamp};

/// The functions of `files`. Paths as the guest sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum FilesRequest {
    /// `read` and `read-text`.
    Read {
        /// The file.
        path: String,
    },
    /// `write` and `write-text`.
    Write {
        /// The file.
        path: String,
        /// All of it.
        bytes: Content,
    },
    /// `append-text` and `append-text-probed`.
    AppendText {
        /// The file.
        path: String,
        /// What to add.
        text: String,
        /// How to find out whether it happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probe: Option<Box<Probe>>,
    },
    /// `look`.
    Look {
        /// Whatever is there.
        path: String,
    },
    /// `entries`.
    Entries {
        /// The directory.
        path: String,
    },
    /// `make-directory`.
    MakeDirectory {
        /// The directory.
        path: String,
    },
    /// `remove`.
    Remove {
        /// Whatever is there.
        path: String,
    },
    /// `link`.
    Link {
        /// The link.
        path: String,
        /// Where it points, relative to its directory.
        target: String,
    },
    /// `digest`.
    Digest {
        /// The file.
        path: String,
    },
    /// `disk-free`.
    DiskFree {
        /// Any path of the mount.
        path: String,
    },
    /// `keep`.
    Keep {
        /// The file.
        path: String,
        /// The artifact's id.
        artifact: String,
    },
    /// `place`.
    Place {
        /// The file.
        path: String,
        /// The artifact's digest.
        digest: Digest,
        /// Mode 0755 instead of 0644.
        executable: bool,
    },
}

/// What a function of `files` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gives", content = "value", rename_all = "kebab-case")]
pub enum FilesResponse {
    /// The effects give nothing.
    Nothing,
    /// `read`.
    Bytes(Content),
    /// `look`.
    Entry(Option<Entry>),
    /// `entries`, sorted.
    Names(Vec<String>),
    /// `digest`.
    Digest(Digest),
    /// `disk-free`: bytes, decimal.
    Free(String),
    /// `keep`.
    Kept(SealedArtifact),
}

/// What `look` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Bytes, decimal: 64 bits do not survive every guest language.
    pub size: String,
    /// Last change.
    pub modified: Timestamp,
    /// Where a link points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A socket, a device, a pipe.
    Other,
}

impl FilesRequest {
    /// The path that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Read { path }
            | Self::Write { path, .. }
            | Self::AppendText { path, .. }
            | Self::Look { path }
            | Self::Entries { path }
            | Self::MakeDirectory { path }
            | Self::Remove { path }
            | Self::Link { path, .. }
            | Self::Digest { path }
            | Self::DiskFree { path }
            | Self::Keep { path, .. }
            | Self::Place { path, .. } => path,
        }
    }
}

impl Request for FilesRequest {
    type Response = FilesResponse;

    fn interface(&self) -> &'static str {
        "files"
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::AppendText { .. } => "append-text",
            Self::Look { .. } => "look",
            Self::Entries { .. } => "entries",
            Self::MakeDirectory { .. } => "make-directory",
            Self::Remove { .. } => "remove",
            Self::Link { .. } => "link",
            Self::Digest { .. } => "digest",
            Self::DiskFree { .. } => "disk-free",
            Self::Keep { .. } => "keep",
            Self::Place { .. } => "place",
        }
    }

    fn class(&self) -> EffectClass {
        match self {
            Self::Read { .. } | Self::Look { .. } | Self::Entries { .. } | Self::Digest { .. } | Self::DiskFree { .. } => EffectClass::Read,
            Self::Write { .. } | Self::MakeDirectory { .. } | Self::Remove { .. } | Self::Link { .. } | Self::Keep { .. } | Self::Place { .. } => {
                EffectClass::Idempotent
            }
            Self::AppendText { .. } => EffectClass::AtMostOnce,
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Link { path, target } => line(&format!("link {path} -> {target}")),
            other => line(&format!("{} {}", other.function(), other.path())),
        }
    }

    fn probe(&self) -> Option<&Probe> {
        match self {
            Self::AppendText { probe, .. } => probe.as_deref(),
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Look { .. }
            | Self::Entries { .. }
            | Self::MakeDirectory { .. }
            | Self::Remove { .. }
            | Self::Link { .. }
            | Self::Digest { .. }
            | Self::DiskFree { .. }
            | Self::Keep { .. }
            | Self::Place { .. } => None,
        }
    }

    fn took_place(&self, _: Seen) -> Option<FilesResponse> {
        self.probe().map(|_| FilesResponse::Nothing)
    }
}

impl Response for FilesResponse {
    fn artifacts(&self) -> Vec<&SealedArtifact> {
        match self {
            Self::Kept(artifact) => vec![artifact],
            Self::Nothing | Self::Bytes(_) | Self::Entry(_) | Self::Names(_) | Self::Digest(_) | Self::Free(_) => Vec::new(),
        }
    }

    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        match self {
            Self::Bytes(Content(bytes)) => visit(TextPlace::Bytes(bytes)),
            Self::Names(names) => names.iter_mut().for_each(|name| visit(TextPlace::Text(name))),
            Self::Nothing | Self::Entry(_) | Self::Digest(_) | Self::Free(_) | Self::Kept(_) => {}
        }
    }
}
