//! Starts the program: a process group of its own, an environment of exactly what is named, three pipes, and no privileges that `lockstep` has not.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use lockstep_grant::ShellTerms;
use lockstep_model::request::ShellRequest;
use lockstep_model::{Failure, Secret};
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::set_no_new_privs;

use crate::directory::Directory;
use crate::inherited::{self, PrivateFile};
use crate::launch;
use crate::pinned::Pinned;

/// The variable that carries the call's idempotency key.
const KEY_VARIABLE: &str = "LOCKSTEP_IDEMPOTENCY_KEY";

/// This very program, also when its file has been replaced or removed: the command line makes it a launcher when it is asked to be one.
const LAUNCHER: &str = "/proc/self/exe";

/// A started program, not yet reaped: its process id stays its own until then, so that a kill cannot hit a stranger.
pub(crate) struct Running {
    /// The process.
    pub(crate) child: Child,
    /// Its id, which is also its group's.
    pub(crate) pid: Pid,
    /// Whether it begins as the launcher, which may fail to become the program.
    pub(crate) launched: bool,
}

impl Running {
    /// Kills the program and all it has started in its group.
    pub(crate) fn kill_group(&self) {
        if let Err(error) = kill_process_group(self.pid, Signal::KILL) {
            // Nobody left in the group is what was wanted.
            tracing::debug!(%error, "killing a process group");
        }
    }
}

/// What is to be started, and how.
pub(crate) struct Starting<'a> {
    pub(crate) request: &'a ShellRequest,
    pub(crate) terms: &'a ShellTerms,
    /// The call's idempotency key.
    pub(crate) key: &'a str,
    pub(crate) pinned: Option<&'a Pinned>,
    /// Where it works; none: at the root.
    pub(crate) directory: Option<&'a Directory>,
    /// Whether anything will come on standard input.
    pub(crate) fed: bool,
    /// The program's first arguments, each the name of an option and what is in the private file that it names.
    pub(crate) options: &'a [(&'static str, Secret<String>)],
}

/// Starts what was granted.
pub(crate) fn start(starting: Starting<'_>) -> Result<Running, Failure> {
    let Starting { request, terms, key, pinned, directory, fed, options } = starting;
    let files = private_files(&request.program, request.env_files.iter().map(|(key, content)| (key.as_str(), content.as_str())))?;
    let options = private_files(&request.program, options.iter().map(|(name, content)| (*name, content.expose().as_str())))?;
    let args: Vec<String> = options.iter().map(|(name, file)| format!("{name}={}", file.path())).chain(request.args.iter().cloned()).collect();
    let (mut command, launched) = command(&request.program, &args, terms, pinned);
    command.env_clear();
    command.envs(terms.env.iter().map(|(key, value)| (key, value)));
    command.envs(request.env.iter().map(|(key, value)| (key, value)));
    command.envs(files.iter().map(|(key, file)| (key, file.path())));
    // Last, so that nobody else can say what the key is.
    command.env(KEY_VARIABLE, key);
    command.current_dir(directory.map_or_else(|| "/".to_owned(), Directory::path));
    command.stdin(if fed { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    let script = pinned.filter(|pinned| pinned.is_script && !launched).map(|pinned| pinned.file().as_fd());
    let descriptors: Vec<BorrowedFd<'_>> = files.iter().chain(&options).map(|(_, file)| file.as_fd()).chain(script).collect();
    let mut child = without_new_privileges(command, &descriptors).map_err(|error| not_started(&request.program, &error))?;
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        // No kernel gives such an id; without one the deadline could not be kept.
        return Err(abandon(&mut child, &request.program));
    };
    Ok(Running { child, pid, launched })
}

/// The program itself, by its descriptor when it is pinned; or the launcher, which becomes it. Says whether it is the launcher.
#[expect(clippy::disallowed_methods, reason = "the one place that starts processes: it is asked only with what was granted")]
fn command(program: &str, args: &[String], terms: &ShellTerms, pinned: Option<&Pinned>) -> (Command, bool) {
    if let Some(arguments) = launch::arguments(program, args, terms) {
        let mut command = Command::new(LAUNCHER);
        command.args(arguments);
        return (command, true);
    }
    let mut command = match pinned {
        Some(pinned) => Command::new(pinned.path()),
        None => Command::new(program),
    };
    command.arg0(program).args(args);
    (command, false)
}

/// The files that variables of the command, or its first arguments, name.
fn private_files<'a>(program: &str, contents: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Vec<(&'a str, PrivateFile)>, Failure> {
    let made = contents.map(|(key, content)| Ok((key, PrivateFile::of(&Secret::new(content.as_bytes().to_vec()))?)));
    made.collect::<io::Result<_>>()
        .map_err(|error| Failure::retryable("shell.start", format!("`{program}` was not started: its private files could not be made: {error}")))
}

/// Starts it from a thread that can gain no privileges any more, and neither can what it starts: a program that is set-uid or has capabilities of its own runs
/// with those of `lockstep`. A thread, because the mark stays: `lockstep` itself goes on as it was.
fn without_new_privileges(mut command: Command, descriptors: &[BorrowedFd<'_>]) -> io::Result<Child> {
    thread::scope(|scope| {
        let started = thread::Builder::new().name("shell-start".to_owned()).spawn_scoped(scope, move || {
            set_no_new_privs(true)?;
            inherited::start(&mut command, descriptors)
        })?;
        started.join().unwrap_or_else(|_| Err(io::Error::other("the thread that starts it has panicked")))
    })
}

fn abandon(child: &mut Child, program: &str) -> Failure {
    let ended = child.kill().and_then(|()| child.wait());
    tracing::error!(?ended, "a process without a usable id");
    Failure::problem("shell.start", format!("`{program}` got a process id that cannot be watched"))
}

fn not_started(program: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::problem("shell.start", format!("`{program}` is there, but the interpreter in its first line (or its loader) is not: {error}"))
        }
        io::ErrorKind::PermissionDenied => Failure::problem(
            "shell.start",
            format!("`{program}` may not be executed by this user: {error}; look at its permissions, its directories and the mount's `noexec`"),
        ),
        io::ErrorKind::ArgumentListTooLong => {
            Failure::problem("shell.limit", format!("arguments and variables of `{program}` are longer than the kernel takes: {error}"))
        }
        // Somebody writes to the file, or the host is short of processes or memory: that passes.
        io::ErrorKind::ExecutableFileBusy | io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => {
            Failure::retryable("shell.start", format!("`{program}` could not be started just now: {error}"))
        }
        _ => Failure::problem("shell.start", format!("`{program}` could not be started: {error}")),
    }
}
