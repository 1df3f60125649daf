//! `shell`: a command is gathered and checked here and goes through the gate when it is run; it may be run again, each time a call of its own.

use lockstep_gate::artifacts::check_artifact_id;
use lockstep_model::request::{SealedArtifact, ShellRequest, ShellResponse};
use lockstep_model::{Content, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::shell;
use crate::context::{Context, Kept};
use crate::ended::Refusal;
use crate::shown::shown;

use super::probe;
use super::text::as_text;

const LONGEST_PATH: usize = 4 << 10;
const MOST_ARGS: usize = 256;
const LONGEST_ARGS: usize = 128 << 10;
const MOST_VARIABLES: usize = 64;
/// Variables and arguments share one place in the kernel: both get as much.
const LONGEST_VARIABLES: usize = 128 << 10;
const LARGEST_STDIN: usize = 16 << 20;
const LONGEST_TIMEOUT: u32 = 86_400_000;
const MOST_CODES: usize = 16;
/// How every marker of a secret begins.
const MARKER: &str = "{{secret:";

/// A command being built.
pub struct Draft {
    request: ShellRequest,
    /// The first thing that is wrong with it. What breaks a rule is not kept; `run` says so.
    wrong: Option<Failure>,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        probe::size_of_shell(&self.request)
    }
}

fn variables<'a>(env: impl Iterator<Item = &'a (String, String)>) -> usize {
    env.map(|(key, value)| key.len() + value.len()).sum()
}

fn argument(what: String) -> Failure {
    Failure::problem("shell.argument", what)
}

fn limit(what: String) -> Failure {
    Failure::fixed_limit("shell.limit", what)
}

/// An absolute path without NUL.
fn path(given: &str, what: &str) -> Result<(), Failure> {
    if given.len() > LONGEST_PATH {
        return Err(limit(format!("{what} of {} bytes, at most {LONGEST_PATH}", given.len())));
    }
    if given.contains('\0') || !given.starts_with('/') {
        return Err(argument(format!("{what} `{}`: expected an absolute path", shown(given))));
    }
    Ok(())
}

fn arguments(args: &[String]) -> Result<(), Failure> {
    let total: usize = args.iter().map(String::len).sum();
    if args.len() > MOST_ARGS || total > LONGEST_ARGS {
        return Err(limit(format!("{} arguments of {total} bytes in all, at most {MOST_ARGS} of {LONGEST_ARGS}", args.len())));
    }
    for (index, arg) in args.iter().enumerate() {
        if arg.contains('\0') {
            return Err(argument(format!("argument {} `{}` has a NUL: no program can be given that", index + 1, shown(arg))));
        }
        if arg.contains(MARKER) {
            return Err(argument(format!("argument {} has a secret's marker: other users can read arguments, use a variable or standard input", index + 1)));
        }
    }
    Ok(())
}

impl Draft {
    fn new(program: String, args: Vec<String>) -> Self {
        match path(&program, "the program").and_then(|()| arguments(&args)) {
            Ok(()) => Self { request: ShellRequest { program, args, ..ShellRequest::command("", &[]) }, wrong: None },
            Err(wrong) => Self { request: ShellRequest::command("", &[]), wrong: Some(wrong) },
        }
    }

    /// Says more about the command, unless something is wrong with that.
    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut ShellRequest, T)) {
        match checked {
            Ok(value) => say(&mut self.request, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    /// A variable: a value, or a file with that content.
    fn env(&mut self, key: String, value: String, list: impl FnOnce(&mut ShellRequest) -> &mut Vec<(String, String)>) {
        let env = || self.request.env.iter().chain(&self.request.env_files);
        let checked = if env().count() >= MOST_VARIABLES || variables(env()) + key.len() + value.len() > LONGEST_VARIABLES {
            Err(limit(format!("more than {MOST_VARIABLES} variables or {LONGEST_VARIABLES} bytes of them")))
        } else if key.is_empty() || key.contains(['=', '\0']) {
            Err(argument(format!("`{}` is not the name of a variable", shown(&key))))
        } else if value.contains('\0') {
            Err(argument(format!("the value of variable `{}` has a NUL", shown(&key))))
        } else {
            Ok(())
        };
        self.say(checked, |request, ()| list(request).push((key, value)));
    }

    fn stdin(&mut self, bytes: Vec<u8>) {
        let fits = bytes.len() <= LARGEST_STDIN;
        let checked = if fits { Ok(()) } else { Err(limit(format!("{} bytes for standard input, at most {LARGEST_STDIN}", bytes.len()))) };
        self.say(checked, |request, ()| request.stdin = Content(bytes));
    }

    fn timeout(&mut self, milliseconds: u32) {
        let fits = milliseconds <= LONGEST_TIMEOUT;
        let checked = if fits { Ok(()) } else { Err(limit(format!("a timeout of {milliseconds} milliseconds, at most {LONGEST_TIMEOUT}"))) };
        self.say(checked, |request, ()| request.timeout_milliseconds = Some(milliseconds));
    }

    fn success_code(&mut self, code: i32) {
        let checked = if self.request.success_codes.len() >= MOST_CODES {
            Err(limit(format!("more than {MOST_CODES} exit codes that mean success")))
        } else if !(0..=255).contains(&code) {
            Err(argument(format!("{code} is no exit code: they are 0 to 255")))
        } else {
            Ok(())
        };
        self.say(checked, |request, ()| request.success_codes.push(code));
    }

    fn run(&self) -> Result<ShellRequest, Failure> {
        if self.request.stdin_artifact.is_some() && !self.request.stdin.is_empty() {
            return Err(argument("standard input is given as bytes and as an artifact: which of them is it to be?".to_owned()));
        }
        self.wrong.clone().map_or_else(|| Ok(self.request.clone()), Err)
    }
}

impl shell::Host for Context {}

impl shell::HostCommand for Context {
    fn new(&mut self, program: String, args: Vec<String>) -> Result<Resource<Draft>> {
        self.gate("shell.command")?;
        self.keep(Draft::new(program, args))
    }

    fn env(&mut self, command: Resource<Draft>, key: String, value: String) -> Result<()> {
        self.change(&command, |draft| draft.env(key, value, |request| &mut request.env))
    }

    fn env_file(&mut self, command: Resource<Draft>, key: String, content: String) -> Result<()> {
        self.change(&command, |draft| draft.env(key, content, |request| &mut request.env_files))
    }

    fn directory(&mut self, command: Resource<Draft>, directory: String) -> Result<()> {
        let checked = path(&directory, "the directory");
        self.change(&command, |draft| draft.say(checked, |request, ()| request.directory = Some(directory)))
    }

    fn stdin(&mut self, command: Resource<Draft>, bytes: Vec<u8>) -> Result<()> {
        self.change(&command, |draft| draft.stdin(bytes))
    }

    fn stdin_text(&mut self, command: Resource<Draft>, text: String) -> Result<()> {
        self.change(&command, |draft| draft.stdin(text.into_bytes()))
    }

    fn stdin_artifact(&mut self, command: Resource<Draft>, content: Resource<SealedArtifact>) -> Result<()> {
        let digest = self.kept(&content)?.digest;
        self.change(&command, |draft| draft.request.stdin_artifact = Some(digest))
    }

    fn stdout_artifact(&mut self, command: Resource<Draft>, id: String) -> Result<()> {
        let checked = check_artifact_id(&id);
        self.change(&command, |draft| draft.say(checked, |request, ()| request.stdout_artifact = Some(id)))
    }

    fn timeout(&mut self, command: Resource<Draft>, milliseconds: u32) -> Result<()> {
        self.change(&command, |draft| draft.timeout(milliseconds))
    }

    fn idempotent(&mut self, command: Resource<Draft>) -> Result<()> {
        self.change(&command, |draft| draft.request.idempotent = true)
    }

    fn success_code(&mut self, command: Resource<Draft>, code: i32) -> Result<()> {
        self.change(&command, |draft| draft.success_code(code))
    }

    fn probe(&mut self, command: Resource<Draft>, probe: Resource<probe::Draft>) -> Result<()> {
        let finished = self.kept(&probe)?.finished();
        self.change(&command, |draft| draft.say(finished, |request, probe| request.probe = Some(probe)))
    }

    fn as_probe(&mut self, command: Resource<Draft>) -> Result<Resource<probe::Draft>> {
        let request = self.kept(&command)?.run();
        self.keep(probe::Draft::of_shell(request))
    }

    fn run(&mut self, command: Resource<Draft>) -> Result<Resource<ShellResponse>, Refusal> {
        let request = self.kept(&command)?.run()?;
        let response = self.ask("shell.command.run", request)?;
        Ok(self.keep(response)?)
    }

    fn drop(&mut self, command: Resource<Draft>) -> Result<()> {
        self.forget(command)
    }
}

impl shell::HostExit for Context {
    fn code(&mut self, exit: Resource<ShellResponse>) -> Result<i32> {
        Ok(self.kept(&exit)?.code)
    }

    fn is_success(&mut self, exit: Resource<ShellResponse>) -> Result<bool> {
        Ok(self.kept(&exit)?.is_success())
    }

    fn stdout(&mut self, exit: Resource<ShellResponse>) -> Result<Vec<u8>> {
        Ok(self.kept(&exit)?.stdout.0.clone())
    }

    fn stdout_text(&mut self, exit: Resource<ShellResponse>) -> Result<String, Refusal> {
        Ok(as_text(&self.kept(&exit)?.stdout.0, "shell.invalid-utf8", "standard output")?)
    }

    fn stderr(&mut self, exit: Resource<ShellResponse>) -> Result<Vec<u8>> {
        Ok(self.kept(&exit)?.stderr.0.clone())
    }

    fn stderr_text(&mut self, exit: Resource<ShellResponse>) -> Result<String, Refusal> {
        Ok(as_text(&self.kept(&exit)?.stderr.0, "shell.invalid-utf8", "standard error")?)
    }

    fn stdout_artifact(&mut self, exit: Resource<ShellResponse>) -> Result<Option<Resource<SealedArtifact>>> {
        let sealed = self.kept(&exit)?.stdout_artifact.clone();
        sealed.map(|sealed| self.keep(sealed)).transpose()
    }

    fn truncated(&mut self, exit: Resource<ShellResponse>) -> Result<bool> {
        Ok(self.kept(&exit)?.truncated)
    }

    fn duration(&mut self, exit: Resource<ShellResponse>) -> Result<u32> {
        Ok(self.kept(&exit)?.duration)
    }

    fn drop(&mut self, exit: Resource<ShellResponse>) -> Result<()> {
        self.forget(exit)
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;

    fn refused(draft: &Draft, code: &str) -> String {
        let failure = draft.run().unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
        assert!(failure.message().len() < 400, "{failure}");
        failure.message().to_owned()
    }

    fn command(args: &[&str]) -> Draft {
        Draft::new("/bin/echo".to_owned(), args.iter().map(|&arg| arg.to_owned()).collect())
    }

    #[test]
    fn a_command_that_keeps_the_rules_is_kept_as_it_is() {
        let mut draft = command(&["a b", ""]);
        draft.env("KEY".to_owned(), "value".to_owned(), |request| &mut request.env);
        draft.timeout(1_000);
        let request = draft.run().unwrap();
        assert_eq!((request.args, request.timeout_milliseconds), (vec!["a b".to_owned(), String::new()], Some(1_000)));
    }

    #[test]
    fn what_no_program_can_be_given_is_refused() {
        assert!(refused(&command(&["ok", "a\0b"]), "shell.argument").contains("argument 2"));
        assert!(refused(&command(&["--token={{secret:KEY:0123}}"]), "shell.argument").contains("marker"));
        refused(&Draft::new("echo".to_owned(), Vec::new()), "shell.argument");
        refused(&Draft::new("/bin/e\0cho".to_owned(), Vec::new()), "shell.argument");
        refused(&Draft::new(format!("/{}", "a".repeat(1 << 20)), Vec::new()), "shell.limit");
        refused(&command(&["a"; 257]), "shell.limit");
        refused(&command(&[&"a".repeat(200_000)]), "shell.limit");
        for (codes, code) in [(vec![0, 256], "shell.argument"), (vec![-1], "shell.argument"), (vec![0; 17], "shell.limit")] {
            let mut draft = command(&[]);
            codes.into_iter().for_each(|code| draft.success_code(code));
            refused(&draft, code);
        }
    }

    #[test]
    fn the_first_wrong_thing_is_said_and_nothing_too_large_is_kept() {
        let mut draft = command(&[]);
        draft.env("A=B".to_owned(), String::new(), |request| &mut request.env_files);
        draft.stdin(vec![0; (16 << 20) + 1]);
        assert!(draft.request.stdin.is_empty());
        refused(&draft, "shell.argument");
    }
}
