//! Descriptors that a program is to inherit: all others of this process close when it is executed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use lockstep_model::Secret;
use rustix::fs::{MemfdFlags, Mode, fchmod, memfd_create};
use rustix::io::{FdFlags, fcntl_setfd};

/// Held while a descriptor may be inherited: no other program is started meanwhile, so that none inherits it by accident.
static STARTING: Mutex<()> = Mutex::new(());

/// A file in memory that only the program and what it starts can open, by the name of its descriptor. It is gone with them.
pub(crate) struct PrivateFile(File);

impl PrivateFile {
    /// With this content. Programs refuse password files that others might read: they see one of its user's alone.
    pub(crate) fn of(content: &Secret<Vec<u8>>) -> io::Result<Self> {
        let mut file = File::from(memfd_create("lockstep", MemfdFlags::CLOEXEC)?);
        fchmod(&file, Mode::RUSR)?;
        file.write_all(content.expose())?;
        Ok(Self(file))
    }

    /// What it is called in the program.
    pub(crate) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

impl AsFd for PrivateFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Starts a command that inherits these and nothing else but its streams.
pub(crate) fn start(command: &mut Command, descriptors: &[BorrowedFd<'_>]) -> io::Result<Child> {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let started = descriptors.iter().try_for_each(|descriptor| Ok(fcntl_setfd(descriptor, FdFlags::empty())?)).and_then(|()| command.spawn());
    for descriptor in descriptors {
        if let Err(error) = fcntl_setfd(descriptor, FdFlags::CLOEXEC) {
            tracing::error!(%error, "a descriptor that stays inheritable");
        }
    }
    started
}
