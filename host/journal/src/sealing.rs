//! Encrypts blobs and the secrets a run captures, so that a copy of the store without its key file gives none of them away.

pub mod pieces;

use std::fmt;

use chacha20poly1305::aead::{Aead, AeadInOut, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use lockstep_model::{Digest, RunId};
use ring::hmac;

/// What is authenticated first, so that nothing sealed for another purpose opens here.
const DOMAIN: &str = "lockstep secret v1";

/// The same for blobs.
const BLOB_DOMAIN: &str = "lockstep blob v1";

/// The nonce of XChaCha20-Poly1305: long enough to be drawn at random for ever.
pub const NONCE: usize = 24;

/// So many bytes a blob is longer when it is sealed: the cipher's tag.
pub const SEALED_LONGER: u64 = 16;

/// A store's key for blobs and captured secrets.
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    /// What keys of large blobs' files are made with.
    files: hmac::Key,
}

/// Why something could not be sealed or opened. Says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed with this key for this purpose")]
pub struct NotSealedHere;

impl SealingKey {
    /// From the 32 bytes of the key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&(*key).into()), files: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// Encrypts `value` for one secret of one run. `nonce` must never be used twice with the same key.
    ///
    /// # Errors
    /// When the value is longer than the cipher's 256 GiB.
    pub fn seal(&self, nonce: [u8; NONCE], run: RunId, secret: &str, value: &[u8]) -> Result<Vec<u8>, NotSealedHere> {
        let context = context(run, secret);
        let encrypted = self.cipher.encrypt(&nonce.into(), Payload { msg: value, aad: context.as_bytes() }).map_err(|_| NotSealedHere)?;
        Ok([nonce.as_slice(), &encrypted].concat())
    }

    /// Decrypts what `seal` gave.
    ///
    /// # Errors
    /// When it was sealed with another key, for another run or secret, or has been changed.
    pub fn open(&self, run: RunId, secret: &str, sealed: &[u8]) -> Result<Vec<u8>, NotSealedHere> {
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>().ok_or(NotSealedHere)?;
        let context = context(run, secret);
        self.cipher.decrypt(&(*nonce).into(), Payload { msg: encrypted, aad: context.as_bytes() }).map_err(|_| NotSealedHere)
    }

    /// Encrypts a blob under the digest of its bytes, which must be theirs. Sealing the same bytes twice gives the same.
    ///
    /// # Errors
    /// When it is longer than the cipher's 256 GiB.
    pub fn seal_blob(&self, digest: Digest, mut bytes: Vec<u8>) -> Result<Vec<u8>, NotSealedHere> {
        self.cipher.encrypt_in_place(&blob_nonce(digest).into(), &blob_context(digest), &mut bytes).map_err(|_| NotSealedHere)?;
        Ok(bytes)
    }

    /// Decrypts what `seal_blob` gave.
    ///
    /// # Errors
    /// When it was sealed with another key or under another digest, or has been changed.
    pub fn open_blob(&self, digest: Digest, mut sealed: Vec<u8>) -> Result<Vec<u8>, NotSealedHere> {
        self.cipher.decrypt_in_place(&blob_nonce(digest).into(), &blob_context(digest), &mut sealed).map_err(|_| NotSealedHere)?;
        Ok(sealed)
    }
}

/// The beginning of the digest. A nonce must never serve two texts: two that share this one would be a collision of 192 bits of SHA-256, and the same
/// text twice gives the same ciphertext, of which the digest in the journal tells as much. So nothing random is needed, and nothing is stored.
fn blob_nonce(digest: Digest) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&digest.0[..NONCE]);
    nonce
}

fn blob_context(digest: Digest) -> Vec<u8> {
    [BLOB_DOMAIN.as_bytes(), &digest.0].concat()
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
    use lockstep_model::{Digest, RunId};

    use super::{NONCE, NotSealedHere, SEALED_LONGER, SealingKey};

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
    #[test]
    fn a_sealed_blob_opens_under_its_digest_and_key_only() {
        let (key, bytes) = (SealingKey::new(&[1; 32]), b"the bytes of a request".to_vec());
        let digest = Digest::of(&bytes);
        let sealed = key.seal_blob(digest, bytes.clone()).unwrap();
        assert_eq!(sealed.len() as u64, bytes.len() as u64 + SEALED_LONGER);
        assert_eq!(key.open_blob(digest, sealed.clone()), Ok(bytes.clone()));
        assert!(!sealed.windows(7).any(|window| window == b"request"));
        assert_eq!(key.open_blob(Digest::of(b"other"), sealed.clone()), Err(NotSealedHere));
        assert_eq!(SealingKey::new(&[2; 32]).open_blob(digest, sealed.clone()), Err(NotSealedHere));
        assert_eq!(key.open_blob(digest, sealed[..10].to_vec()), Err(NotSealedHere));
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(key.open_blob(digest, changed), Err(NotSealedHere), "byte {index}");
        }
        assert_eq!(key.open_blob(Digest::of(b""), key.seal_blob(Digest::of(b""), Vec::new()).unwrap()), Ok(Vec::new()));
    }
}
