//! Programs of the host that the grant allows: one program and its arguments, never a line for a shell to take apart.

mod exit;

use std::time::Duration;

use crate::artifact::Artifact;
use crate::bindings::lockstep::contract::{shell as host, types};
use crate::probe::{Probe, Read};
use crate::units::whole_millis;
use crate::{Failure, Result};

pub use exit::Exit;

/// Begins a command. `program` is an absolute path.
pub fn command(program: impl Into<String>) -> Command {
    Command {
        program: program.into(),
        args: Vec::new(),
        env: Vec::new(),
        env_files: Vec::new(),
        directory: None,
        stdin: None,
        stdin_artifact: None,
        stdout_artifact: None,
        timeout: None,
        idempotent: false,
        success_codes: Vec::new(),
        probe: None,
    }
}

/// A command being built. Nothing happens before [`Command::run`].
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn work_tree_is_clean(_: &Ctx) -> Result<()> {
///     shell::command("/usr/bin/git")
///         .args(["status", "--porcelain"])
///         .directory("/srv/shop")
///         .run()?
///         .expect_success()?
///         .expect_no_output()?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `run`"]
pub struct Command {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    env_files: Vec<(String, String)>,
    directory: Option<String>,
    stdin: Option<Vec<u8>>,
    stdin_artifact: Option<Artifact>,
    stdout_artifact: Option<String>,
    timeout: Option<Duration>,
    idempotent: bool,
    success_codes: Vec<i32>,
    probe: Option<Probe>,
}

impl Command {
    /// Adds an argument.
    pub fn arg(mut self, arg: impl ToString) -> Self {
        self.args.push(arg.to_string());
        self
    }

    /// Adds arguments.
    pub fn args<S: ToString>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.to_string()));
        self
    }

    /// Sets a variable the grant allows. The value may hold a [`Secret`](crate::secret::Secret); arguments may not, other users can read them.
    pub fn env(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.env.push((name.into(), value.to_string()));
        self
    }

    /// Sets a variable the grant allows to the path of a file with this content, which only the program can open, while it runs: for programs that take a password
    /// from a file. The content may hold a [`Secret`](crate::secret::Secret).
    pub fn env_file(mut self, name: impl Into<String>, content: impl ToString) -> Self {
        self.env_files.push((name.into(), content.to_string()));
        self
    }

    /// The working directory, absolute, one the grant allows.
    pub fn directory(mut self, path: impl Into<String>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// What it reads on standard input: text or bytes. May hold a [`Secret`](crate::secret::Secret).
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(input.into());
        self
    }

    /// What it reads on standard input: an artifact of any size, as it is. In the place of `stdin`.
    pub fn stdin_artifact(mut self, input: &Artifact) -> Self {
        self.stdin_artifact = Some(input.clone());
        self
    }

    /// Makes its standard output an artifact of any size, once it has succeeded: [`Exit::stdout_artifact`] has it.
    ///
    /// ```no_run
    /// use lockstep::prelude::*;
    /// fn backup(_: &Ctx) -> Result<Artifact> {
    ///     shell::command("/usr/bin/pg_dump").args(["--format=custom", "shop"]).stdout_artifact("shop.dump").run()?.expect_success()?.stdout_artifact()
    /// }
    /// ```
    pub fn stdout_artifact(mut self, id: impl Into<String>) -> Self {
        self.stdout_artifact = Some(id.into());
        self
    }

    /// Deadline, after which it and all it started are killed. Without it the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Says that repeating this command does no harm, so that a crash does not leave it in doubt.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The exit codes that mean success, in the place of what the grant says of the program, or of 0.
    ///
    /// ```no_run
    /// use lockstep::prelude::*;
    /// fn nothing_went_wrong(_: &Ctx) -> Result<()> {
    ///     // 0 says that something was found, 1 that nothing was, 2 that the file could not be read.
    ///     shell::command("/usr/bin/grep").args(["-i", "error", "/var/log/shop.log"]).success_codes([1]).run()?.expect_success()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn success_codes(mut self, codes: impl IntoIterator<Item = u8>) -> Self {
        self.success_codes = codes.into_iter().map(i32::from).collect();
        self
    }

    /// How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// This command as a [`Probe`] of another call. The grant must call it a read.
    pub fn as_probe(self) -> Probe {
        Probe::of(self)
    }

    /// Runs it to its end. One that did not succeed has ended as well: say what you expect.
    pub fn run(self) -> Result<Exit> {
        let command = self.ready();
        if let Some(probe) = &self.probe {
            command.probe(&probe.ready()?);
        }
        command.run().map(|exit| Exit::of(self.line(), !self.success_codes.is_empty(), &exit)).map_err(Failure::from_host)
    }

    /// In the host's words, but for the probe: what is asked as a probe has none.
    fn ready(&self) -> host::Command {
        let command = host::Command::new(&self.program, &self.args);
        for (name, value) in &self.env {
            command.env(name, value);
        }
        for (name, content) in &self.env_files {
            command.env_file(name, content);
        }
        if let Some(path) = &self.directory {
            command.directory(path);
        }
        if let Some(input) = &self.stdin {
            command.stdin(input);
        }
        if let Some(input) = &self.stdin_artifact {
            command.stdin_artifact(input.sealed());
        }
        if let Some(id) = &self.stdout_artifact {
            command.stdout_artifact(id);
        }
        if let Some(longest) = self.timeout {
            command.timeout(whole_millis(longest));
        }
        if self.idempotent {
            command.idempotent();
        }
        for code in &self.success_codes {
            command.success_code(*code);
        }
        command
    }

    /// The command as a person would type it, for messages only.
    fn line(&self) -> String {
        let plain = |word: &&String| !word.is_empty() && !word.contains([' ', '"', '\'', '\\', '\n', '\t']);
        let words = std::iter::once(&self.program).chain(&self.args);
        let words: Vec<String> = words.map(|word| if plain(&word) { word.clone() } else { format!("{word:?}") }).collect();
        words.join(" ")
    }
}

impl Read for Command {
    fn asked(&self) -> Result<types::Probe> {
        Ok(self.ready().as_probe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_person_would_type_it() {
        let command = command("/bin/echo").arg("it is").args(["", "on"]).arg(8081);
        assert_eq!(command.line(), r#"/bin/echo "it is" "" on 8081"#);
    }
}
