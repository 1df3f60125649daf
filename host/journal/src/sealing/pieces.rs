//! Encrypts what is too large to be held in memory piece by piece, so that any part can be opened by itself.
//!
//! The digest of a stream is known at its end only, so that its beginning cannot be the nonce, as it is a small blob's. A file has a random number instead,
//! and a piece's nonce is that number and the piece's place: pieces of two files, or two pieces of one, never share one. The head, sealed last and written
//! first, binds the number to the digest and size of the whole. So a piece that was moved, exchanged for that of another file or left out, and a file that
//! was cut off, put under another name or made of older pieces, do not open.

use chacha20poly1305::aead::AeadInOut;
use lockstep_model::Digest;

use super::{NONCE, NotSealedHere, SealingKey};

/// Bytes of one piece before it is sealed; the last one may have fewer. Small enough to be held by each of many readers.
pub const PIECE: usize = 64 << 10;

/// So many bytes a piece is longer when it is sealed: the cipher's tag.
pub const TAG: usize = 16;

/// Bytes of the number that belongs to one file alone, drawn at random.
pub const NUMBER: usize = 16;

/// Bytes of a sealed head: the number, then digest and size, sealed.
pub const HEAD: usize = NUMBER + DIGEST + SIZE + TAG;

const DIGEST: usize = 32;
const SIZE: usize = 8;

/// What is authenticated with every piece, so that nothing sealed for another purpose opens here.
const DOMAIN: &[u8] = b"lockstep blob file v1";

/// The place of the head: no file has so many pieces.
const HEAD_PLACE: u64 = u64::MAX;

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The file's own number.
    pub number: [u8; NUMBER],
    /// Of the bytes of all pieces.
    pub digest: Digest,
    /// How many bytes they have.
    pub size: u64,
}

impl SealingKey {
    /// Encrypts a piece in its place. `number` must have been drawn for this file alone, and no place is sealed twice.
    ///
    /// # Errors
    /// When it is longer than the cipher's 256 GiB.
    pub fn seal_piece(&self, number: [u8; NUMBER], place: u64, piece: &mut Vec<u8>) -> Result<(), NotSealedHere> {
        self.0.encrypt_in_place(&nonce(number, place).into(), DOMAIN, piece).map_err(|_| NotSealedHere)
    }

    /// Decrypts what `seal_piece` gave.
    ///
    /// # Errors
    /// When it was sealed with another key, for another file or place, or has been changed.
    pub fn open_piece(&self, number: [u8; NUMBER], place: u64, sealed: &mut Vec<u8>) -> Result<(), NotSealedHere> {
        self.0.decrypt_in_place(&nonce(number, place).into(), DOMAIN, sealed).map_err(|_| NotSealedHere)
    }

    /// Encrypts what binds the pieces of a file together: `HEAD` bytes.
    ///
    /// # Errors
    /// Never: a head is short.
    pub fn seal_head(&self, head: &Head) -> Result<Vec<u8>, NotSealedHere> {
        let mut said = [head.digest.0.as_slice(), &head.size.to_be_bytes()].concat();
        self.seal_piece(head.number, HEAD_PLACE, &mut said)?;
        Ok([head.number.as_slice(), &said].concat())
    }

    /// Decrypts what `seal_head` gave.
    ///
    /// # Errors
    /// When it was sealed with another key, or has been changed.
    pub fn open_head(&self, sealed: &[u8; HEAD]) -> Result<Head, NotSealedHere> {
        let (number, said) = sealed.split_first_chunk::<NUMBER>().ok_or(NotSealedHere)?;
        let mut said = said.to_vec();
        self.open_piece(*number, HEAD_PLACE, &mut said)?;
        let (digest, size) = said.split_first_chunk::<DIGEST>().ok_or(NotSealedHere)?;
        let size: [u8; SIZE] = size.try_into().map_err(|_| NotSealedHere)?;
        Ok(Head { number: *number, digest: Digest(*digest), size: u64::from_be_bytes(size) })
    }
}

fn nonce(number: [u8; NUMBER], place: u64) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    nonce[..NUMBER].copy_from_slice(&number);
    nonce[NUMBER..].copy_from_slice(&place.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::{HEAD, Head, NUMBER, TAG};
    use crate::sealing::{NotSealedHere, SealingKey};
    use lockstep_model::Digest;

    const ONE: [u8; NUMBER] = [1; NUMBER];

    #[test]
    fn a_piece_opens_in_its_place_of_its_file_only() {
        let (key, bytes) = (SealingKey::new(&[1; 32]), b"a piece of a dump".to_vec());
        let mut sealed = bytes.clone();
        key.seal_piece(ONE, 7, &mut sealed).unwrap();
        assert_eq!(sealed.len(), bytes.len() + TAG);
        let opened = |key: &SealingKey, number, place, sealed: &[u8]| {
            let mut piece = sealed.to_vec();
            key.open_piece(number, place, &mut piece).map(|()| piece)
        };
        assert_eq!(opened(&key, ONE, 7, &sealed), Ok(bytes));
        assert_eq!(opened(&key, ONE, 8, &sealed), Err(NotSealedHere));
        assert_eq!(opened(&key, [2; NUMBER], 7, &sealed), Err(NotSealedHere));
        assert_eq!(opened(&SealingKey::new(&[2; 32]), ONE, 7, &sealed), Err(NotSealedHere));
        assert_eq!(opened(&key, ONE, 7, &sealed[..sealed.len() - 1]), Err(NotSealedHere));
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(opened(&key, ONE, 7, &changed), Err(NotSealedHere), "byte {index}");
        }
    }

    #[test]
    fn a_head_that_was_changed_in_any_byte_does_not_open() {
        let key = SealingKey::new(&[1; 32]);
        let head = Head { number: ONE, digest: Digest::of(b"all of it"), size: 5_000_000_000 };
        let sealed: [u8; HEAD] = key.seal_head(&head).unwrap().try_into().unwrap();
        assert_eq!(key.open_head(&sealed), Ok(head));
        for index in 0..HEAD {
            let mut changed = sealed;
            changed[index] ^= 1;
            assert_eq!(key.open_head(&changed), Err(NotSealedHere), "byte {index}");
        }
    }
}
