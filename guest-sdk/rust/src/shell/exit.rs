//! How a command ended, and what a procedure may expect of it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::host;
use crate::artifact::Artifact;
use crate::json::{self, shown};
use crate::{Failure, Result, fail};

/// The end of a command. Every `expect_…` gives it back, so that expectations stand in a row.
#[derive(Debug, Clone)]
pub struct Exit {
    line: String,
    code: i32,
    success: bool,
    /// Whether the command says which codes mean success.
    success_is_said: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    truncated: bool,
    stdout_artifact: Option<Artifact>,
    duration: Duration,
}

impl Exit {
    pub(super) fn of(line: String, success_is_said: bool, exit: &host::Exit) -> Self {
        Self {
            line,
            code: exit.code(),
            success: exit.is_success(),
            success_is_said,
            stdout: exit.stdout(),
            stderr: exit.stderr(),
            truncated: exit.truncated(),
            stdout_artifact: exit.stdout_artifact().map(Artifact::of),
            duration: Duration::from_millis(u64::from(exit.duration())),
        }
    }

    /// The exit code; 128 and the signal's number when a signal ended it.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Whether the exit code is one that means success: 0, unless [`Command::success_codes`](super::Command::success_codes) or the grant say otherwise.
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// Standard output.
    pub fn stdout(&self) -> &[u8] {
        &self.stdout
    }

    /// Standard output as text, without the line end that programs put last.
    pub fn text(&self) -> Result<&str> {
        let invalid = |error| fail(format!("`{}`: the output is not text: {error}", self.line)).with_code("shell.invalid-utf8");
        std::str::from_utf8(&self.stdout).map(str::trim_end).map_err(invalid)
    }

    /// The lines of standard output.
    pub fn lines(&self) -> Result<Vec<&str>> {
        self.text().map(|text| text.lines().collect())
    }

    /// What standard output has become. Fails when it was not to become an artifact, or the program did not succeed.
    pub fn stdout_artifact(&self) -> Result<Artifact> {
        self.stdout_artifact.clone().ok_or_else(|| fail(format!("`{}`: its standard output has become no artifact: it ended with {}", self.line, self.code)))
    }

    /// Standard error.
    pub fn stderr(&self) -> &[u8] {
        &self.stderr
    }

    /// Whether an output was longer than the grant's limit, and has been cut.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// How long it took.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Standard output, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::read(&self.origin(), self.text()?)
    }

    /// The value at a JSON pointer of standard output, `/items/0/name` for example.
    pub fn json_path<T: DeserializeOwned>(&self, pointer: &str) -> Result<T> {
        json::path(&self.origin(), self.text()?, pointer)
    }

    /// Fails unless the exit code is one that means success: 0, unless command or grant say otherwise.
    pub fn expect_success(self) -> Result<Self> {
        if !self.success && !self.success_is_said && self.code != 0 {
            return self.expect_code(0);
        }
        let holds = self.success;
        self.hold(holds, |exit| format!("exit code {} does not mean success here{}", exit.code, exit.last_words()))
    }

    /// Fails unless the exit code is that one.
    pub fn expect_code(self, expected: i32) -> Result<Self> {
        let holds = self.code == expected;
        self.hold(holds, |exit| format!("expected exit code {expected}, found {}{}", exit.code, exit.last_words()))
    }

    /// Fails when it wrote anything to standard output.
    pub fn expect_no_output(self) -> Result<Self> {
        let holds = self.stdout.trim_ascii().is_empty();
        self.hold(holds, |exit| format!("expected no output, found {}", shown(&String::from_utf8_lossy(&exit.stdout))))
    }

    /// Fails unless standard output contains the text.
    pub fn expect_text(self, expected: &str) -> Result<Self> {
        let holds = self.text()?.contains(expected);
        self.hold(holds, |exit| format!("expected {expected:?} in the output, found {}", shown(&String::from_utf8_lossy(&exit.stdout))))
    }

    /// Fails unless the value at a JSON pointer of standard output is that one.
    pub fn expect_json(self, pointer: &str, expected: impl Serialize) -> Result<Self> {
        json::expect(&self.origin(), self.text()?, pointer, expected)?;
        Ok(self)
    }

    fn origin(&self) -> String {
        format!("`{}`", self.line)
    }

    fn hold(self, holds: bool, otherwise: impl FnOnce(&Self) -> String) -> Result<Self> {
        if holds { Ok(self) } else { Err(Failure::assertion(format!("{}: {}", self.origin(), otherwise(&self)))) }
    }

    /// What it complained about: its standard error, or its output when that is empty.
    fn last_words(&self) -> String {
        let (stream, bytes) = match (self.stderr.trim_ascii(), self.stdout.trim_ascii()) {
            (b"", b"") => return String::new(),
            (b"", output) => ("it said", output),
            (complaint, _) => ("it complained", complaint),
        };
        format!("; {stream}: {}", shown(&String::from_utf8_lossy(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32, stdout: &str, stderr: &str) -> Exit {
        let line = "/usr/bin/git status".into();
        Exit {
            line,
            code,
            success: code == 0,
            success_is_said: false,
            stdout: stdout.into(),
            stderr: stderr.into(),
            truncated: false,
            duration: Duration::ZERO,
            stdout_artifact: None,
        }
    }

    fn message(result: Result<Exit>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_exit_code_says_which_command_and_what_it_complained_about() {
        assert_eq!(
            message(exit(128, "", "fatal: not a git repository\n").expect_success()),
            "`/usr/bin/git status`: expected exit code 0, found 128; it complained: fatal: not a git repository"
        );
        let found = Exit { success: false, success_is_said: true, ..exit(0, "error: disk full\n", "") };
        assert_eq!(message(found.expect_success()), "`/usr/bin/git status`: exit code 0 does not mean success here; it said: error: disk full");
        assert!(Exit { success: true, ..exit(1, "", "") }.expect_success().is_ok());
        assert_eq!(message(exit(0, "", "").expect_code(1)), "`/usr/bin/git status`: expected exit code 1, found 0");
    }

    #[test]
    fn output_where_none_was_expected_is_shown() {
        assert!(exit(0, "\n", "").expect_no_output().is_ok());
        assert_eq!(message(exit(0, " M lib.rs\n", "").expect_no_output()), "`/usr/bin/git status`: expected no output, found M lib.rs");
    }

    #[test]
    fn output_is_read_as_lines_or_json() {
        assert_eq!(exit(0, "a\nb\n", "").lines().unwrap(), ["a", "b"]);
        assert_eq!(exit(0, "main\n", "").text().unwrap(), "main");
        assert_eq!(exit(0, r#"{"ready":3}"#, "").json_path::<u8>("/ready").unwrap(), 3);
        assert!(exit(0, r#"{"ready":3}"#, "").expect_json("/ready", 3).is_ok());
        let invalid = Exit { stdout: vec![0xff], ..exit(0, "", "") };
        assert_eq!(invalid.text().unwrap_err().code(), "shell.invalid-utf8");
    }
}
