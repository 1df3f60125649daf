//! The store's two secret keys, in one file that only its owner can read: made at first use, never replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_journal::StoreError;
use lockstep_journal::checkpoint::Signer;
use lockstep_journal::sealing::SealingKey;
use lockstep_model::Secret;

use crate::error::of_file;

/// The file's first line: which form it has.
const FORM: &str = "lockstep-key-1";

/// A key file has three short lines.
const LONGEST: u64 = 1024;

/// Both keys, and the file they came from.
pub(crate) struct Keys {
    pub(crate) signer: Signer,
    pub(crate) sealing: SealingKey,
    pub(crate) file: File,
}

/// Where the keys of the store in `dir` are.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("key")
}

impl Keys {
    /// Reads the keys of a store.
    pub(crate) fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = path(dir);
        let mut file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Damaged(format!("its key file {} is gone", path.display())),
            _ => of_file(&path, &error),
        })?;
        let mode = file.metadata().map_err(|error| of_file(&path, &error))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Exposed { path: path.display().to_string(), mode });
        }
        let mut text = String::new();
        let length = (&mut file).take(LONGEST).read_to_string(&mut text);
        let text = Secret::new(text);
        length.map_err(|error| of_file(&path, &error))?;
        let invalid = || StoreError::Damaged(format!("{} is not a key file", path.display()));
        let mut lines = text.expose().lines();
        let (Some(FORM), Some(seed), Some(sealing), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else { return Err(invalid()) };
        let seed = key(seed, "sign ").ok_or_else(invalid)?;
        let sealing = key(sealing, "seal ").ok_or_else(invalid)?;
        Ok(Self { signer: Signer::from_seed(seed.expose()), sealing: SealingKey::new(sealing.expose()), file })
    }

    /// Whether they are those of the store whose checkpoints are verified with `verifier`.
    pub(crate) fn expect(&self, verifier: &str) -> Result<(), StoreError> {
        let own = self.signer.verifier().to_string();
        if own == verifier { Ok(()) } else { Err(StoreError::Damaged(format!("its key file is of another store: {own} is not {verifier}"))) }
    }

    /// Reads the keys, and makes them when there are none. Of two processes that make them at once, one wins and both have the same.
    pub(crate) fn read_or_make(dir: &Path) -> Result<Self, StoreError> {
        if !path(dir).exists() {
            make(dir)?;
        }
        Self::read(dir)
    }
}

fn key(line: &str, name: &str) -> Option<Secret<[u8; 32]>> {
    BASE64.decode(line.strip_prefix(name)?).ok()?.try_into().ok().map(Secret::new)
}

/// The file appears under its name with everything in it, durably: a crash leaves no half a key, and nothing was signed with one that is lost.
fn make(dir: &Path) -> Result<(), StoreError> {
    let (seed, sealing) = (random::<32>()?, random::<32>()?);
    let text = Secret::new(format!("{FORM}\nsign {}\nseal {}\n", BASE64.encode(seed.expose()), BASE64.encode(sealing.expose())));
    let suffix = u64::from_le_bytes(*random::<8>()?.expose());
    let draft = dir.join(format!("key.{suffix:016x}.new"));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.expose().as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path(dir)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    };
    let written = write();
    // When nothing was made there is nothing to remove, and the first error is the one to tell.
    let _ = fs::remove_file(&draft);
    written.and_then(|()| File::open(dir)?.sync_all()).map_err(|error| of_file(&path(dir), &error))
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<Secret<[u8; N]>, StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Medium(format!("no random bytes: {error}")))?;
    Ok(Secret::new(bytes))
}
