//! The directory that a command works in: opened before the start and entered by its descriptor, so that what was looked at is where the program finds itself.
//!
//! Below a mount every part of the path is resolved inside it, as `files` does, so that no link leads out; a name that somebody exchanges afterwards is one
//! that nobody looks at any more.

use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use lockstep_grant::WorkingDirectory;
use lockstep_model::Failure;

/// An open directory. The descriptor closes when the program is executed: it is there for the fork before.
pub(crate) struct Directory(Dir);

impl Directory {
    /// Opens it; without one a command works at the root, never where `lockstep` happens to stand: the same call must mean the same everywhere.
    pub(crate) fn open(directory: Option<&WorkingDirectory>) -> Result<Option<Self>, Failure> {
        let Some(directory) = directory else { return Ok(None) };
        let (shown, opened) = match directory {
            WorkingDirectory::Host(path) => (path.display().to_string(), Dir::open_ambient_dir(path, ambient_authority())),
            WorkingDirectory::Mount { path, within } => {
                let root = Dir::open_ambient_dir(&within.root, ambient_authority()).map_err(|error| {
                    refused(path, &format!("the directory of its mount, `{}`, cannot be opened on this host: {error}", within.root.display()))
                })?;
                (path.clone(), if within.relative.is_empty() { Ok(root) } else { root.open_dir(&within.relative) })
            }
        };
        opened.map(|opened| Some(Self(opened))).map_err(|error| refused(&shown, &why(&error)))
    }

    /// By what name a process that was forked from this one enters it.
    pub(crate) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

fn why(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        // What cap-std says of a path that leaves the mount; the kernel's own refusal has a number.
        (ErrorKind::PermissionDenied, None) => "a link on the way leads out of the mount, or is absolute; links inside a mount are relative".to_owned(),
        (ErrorKind::NotADirectory, _) => "it, or something on the way to it, is not a directory".to_owned(),
        _ => error.to_string(),
    }
}

fn refused(shown: &str, why: &str) -> Failure {
    Failure::problem("shell.directory", format!("the working directory `{shown}` cannot be entered: {why}"))
}
