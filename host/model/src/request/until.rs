//! What an answer of http is waited for, and how long.

use serde::{Deserialize, Serialize};

use super::JsonPart;

/// Asks again until the answer is this one: part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Until {
    /// One of these. Empty: any below 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<u16>,
    /// What the body, read as JSON, must have in it. All of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonPart>,
    /// What the body must have in it. All of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// From the beginning of one try to that of the next, if it has ended by then.
    pub every_milliseconds: u32,
    /// All of it.
    pub within_milliseconds: u32,
}
