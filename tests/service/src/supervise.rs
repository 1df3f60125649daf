//! Starting and stopping a background process, as a service manager would.
//!
//! Both may be repeated without harm: a procedure that was killed between asking and hearing the answer asks again.

use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::ask;
use crate::unit::{self, Running, UnitError};

/// How long a start may take until the process is healthy.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a process may take to stop by itself.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How long the kernel may take to end a killed process.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How often a change is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How many lines of the log are shown when a start fails.
const TAIL_LINES: usize = 20;

/// What to put in the background.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The binary.
    pub(crate) program: PathBuf,
    /// What it is told.
    pub(crate) arguments: Vec<OsString>,
    /// Its state directory, absolute.
    pub(crate) state: PathBuf,
    /// Where it will listen.
    pub(crate) port: u16,
    /// What it is; the same again is already started.
    pub(crate) version: String,
    /// Whether to wait until it is healthy, or only until it listens.
    pub(crate) until_healthy: bool,
}

/// What `start` did.
#[derive(Debug)]
pub(crate) enum Started {
    /// Started this process.
    Now(i32),
    /// Nothing: this process is what was asked for.
    Already(i32),
}

/// What `stop` did.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Nothing: none ran.
    Already,
    /// It stopped by itself.
    Gracefully,
    /// It was killed.
    Killed,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stopped::Already => "already stopped",
            Stopped::Gracefully => "stopped",
            Stopped::Killed => "killed: it did not stop in time",
        })
    }
}

/// Why starting or stopping failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuperviseError {
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error("cannot run {program}: {cause}")]
    Spawn { program: PathBuf, cause: io::Error },
    #[error("{state} is taken by version {version} on port {port}: stop it first")]
    Another { state: PathBuf, version: String, port: u16 },
    #[error("it died at once ({status}); the end of its log:\n{tail}")]
    Died { status: ExitStatus, tail: String },
    #[error("it was not ready after {START_LIMIT:?} and was stopped; the end of its log:\n{tail}")]
    NotReady { tail: String },
    #[error("pid {pid} cannot be stopped: {cause}")]
    Signal { pid: i32, cause: io::Error },
    #[error("pid {0} does not end")]
    DoesNotEnd(i32),
}

/// Puts a process in the background and waits until it is ready.
pub(crate) async fn start(launch: &Launch) -> Result<Started, SuperviseError> {
    let deadline = Instant::now() + START_LIMIT;
    let log = launch.state.join(unit::LOG);
    let log_before = std::fs::metadata(&log).map(|meta| meta.len()).unwrap_or(0);
    let mut child: Option<Child> = None;
    loop {
        if let Some(running) = ready(launch).await? {
            let ours = child.as_ref().is_some_and(|child| i32::try_from(child.id()) == Ok(running.pid));
            return Ok(if ours { Started::Now(running.pid) } else { Started::Already(running.pid) });
        }
        let held = unit::holder(&launch.state)?.is_some();
        let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        match ended {
            // Another start came first, and its process holds the directory: wait for that one.
            Some(_) if held => child = None,
            Some(status) => return Err(SuperviseError::Died { status, tail: tail(&log, log_before) }),
            // A holder that is about to end is waited for as well.
            None if child.is_none() && !held => child = Some(spawn(launch, &log)?),
            None => {}
        }
        if Instant::now() > deadline {
            if let Some(mut child) = child {
                let _ = child.kill();
                let _ = child.wait();
            }
            return Err(SuperviseError::NotReady { tail: tail(&log, log_before) });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What runs, if it is what was asked for and ready.
async fn ready(launch: &Launch) -> Result<Option<Running>, SuperviseError> {
    let Some(running) = unit::running(&launch.state)? else {
        return Ok(None);
    };
    if running.port != launch.port || running.version != launch.version {
        return Err(SuperviseError::Another { state: launch.state.clone(), version: running.version, port: running.port });
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, launch.port));
    let well = !launch.until_healthy || ask::get(address, "/health").await.is_ok_and(|reply| reply.status().is_success());
    Ok(well.then_some(running))
}

/// The caller's pipes are not handed on: whoever reads them until their end must not wait for the service.
fn spawn(launch: &Launch, log: &Path) -> Result<Child, SuperviseError> {
    let failed = |cause| SuperviseError::Spawn { program: launch.program.clone(), cause };
    std::fs::create_dir_all(&launch.state).map_err(failed)?;
    let log = OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
    let also = log.try_clone().map_err(failed)?;
    Command::new(&launch.program).args(&launch.arguments).current_dir("/").stdin(Stdio::null()).stdout(also).stderr(log).spawn().map_err(failed)
}

/// The last lines that were added to the log since.
fn tail(log: &Path, since: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let added = usize::try_from(since).ok().and_then(|since| bytes.get(since..)).unwrap_or_default();
    let text = String::from_utf8_lossy(added);
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(TAIL_LINES)).map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Stops what runs from a state directory: asks first, kills after a while.
pub(crate) fn stop(state: &Path) -> Result<Stopped, SuperviseError> {
    let Some(pid) = unit::holder(state)? else {
        return Ok(Stopped::Already);
    };
    signal(pid, Signal::TERM)?;
    if ended(state, pid, STOP_LIMIT)? {
        return Ok(Stopped::Gracefully);
    }
    signal(pid, Signal::KILL)?;
    match ended(state, pid, KILL_LIMIT)? {
        true => Ok(Stopped::Killed),
        false => Err(SuperviseError::DoesNotEnd(pid.as_raw_pid())),
    }
}

fn signal(pid: Pid, signal: Signal) -> Result<(), SuperviseError> {
    match kill_process(pid, signal) {
        // It ended by itself in between.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(cause) => Err(SuperviseError::Signal { pid: pid.as_raw_pid(), cause: cause.into() }),
    }
}

/// Whether the process lets go of its directory in time. That happens at its very end, so its port is free by then.
fn ended(state: &Path, pid: Pid, limit: Duration) -> Result<bool, SuperviseError> {
    let deadline = Instant::now() + limit;
    while unit::holder(state)? == Some(pid) {
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(true)
}
