//! Compiled code on disk, so that a component is compiled once on a machine and not once a run.
//!
//! Compiled code is native code: loading somebody else's is running it. So the directory is private to the user, a file is looked at through the
//! handle it is read from, and what it holds must carry a digest bound to the component and to everything the code depends on. Whatever is not as
//! it should be is as if it were not there: the component is compiled again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use lockstep_model::Digest;
use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, futimens};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::machine::compatibility;

/// What the digest of an entry begins with.
const DOMAIN: &[u8] = b"lockstep compiled code v1\0";
const DIGEST: usize = 32;
/// Ours alone: the bits that group and others must not have.
const FOREIGN_BITS: u32 = 0o077;

/// Its name below the root.
const DIRECTORY: &str = "compiled";

/// How much compiled code is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compiled {
    /// How many components.
    pub components: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Compiled {
    /// So many bytes are kept: hundreds of procedures in Rust, or some ten in a language that brings its interpreter along. What was used longest ago goes.
    pub const MOST: u64 = 1 << 30;

    /// What is kept below `root`.
    ///
    /// # Errors
    /// When its directory is there and cannot be read.
    pub fn below(root: &Path) -> io::Result<Self> {
        let kept = match entries(&root.join(DIRECTORY)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            kept => kept?,
        };
        Ok(Self { components: kept.len() as u64, bytes: kept.iter().map(|entry| entry.size).sum() })
    }
}

/// A private directory of compiled components.
pub(crate) struct Cache {
    directory: PathBuf,
    compatibility: [u8; 32],
    written: AtomicU64,
}

impl Cache {
    /// The cache below `root`; its directory is made if it is not there, and so is what is missing above it, private as well: it may become a store.
    ///
    /// # Errors
    /// When it cannot be made, or is not private to this user.
    pub(crate) fn open(root: &Path, engine: &Engine) -> io::Result<Self> {
        let directory = root.join(DIRECTORY);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let found = fs::symlink_metadata(&directory)?;
        if !found.is_dir() {
            return Err(io::Error::other(format!("{} is not a directory", directory.display())));
        }
        private(&found, &directory)?;
        Ok(Self { directory, compatibility: compatibility(engine), written: AtomicU64::new(0) })
    }

    /// The compiled code of the component whose own code has that digest, when it is there and as it should be.
    pub(crate) fn get(&self, component: Digest, engine: &Engine) -> Option<Component> {
        let path = self.path(component);
        let code = match self.read(&path, component) {
            Ok(code) => code,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code is not used, the component is compiled again");
                return None;
            }
        };
        #[expect(unsafe_code, reason = "the bytes are what `put` wrote on this machine for this engine: see the module's head")]
        // SAFETY: `read` has checked owner and mode of the open file and that the digest covers these very bytes, this component and this engine.
        let loaded = unsafe { Component::deserialize(engine, &code) };
        loaded.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "compiled code does not fit, the component is compiled again")).ok()
    }

    /// Keeps compiled code. Not being able to costs time at the next start and nothing else.
    pub(crate) fn put(&self, component: Digest, compiled: &Component) {
        let path = self.path(component);
        let kept =
            compiled.serialize().map_err(io::Error::other).and_then(|code| self.write(&path, component, &code)).and_then(|()| self.make_room(Compiled::MOST));
        if let Err(error) = kept {
            tracing::warn!(path = %path.display(), %error, "compiled code is not kept");
        }
    }

    /// Removes what was used longest ago until no more than `largest` bytes are kept. Another process may do the same: what is gone is gone.
    fn make_room(&self, largest: u64) -> io::Result<()> {
        let mut kept = entries(&self.directory)?;
        kept.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut bytes = 0;
        for entry in kept {
            bytes += entry.size;
            if bytes > largest {
                fs::remove_file(&entry.path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
            }
        }
        Ok(())
    }

    fn path(&self, component: Digest) -> PathBuf {
        let engine = Digest(self.compatibility).hex();
        self.directory.join(format!("{}-{}.cwasm", component.hex(), &engine[..16]))
    }

    fn digest(&self, component: Digest, code: &[u8]) -> [u8; DIGEST] {
        Sha256::new().chain_update(DOMAIN).chain_update(component.0).chain_update(self.compatibility).chain_update(code).finalize().into()
    }

    fn read(&self, path: &Path, component: Digest) -> io::Result<Vec<u8>> {
        let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().read(true).custom_flags(no_follow).open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("not a file"));
        }
        private(&found, path)?;
        let mut digest = [0; DIGEST];
        file.read_exact(&mut digest)?;
        let mut code = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
        file.read_to_end(&mut code)?;
        if digest != self.digest(component, &code) {
            return Err(io::Error::other("its digest is wrong"));
        }
        // Used now. Not being able to say so makes it go a little earlier.
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        if let Err(error) = futimens(&file, &Timestamps { last_access: now, last_modification: now }) {
            tracing::debug!(%error, "the time of use is not kept");
        }
        Ok(code)
    }

    /// Written beside and renamed: a reader sees all of it or nothing. Not synced: after a loss of power its digest is wrong.
    fn write(&self, path: &Path, component: Digest, code: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let beside = self.directory.join(format!(".{}-{number}.tmp", std::process::id()));
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = fill(&mut file, &self.digest(component, code), code).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

/// A file of the directory: code, or what a crash left half written.
struct Entry {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in fs::read_dir(directory)? {
        let file = file?;
        match file.metadata() {
            Ok(found) => entries.push(Entry { path: file.path(), size: found.len(), used: found.modified()? }),
            // Another process has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

fn fill(file: &mut File, digest: &[u8], code: &[u8]) -> io::Result<()> {
    file.write_all(digest)?;
    file.write_all(code)
}

/// That nobody else could have put it there.
fn private(found: &fs::Metadata, path: &Path) -> io::Result<()> {
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("{} belongs to another user", path.display())));
    }
    if found.mode() & FOREIGN_BITS != 0 {
        return Err(io::Error::other(format!("{} is open to other users (mode {:o})", path.display(), found.mode() & 0o7777)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cache: &Cache) -> Vec<String> {
        let mut names: Vec<_> = entries(&cache.directory).unwrap().iter().map(|entry| entry.path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = Cache::open(root.path(), &engine).unwrap();
        assert_eq!(Compiled::below(root.path()).unwrap(), Compiled::default());
        for (name, age) in [("oldest", 40), ("old", 30), ("half-written", 20), ("young", 10)] {
            let file = File::create(cache.directory.join(name)).unwrap();
            file.set_len(100).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000 - age)).unwrap();
        }
        assert_eq!(Compiled::below(root.path()).unwrap(), Compiled { components: 4, bytes: 400 });
        cache.make_room(400).unwrap();
        assert_eq!(names(&cache).len(), 4);
        cache.make_room(250).unwrap();
        assert_eq!(names(&cache), ["half-written", "young"]);
        // Using it makes it young.
        let component = Digest::of(b"component");
        let path = cache.path(component);
        cache.write(&path, component, b"code").unwrap();
        File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        cache.read(&path, component).unwrap();
        cache.make_room(150).unwrap();
        assert!(path.exists() && names(&cache).len() == 2, "{:?}", names(&cache));
    }
}
