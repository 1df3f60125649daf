//! An error as JSON.

use serde::Serialize;

use crate::code::Code;

/// What a command prints instead of its result.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ErrorLine {
    /// What went wrong.
    pub error: ErrorShown,
}

/// What went wrong, for programs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ErrorShown {
    /// `LS0107`.
    pub code: Code,
    /// One line.
    pub message: String,
    /// Where, and what it is about, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}
