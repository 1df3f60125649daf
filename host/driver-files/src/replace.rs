//! Writes files: whole ones beside their place and then renamed into it, or at the end of what is there.

use std::io::{self, Write as _};

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::fs::{Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use lockstep_model::Failure;
use rustix::fs::{Gid, Mode as Bits, Uid, fchmod, fchown};

use crate::FILE_LIMIT;
use crate::fault::{fault, too_long};
use crate::mount::{Named, Place, sync_directory};
use crate::read::require_file;

/// Permissions of a file where none stood.
const NEW_FILE: u32 = 0o644;

/// Which permissions a file gets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// Those of the file that it replaces: a private file must not become readable by being written.
    Kept,
    /// These.
    Exactly(u32),
}

/// A file to be replaced or made, never seen half-written.
pub(crate) struct Replacement<'a> {
    /// Where.
    pub(crate) place: &'a Place<'a>,
    /// The call's key, so that a call done again after a crash finds and removes what it had begun.
    pub(crate) key: &'a str,
    /// Its permissions.
    pub(crate) mode: Mode,
}

impl Replacement<'_> {
    /// Writes, syncs, renames, syncs the directory. What stands there is replaced, a link as such; a directory is not.
    pub(crate) fn write(&self, bytes: &[u8], limit: u64) -> Result<(), Failure> {
        if bytes.len() as u64 > limit {
            return Err(too_long("write", self.place.shown, limit));
        }
        self.fill(|file| file.write_all(bytes))
    }

    /// As `write`, with what `fill` writes.
    pub(crate) fn fill(&self, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
        let Named { parent, name } = self.place.named("write")?;
        self.replace(&parent, name, fill).map_err(|error| fault("write", self.place.shown, &error))
    }

    fn replace(&self, parent: &Dir, name: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let before = match parent.symlink_metadata(name) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let beside = Beside::name(parent, self.key)?;
        let mut file = parent.open_with(&beside.name, OpenOptions::new().write(true).create_new(true).mode(0o600))?;
        fill(&mut file)?;
        self.dress(&file, before.as_ref().filter(|before| before.is_file()))?;
        file.sync_all()?;
        beside.rename_to(name)?;
        sync_directory(parent)
    }

    /// Owner and permissions, before anyone can see it under its name.
    fn dress(&self, file: &File, before: Option<&Metadata>) -> io::Result<()> {
        if let Some(before) = before
            // Only root may give a file away; for others it stays their own, as with any editor.
            && let Err(errno) = fchown(file, Some(Uid::from_raw(before.uid())), Some(Gid::from_raw(before.gid())))
        {
            tracing::debug!(%errno, "keeping the owner of a replaced file");
        }
        let mode = match self.mode {
            Mode::Exactly(mode) => mode,
            Mode::Kept => before.map_or(NEW_FILE, |before| before.mode() & 0o777),
        };
        Ok(fchmod(file, Bits::from_raw_mode(mode))?)
    }
}

/// Adds `text` at the end of a file, in one write where the kernel lets it.
pub(crate) fn append(place: &Place<'_>, text: &str) -> Result<(), Failure> {
    if text.len() as u64 > FILE_LIMIT {
        return Err(too_long("append to", place.shown, FILE_LIMIT));
    }
    let failed = |error: io::Error| fault("append to", place.shown, &error);
    let Named { parent, name } = place.named("append to")?;
    let mut options = OpenOptions::new();
    // A pipe without a reader fails instead of waiting.
    options.append(true).nonblock(true).mode(NEW_FILE);
    let (mut file, is_new) = match place.root.open_with(place.relative, &options) {
        Ok(file) => (file, false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (parent.open_with(name, options.create(true)).map_err(failed)?, true),
        Err(error) => return Err(failed(error)),
    };
    require_file("append to", place, &file)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    if is_new { sync_directory(&parent).map_err(failed) } else { Ok(()) }
}

/// A name beside the place, removed again unless it is renamed into it.
pub(crate) struct Beside<'a> {
    parent: &'a Dir,
    pub(crate) name: String,
    renamed: bool,
}

impl<'a> Beside<'a> {
    /// Takes the name that belongs to the call's key, and removes what the same call may have left there before a crash.
    pub(crate) fn name(parent: &'a Dir, key: &str) -> io::Result<Self> {
        let key: String = key.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        let name = format!(".lockstep-{key}");
        match parent.remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(Self { parent, name, renamed: false }),
        }
    }

    /// Puts it in its place in one step.
    pub(crate) fn rename_to(mut self, name: &str) -> io::Result<()> {
        self.parent.rename(&self.name, self.parent, name)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if self.renamed {
            return;
        }
        match self.parent.remove_file(&self.name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::warn!(%error, name = self.name, "a file begun and not finished is left behind"),
            Ok(()) | Err(_) => {}
        }
    }
}
