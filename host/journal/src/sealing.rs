//! Encrypts the secrets a run captures, so that a copy of the store without its key file gives none away.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use lockstep_model::RunId;

/// What is authenticated first, so that nothing sealed for another purpose opens here.
const DOMAIN: &str = "lockstep secret v1";

/// The nonce of XChaCha20-Poly1305: long enough to be drawn at random for ever.
pub const NONCE: usize = 24;

/// A store's key for captured secrets.
pub struct SealingKey(XChaCha20Poly1305);

/// Why a secret could not be sealed or opened. Says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed with this key for this run and secret")]
pub struct NotSealedHere;

impl SealingKey {
    /// From the 32 bytes of the key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// Encrypts `value` for one secret of one run. `nonce` must never be used twice with the same key.
    ///
    /// # Errors
    /// When the value is longer than the cipher's 256 GiB.
    pub fn seal(&self, nonce: [u8; NONCE], run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, NotSealedHere> {
        let context = context(run, secret);
        let encrypted = self.0.encrypt(&nonce.into(), Payload { msg: value, aad: context.as_bytes() }).map_err(|_| NotSealedHere)?;
        Ok([nonce.as_slice(), &encrypted].concat())
    }

    /// Decrypts what `seal` gave.
    ///
    /// # Errors
    /// When it was sealed with another key, for another run or secret, or has been changed.
    pub fn open(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, NotSealedHere> {
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>().ok_or(NotSealedHere)?;
        let context = context(run, secret);
        self.0.decrypt(&(*nonce).into(), Payload { msg: encrypted, aad: context.as_bytes() }).map_err(|_| NotSealedHere)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A run's id has a fixed length, so that no two contexts look alike.
fn context(run: RunId, secret: &str) -> String {
    format!("{DOMAIN}|{run}|{secret}")
}

#[cfg(test)]
mod tests {
    use lockstep_model::RunId;

    use super::{NONCE, NotSealedHere, SealingKey};

    #[test]
    fn a_sealed_secret_opens_for_its_run_and_name_only() {
        let (key, run) = (SealingKey::new(&[1; 32]), RunId::from_parts(1, 1));
        let sealed = key.seal([9; NONCE], run, "token", b"hunter2").unwrap();
        assert_eq!(key.open(run, "token", &sealed), Ok(b"hunter2".to_vec()));
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(key.open(RunId::from_parts(1, 2), "token", &sealed), Err(NotSealedHere));
        assert_eq!(key.open(run, "tokem", &sealed), Err(NotSealedHere));
        assert_eq!(SealingKey::new(&[2; 32]).open(run, "token", &sealed), Err(NotSealedHere));
        assert_eq!(key.open(run, "token", &sealed[..10]), Err(NotSealedHere));
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(key.open(run, "token", &changed), Err(NotSealedHere), "byte {index}");
        }
    }
}
