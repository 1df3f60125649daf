//! Where a rule stands: what a denial, a record and `grant explain` call it.

use std::fmt;

/// A rule's name and place, `shell.deny[2], production.toml:14`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The rule's name in the file, `shell.deny[2]`, counted from 0.
    pub name: String,
    /// The file's name as it was given.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}:{}", self.name, self.file, self.line)
    }
}
