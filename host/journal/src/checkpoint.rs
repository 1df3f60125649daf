//! Signed heads of the ledger: C2SP `tlog-checkpoint` bodies as C2SP `signed-note`, with Ed25519, so that other people's tools verify them.
//!
//! A checkpoint kept elsewhere is what shows that a store lost its end, or was replaced whole.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use lockstep_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::ledger::TreeHead;

/// The byte that stands for Ed25519 in keys and key ids of `signed-note`.
const ED25519: u8 = 1;

/// A checkpoint with many co-signatures has a few kilobytes: what is longer is none, and is not looked at.
const LONGEST_NOTE: usize = 64 * 1024;

/// Signs the heads of one store.
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// The signer with that Ed25519 seed. Its name is made of its public key.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = key.verifying_key();
        let short = &Digest(public.to_bytes()).hex()[..8];
        Self { key, verifier: Verifier::new(format!("lockstep/store/{short}"), public) }
    }

    /// Signs a head.
    pub fn sign(&self, head: &TreeHead) -> String {
        let Verifier { name, id, .. } = &self.verifier;
        let body = format!("{name}\n{}\n{}\n", head.size, BASE64.encode(head.root.0));
        let mut signature = id.to_vec();
        signature.extend(self.key.sign(body.as_bytes()).to_bytes());
        format!("{body}\n\u{2014} {name} {}\n", BASE64.encode(signature))
    }

    /// What its signatures are verified with.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier.to_string()).finish()
    }
}

/// Verifies the heads of one store. Written as the verifier key of `signed-note`: name, key id and key, joined by `+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a text is no verifier key or no checkpoint of that verifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Not a verifier key.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
    /// Not a signed note with a checkpoint in it.
    #[error("not a checkpoint: {0}")]
    Form(&'static str),
    /// Of another ledger.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    Origin {
        /// The verifier's name.
        expected: String,
        /// The checkpoint's origin.
        found: String,
    },
    /// Not signed with the key.
    #[error("the checkpoint has no signature of {0}")]
    Unsigned(String),
    /// The signature is not of this text.
    #[error("the signature of {0} does not fit the checkpoint")]
    Forged(String),
}

impl Verifier {
    fn new(name: String, key: VerifyingKey) -> Self {
        let hash = Sha256::new().chain_update(name.as_bytes()).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize();
        let id = [hash[0], hash[1], hash[2], hash[3]];
        Self { name, id, key }
    }

    /// Reads a verifier key.
    ///
    /// # Errors
    /// When the text is none, or not of Ed25519.
    pub fn parse(text: &str) -> Result<Self, InvalidCheckpoint> {
        let invalid = InvalidCheckpoint::Key;
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(invalid("expected a name, a key id and a key, joined by `+`"));
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(invalid("the name is empty or has a space"));
        }
        let key = BASE64.decode(key).map_err(|_| invalid("the key is not base64"))?;
        let Some((&ED25519, key)) = key.split_first() else { return Err(invalid("the key is not of Ed25519")) };
        let key = <&[u8; 32]>::try_from(key).map_err(|_| invalid("the key has not 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| invalid("the key is not of Ed25519"))?;
        let verifier = Self::new(name.to_owned(), key);
        if id == verifier.hex_id() { Ok(verifier) } else { Err(invalid("the key id is not that of the name and the key")) }
    }

    /// The ledger's name, which is also the signer's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a note and verifies this key's signature of it. Signatures of others are passed over.
    ///
    /// # Errors
    /// When it is no checkpoint of this ledger signed with this key.
    pub fn open(&self, note: &str) -> Result<TreeHead, InvalidCheckpoint> {
        let form = InvalidCheckpoint::Form;
        if note.len() > LONGEST_NOTE {
            return Err(form("it is too long"));
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(form("no empty line stands before the signatures"))?;
        let body = &note[..=text.len()];
        let mut lines = text.split('\n');
        let origin = lines.next().unwrap_or_default();
        if origin != self.name {
            return Err(InvalidCheckpoint::Origin { expected: self.name.clone(), found: origin.chars().take(80).collect() });
        }
        let size = lines.next().and_then(decimal).ok_or(form("the second line is not a size"))?;
        let root = lines.next().and_then(|line| BASE64.decode(line).ok()).ok_or(form("the third line is not base64"))?;
        let root = Digest(root.try_into().map_err(|_| form("the root has not 32 bytes"))?);
        if lines.any(str::is_empty) {
            return Err(form("a line is empty"));
        }
        self.check(body, signatures)?;
        Ok(TreeHead { size, root })
    }

    fn check(&self, body: &str, signatures: &str) -> Result<(), InvalidCheckpoint> {
        let form = InvalidCheckpoint::Form;
        let lines = signatures.strip_suffix('\n').ok_or(form("the last line has no end"))?;
        let mut found = false;
        for line in lines.split('\n') {
            let (name, signature) = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(form("a signature is malformed"))?;
            let signature = BASE64.decode(signature).map_err(|_| form("a signature is not base64"))?;
            let Some((id, signature)) = signature.split_first_chunk::<4>() else { return Err(form("a signature is too short")) };
            if name != self.name || *id != self.id {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| form("a signature has not 64 bytes"))?;
            self.key.verify_strict(body.as_bytes(), &signature).map_err(|_| InvalidCheckpoint::Forged(self.name.clone()))?;
            found = true;
        }
        if found { Ok(()) } else { Err(InvalidCheckpoint::Unsigned(self.to_string())) }
    }

    fn hex_id(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id))
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, self.hex_id(), BASE64.encode(key))
    }
}

/// A decimal without sign or leading zero.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
