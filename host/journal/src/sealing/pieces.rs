//! Encrypts what is too large to be held in memory piece by piece, so that any part can be opened by itself.
//!
//! The digest of a stream is known at its end only, so that its beginning cannot be the nonce, as it is a small blob's. A file has a random number instead,
//! from which and the store's key its own key is made, and a piece's nonce is its place: no two pieces share both. The head, sealed last and written first,
//! binds the number to the digest and size of the whole. So a piece that was moved, exchanged for that of another file or left out, and a file that was cut
//! off, put under another name or made of older pieces, do not open.
//!
//! The cipher is AES-256-GCM, another one than for what is small: processors have instructions for it, which seal several times as much in the same time, and a key
//! for one file alone makes its short nonce do.

use lockstep_model::Digest;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use super::{NotSealedHere, SealingKey};

/// Bytes of one piece before it is sealed; the last one may have fewer. Small enough to be held by each of many readers.
pub const PIECE: usize = 64 << 10;

/// So many bytes a piece is longer when it is sealed: the cipher's tag.
pub const TAG: usize = MAX_TAG_LEN;

/// Bytes of the number that belongs to one file alone, drawn at random.
pub const NUMBER: usize = 16;

/// Bytes of a sealed head: the number, then digest and size, sealed.
pub const HEAD: usize = NUMBER + DIGEST + SIZE + TAG;

const DIGEST: usize = 32;
const SIZE: usize = 8;

/// What the key of a file is made of beside its number, so that it is no key for another purpose.
const DOMAIN: &[u8] = b"lockstep blob file v1";

/// The place of the head: no file has so many pieces.
const HEAD_PLACE: u64 = u64::MAX;

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Of the bytes of all pieces.
    pub digest: Digest,
    /// How many bytes they have.
    pub size: u64,
}

/// The key of one file.
pub struct FileKey {
    number: [u8; NUMBER],
    key: LessSafeKey,
}

impl SealingKey {
    /// The key of a file, whose `number` must have been drawn for it alone.
    ///
    /// # Errors
    /// Never: it has the cipher's length.
    pub fn of_file(&self, number: [u8; NUMBER]) -> Result<FileKey, NotSealedHere> {
        let key = hmac::sign(&self.files, &[DOMAIN, &number].concat());
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| NotSealedHere)?;
        Ok(FileKey { number, key: LessSafeKey::new(key) })
    }

    /// Decrypts what `seal_head` gave, and gives the key for the pieces as well.
    ///
    /// # Errors
    /// When it was sealed with another key, or has been changed.
    pub fn open_head(&self, sealed: &[u8; HEAD]) -> Result<(FileKey, Head), NotSealedHere> {
        let (number, said) = sealed.split_first_chunk::<NUMBER>().ok_or(NotSealedHere)?;
        let (key, mut said) = (self.of_file(*number)?, said.to_vec());
        key.open_piece(HEAD_PLACE, &mut said)?;
        let (digest, size) = said.split_first_chunk::<DIGEST>().ok_or(NotSealedHere)?;
        let size: [u8; SIZE] = size.try_into().map_err(|_| NotSealedHere)?;
        Ok((key, Head { digest: Digest(*digest), size: u64::from_be_bytes(size) }))
    }
}

impl FileKey {
    /// Encrypts a piece in its place. No place may be sealed twice.
    ///
    /// # Errors
    /// When it is longer than the cipher's 64 GiB.
    pub fn seal_piece(&self, place: u64, piece: &mut Vec<u8>) -> Result<(), NotSealedHere> {
        self.key.seal_in_place_append_tag(nonce(place), Aad::empty(), piece).map_err(|_| NotSealedHere)
    }

    /// Decrypts what `seal_piece` gave.
    ///
    /// # Errors
    /// When it was sealed with another key or for another place, or has been changed.
    pub fn open_piece(&self, place: u64, sealed: &mut Vec<u8>) -> Result<(), NotSealedHere> {
        let length = self.key.open_in_place(nonce(place), Aad::empty(), sealed).map_err(|_| NotSealedHere)?.len();
        sealed.truncate(length);
        Ok(())
    }

    /// Encrypts what binds the pieces of the file together: `HEAD` bytes.
    ///
    /// # Errors
    /// Never: a head is short.
    pub fn seal_head(&self, head: &Head) -> Result<Vec<u8>, NotSealedHere> {
        let mut said = [head.digest.0.as_slice(), &head.size.to_be_bytes()].concat();
        self.seal_piece(HEAD_PLACE, &mut said)?;
        Ok([self.number.as_slice(), &said].concat())
    }
}

fn nonce(place: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - size_of::<u64>()..].copy_from_slice(&place.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
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
        key.of_file(ONE).unwrap().seal_piece(7, &mut sealed).unwrap();
        assert_eq!(sealed.len(), bytes.len() + TAG);
        let opened = |key: &SealingKey, number, place, sealed: &[u8]| {
            let mut piece = sealed.to_vec();
            key.of_file(number).unwrap().open_piece(place, &mut piece).map(|()| piece)
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
        let head = Head { digest: Digest::of(b"all of it"), size: 5_000_000_000 };
        let sealed: [u8; HEAD] = key.of_file(ONE).unwrap().seal_head(&head).unwrap().try_into().unwrap();
        let opened = |sealed: &[u8; HEAD]| key.open_head(sealed).map(|(_, head)| head);
        assert_eq!(opened(&sealed), Ok(head));
        for index in 0..HEAD {
            let mut changed = sealed;
            changed[index] ^= 1;
            assert_eq!(opened(&changed), Err(NotSealedHere), "byte {index}");
        }
    }
}
