//! One background process and its state directory: who holds it, what it says about itself, how it is told to stop.
//!
//! Who is alive is asked of the kernel, by a record lock that the process holds as long as it lives. A pid file alone lies after `kill -9`, and after the
//! pid has been given to another process.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, Pid, fcntl_getlk};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

const LOCK: &str = "lock";
const RUNNING: &str = "running.json";
const PID: &str = "pid";
/// Where a background process's standard error goes.
pub(crate) const LOG: &str = "service.log";

/// What a running process says about itself, once it listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Its process id.
    pub(crate) pid: i32,
    /// Where it listens.
    pub(crate) port: u16,
    /// What it is.
    pub(crate) version: String,
}

/// A state directory held by this process until it ends.
#[derive(Debug)]
pub(crate) struct Unit {
    dir: PathBuf,
    _lock: File,
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnitError {
    #[error("state directory {dir} is held by pid {pid}")]
    Held { dir: PathBuf, pid: i32 },
    #[error("state directory {dir}: {cause}")]
    Directory { dir: PathBuf, cause: io::Error },
}

impl Unit {
    /// Takes the directory, making it if needed.
    pub(crate) fn hold(dir: &Path) -> Result<Unit, UnitError> {
        let failed = |cause: io::Error| UnitError::Directory { dir: dir.into(), cause };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(LOCK)).map_err(failed)?;
        if let Err(cause) = fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(match holder(dir)? {
                Some(pid) => UnitError::Held { dir: dir.into(), pid: pid.as_raw_pid() },
                None => failed(cause.into()),
            });
        }
        Ok(Unit { dir: dir.into(), _lock: lock })
    }

    /// Says that this process listens.
    pub(crate) fn announce(&self, port: u16, version: &str) -> Result<(), UnitError> {
        let failed = |cause| UnitError::Directory { dir: self.dir.clone(), cause };
        let running = Running { pid: rustix::process::getpid().as_raw_pid(), port, version: version.to_owned() };
        let text = serde_json::to_vec(&running).map_err(|cause| failed(cause.into()))?;
        std::fs::write(self.dir.join(PID), format!("{}\n", running.pid)).map_err(failed)?;
        // Renamed, so that whoever waits for it never reads half of it.
        let beside = self.dir.join("running.new");
        std::fs::write(&beside, text).map_err(failed)?;
        std::fs::rename(&beside, self.dir.join(RUNNING)).map_err(failed)
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // Only tidiness: the lock says who is alive.
        let _ = std::fs::remove_file(self.dir.join(RUNNING));
        let _ = std::fs::remove_file(self.dir.join(PID));
    }
}

/// The process that holds the directory, if one does.
pub(crate) fn holder(dir: &Path) -> Result<Option<Pid>, UnitError> {
    let failed = |cause| UnitError::Directory { dir: dir.into(), cause };
    let lock = match File::open(dir.join(LOCK)) {
        Ok(lock) => lock,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    // Asking takes nothing, so an ask never gets in the way of a process that is just taking the lock.
    let found = fcntl_getlk(&lock, &Flock::from(FlockType::WriteLock)).map_err(|cause| failed(cause.into()))?;
    Ok(found.and_then(|lock| lock.pid))
}

/// What the process that holds the directory says about itself; none when nobody holds it, or the holder does not listen yet.
pub(crate) fn running(dir: &Path) -> Result<Option<Running>, UnitError> {
    let Some(pid) = holder(dir)? else {
        return Ok(None);
    };
    let said = std::fs::read(dir.join(RUNNING)).ok().and_then(|text| serde_json::from_slice::<Running>(&text).ok());
    // What a killed predecessor left behind carries another pid.
    Ok(said.filter(|running| running.pid == pid.as_raw_pid()))
}

/// Turns true when the process is asked to stop.
pub(crate) fn stop_on_signal() -> io::Result<watch::Receiver<bool>> {
    let (tell, stop) = watch::channel(false);
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            tell.send_replace(true);
        }
    })?;
    Ok(stop)
}
