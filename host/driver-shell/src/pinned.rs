//! A program that the grant pins: opened once, hashed through the descriptor, and executed by it, so that what was hashed is what runs.
//!
//! Whoever replaces the file in between replaces a name that nobody looks at any more. A script's interpreter opens the descriptor by its name,
//! `/proc/self/fd/N`: so it has to be inherited, and is what the script finds in `$0`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;

use lockstep_model::{Digest, Failure};

/// An open program whose bytes are the pinned ones.
pub(crate) struct Pinned {
    file: File,
    /// Whether an interpreter will open it again.
    pub(crate) is_script: bool,
}

impl Pinned {
    /// Opens and hashes.
    pub(crate) fn open(program: &str, pinned: Digest) -> Result<Self, Failure> {
        let read = || -> io::Result<(File, Digest, bool)> {
            let file = File::open(program)?;
            let found = Digest::of_reader(&file)?;
            let mut beginning = [0; 2];
            let count = file.read_at(&mut beginning, 0)?;
            Ok((file, found, beginning[..count] == *b"#!"))
        };
        let (file, found, is_script) =
            read().map_err(|error| Failure::problem("shell.start", format!("`{program}` cannot be read to check its digest: {error}")))?;
        if found == pinned {
            return Ok(Self { file, is_script });
        }
        Err(Failure::Denied(format!(
            "`{program}` is not the program that the grant pins: expected {pinned}, found {found}; find out who changed it, or pin the new digest"
        )))
    }

    /// By what name it is executed, in this process and in one that it forks.
    pub(crate) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    /// The descriptor.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}
