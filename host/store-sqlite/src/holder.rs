//! Whether the process that holds a lease lives: each has a file in `holders/` that it keeps locked, and the system unlocks it however the process ends.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lockstep_journal::StoreError;

use crate::error::of_file;
use crate::key::random;

/// This handle of the store, as others can ask whether it lives. Two handles in one process are two holders.
pub(crate) struct Holder {
    name: String,
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

/// Where the files of the store in `dir` are.
fn folder(dir: &Path) -> PathBuf {
    dir.join("holders")
}

impl Holder {
    /// Makes the file. It appears under its name when it is locked already, so that nobody takes a holder that is being born for a dead one. What dead
    /// ones left behind is cleared away.
    pub(crate) fn register(dir: &Path) -> Result<Self, StoreError> {
        let folder = folder(dir);
        let name = format!("{}-{:08x}", std::process::id(), u32::from_le_bytes(*random::<4>()?.expose()));
        let (path, draft) = (folder.join(&name), folder.join(format!("{name}.new")));
        let make = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            bury(&folder)?;
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.lock()?;
            fs::rename(&draft, &path)?;
            Ok(file)
        };
        let file = make().map_err(|error| of_file(&path, &error))?;
        Ok(Self { name, path, _file: file })
    }

    /// As leases call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // One that stays is that of a dead holder, and is cleared away by the next.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the holder of that name lives. When the system does not say, it does: it is better waited for than robbed.
pub(crate) fn lives(dir: &Path, name: &str) -> bool {
    match is_locked(&folder(dir).join(name)) {
        Ok(locked) => locked,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn is_locked(path: &Path) -> io::Result<bool> {
    match File::open(path)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the files of dead holders: their names are never used again. A draft may not be locked yet.
fn bury(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none() && is_locked(&path).is_ok_and(|locked| !locked) {
            // Another process may have been faster.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{Holder, folder, lives};

    #[test]
    fn a_holder_lives_as_long_as_its_handle_and_leaves_nothing_behind() {
        let dir = TempDir::new().unwrap();
        let (one, two) = (Holder::register(dir.path()).unwrap(), Holder::register(dir.path()).unwrap());
        assert!(lives(dir.path(), one.name()) && lives(dir.path(), two.name()));
        let name = one.name().to_owned();
        drop(one);
        assert!(!lives(dir.path(), &name) && lives(dir.path(), two.name()));
        assert!(!lives(dir.path(), "never there"));
        drop(two);
        assert_eq!(std::fs::read_dir(folder(dir.path())).unwrap().count(), 0);
    }

    #[test]
    fn the_file_of_a_dead_holder_is_cleared_away_by_the_next() {
        let dir = TempDir::new().unwrap();
        drop(Holder::register(dir.path()).unwrap());
        let dead = folder(dir.path()).join("4711-00000000");
        std::fs::write(&dead, "").unwrap();
        let next = Holder::register(dir.path()).unwrap();
        assert!(!dead.exists() && lives(dir.path(), next.name()));
    }
}
