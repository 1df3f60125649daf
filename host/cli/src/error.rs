//! What goes wrong, as an operator reads it: a code, a sentence, where, and what to do. Rendered here and nowhere else.

mod convert;
mod grant;

use std::fmt;

use lockstep_api::wire::{ErrorLine, ErrorShown};
use lockstep_api::{Code, Exit};

pub(crate) use grant::{denied_imports, grant_errors, scenario_errors};

use lockstep_model::RunId;

use crate::context::program;
use crate::ui::{Style, paint};

/// An error with everything an operator needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    code: Code,
    message: String,
    details: Vec<String>,
    hints: Vec<String>,
    exit: Exit,
}

impl CliError {
    /// An error in one line; further lines are details.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut lines = message.lines().map(str::to_owned);
        Self { code, message: lines.next().unwrap_or_default(), details: lines.collect(), hints: Vec::new(), exit: code.exit() }
    }

    /// An error of ours.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Code::FileUnreadable, format!("cannot read {}: {error}", path.display()))
    }

    /// A file that cannot be written.
    pub(crate) fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Code::FileUnwritable, format!("cannot write {}: {error}", path.display()))
    }

    /// Says where, or what it is about. A line each.
    #[must_use]
    pub(crate) fn detail(mut self, text: impl AsRef<str>) -> Self {
        self.details.extend(text.as_ref().lines().map(str::to_owned));
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// Says what to do, when there is something to say.
    #[must_use]
    pub(crate) fn maybe_hint(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.hint(text),
            None => self,
        }
    }

    /// The error's code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// How the program ends after it.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The same error met in the middle of a run, which stands where it was and can be gone on with.
    #[must_use]
    pub(crate) fn amid(mut self, run: RunId) -> Self {
        self.exit = Exit::Stuck;
        self.detail(format!("run {run} stopped there; what is in its journal is intact")).hint(format!("`lockstep resume {run}` goes on"))
    }

    /// The same error of a run that no store has: what could be done with it is left out.
    #[must_use]
    pub(crate) fn of_no_store(mut self, run: RunId) -> Self {
        let id = run.to_string();
        self.hints.retain(|hint| !hint.contains(&id));
        self
    }

    /// For `--json`.
    pub(crate) fn shown(&self) -> ErrorShown {
        ErrorShown { code: self.code, message: self.message.clone(), details: self.details.clone(), hints: self.hints() }
    }

    /// What is wrong and what to do, where there is room for a line.
    pub(crate) fn in_a_line(&self) -> String {
        format!("{}; {}", self.message, self.hints().join("; "))
    }

    /// What to do: where nothing better is known, where to read about it.
    fn hints(&self) -> Vec<String> {
        if self.hints.is_empty() {
            return vec![format!("`lockstep explain {}` says what to do about it", self.code)];
        }
        let command = format!("`{} ", program());
        self.hints.iter().map(|hint| hint.replace("`lockstep ", &command)).collect()
    }

    /// For `--json`, when there is no result.
    pub(crate) fn line(&self) -> ErrorLine {
        ErrorLine { error: self.shown() }
    }

    /// As text, ending with a newline.
    pub(crate) fn render(&self, color: bool) -> String {
        let head = paint(color, Style::Bad, &format!("error[{}]", self.code));
        let mut text = format!("{head}: {}\n", shown(&self.message));
        for detail in &self.details {
            text.push_str(&format!("  {}\n", shown(detail)));
        }
        for hint in &self.hints() {
            let head = paint(color, Style::Hint, "hint");
            let mut lines = hint.lines();
            text.push_str(&format!("{head}: {}\n", shown(lines.next().unwrap_or_default())));
            for line in lines {
                text.push_str(&format!("      {}\n", shown(line)));
            }
        }
        text
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Guest-controlled text may be in a message: nothing in it may steer the terminal.
fn shown(text: &str) -> String {
    crate::ui::harmless(text)
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::CliError;

    #[test]
    fn an_error_looks_as_published() {
        let error = CliError::new(Code::CallDenied, "`blue-green` may not run `kubectl delete`")
            .detail("step `retire-old`, call 3 of run 01J8ZQ\nrule: shell.deny[2], production.toml:14")
            .hint("allow it with\n[shell]");
        assert_eq!(
            error.render(false),
            "error[LS0107]: `blue-green` may not run `kubectl delete`\n  step `retire-old`, call 3 of run 01J8ZQ\n  rule: shell.deny[2], production.toml:14\n\
             hint: allow it with\n      [shell]\n"
        );
    }

    #[test]
    fn every_code_is_given_somewhere() {
        let mut sources = String::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { sources.push_str(&std::fs::read_to_string(path).unwrap()) }
            }
        }
        let given = |code: &&Code| {
            let name = format!("Code::{}", code.name());
            sources.split(&name).skip(1).any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
        };
        let never: Vec<_> = Code::ALL.iter().filter(|code| !given(code)).collect();
        assert!(never.is_empty(), "nothing gives {never:?}");
    }

    #[test]
    fn text_of_a_guest_cannot_steer_the_terminal() {
        let text = CliError::new(Code::CallDenied, "a\u{1b}[2Jb\rc").render(false);
        assert!(text.starts_with("error[LS0107]: a\\u{1b}[2Jb\\rc\n"), "{text}");
    }
}
