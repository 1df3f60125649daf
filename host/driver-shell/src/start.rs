//! Starts the program: a process group of its own, an environment of exactly what is named, three pipes, and no privileges that `lockstep` has not.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use lockstep_grant::ShellTerms;
use lockstep_model::Failure;
use lockstep_model::request::ShellRequest;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::set_no_new_privs;

/// The variable that carries the call's idempotency key.
const KEY_VARIABLE: &str = "LOCKSTEP_IDEMPOTENCY_KEY";

/// A started program, not yet reaped: its process id stays its own until then, so that a kill cannot hit a stranger.
pub(crate) struct Running {
    /// The process.
    pub(crate) child: Child,
    /// Its id, which is also its group's.
    pub(crate) pid: Pid,
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

/// Starts what was granted.
#[expect(clippy::disallowed_methods, reason = "the one place that starts processes: it is asked only with what was granted")]
pub(crate) fn start(request: &ShellRequest, terms: &ShellTerms, key: &str) -> Result<Running, Failure> {
    let mut command = Command::new(&request.program);
    command.args(&request.args).env_clear();
    command.envs(terms.env.iter().map(|(key, value)| (key, value)));
    command.envs(request.env.iter().map(|(key, value)| (key, value)));
    // Last, so that nobody else can say what the key is.
    command.env(KEY_VARIABLE, key);
    // Never the directory that `lockstep` happens to stand in: the same call must mean the same everywhere.
    command.current_dir(terms.directory.as_deref().unwrap_or_else(|| "/".as_ref()));
    command.stdin(if request.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    let mut child = without_new_privileges(command).map_err(|error| not_started(&request.program, &error))?;
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        // No kernel gives such an id; without one the deadline could not be kept.
        return Err(abandon(&mut child, &request.program));
    };
    Ok(Running { child, pid })
}

/// Starts it from a thread that can gain no privileges any more, and neither can what it starts: a program that is set-uid or has capabilities of its own runs
/// with those of `lockstep`. A thread, because the mark stays: `lockstep` itself goes on as it was.
fn without_new_privileges(mut command: Command) -> io::Result<Child> {
    let started = thread::Builder::new().name("shell-start".to_owned()).spawn(move || {
        set_no_new_privs(true)?;
        command.spawn()
    })?;
    started.join().unwrap_or_else(|_| Err(io::Error::other("the thread that starts it has panicked")))
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
