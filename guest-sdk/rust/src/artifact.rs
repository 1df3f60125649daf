//! Bytes named once in a run: the same id gives the same bytes in every later step and in every undo.

use std::rc::Rc;

use crate::bindings::lockstep::contract::artifact as host;
use crate::{Context, Failure, Result, fail};

/// How much one read asks for: the contract's most.
const AT_ONCE: u32 = 1 << 20;

/// Keeps text as an artifact of this run.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn note(ctx: &Ctx) -> Result<String> {
///     let manifest = artifact::from_text("manifest", &format!("release by {}\n", ctx.run_id()))?;
///     Ok(manifest.digest())
/// }
/// ```
pub fn from_text(id: &str, text: &str) -> Result<Artifact> {
    from_bytes(id, text.as_bytes())
}

/// Keeps bytes as an artifact of this run.
pub fn from_bytes(id: &str, bytes: &[u8]) -> Result<Artifact> {
    let mut draft = draft(id);
    draft.append(bytes);
    draft.seal()
}

/// Begins an artifact that is written in parts.
pub fn draft(id: &str) -> Draft {
    Draft { draft: host::Draft::new(id) }
}

/// The artifact of that id. Fails when the run has none.
pub fn by_id(id: &str) -> Result<Artifact> {
    maybe_by_id(id).with_context(|| format!("this run has no artifact `{id}`"))
}

/// The artifact of that id, when the run has one.
pub fn maybe_by_id(id: &str) -> Option<Artifact> {
    host::by_id(id).map(Artifact::of)
}

/// An artifact being written. Nothing of it exists until it is sealed.
#[derive(Debug)]
pub struct Draft {
    draft: host::Draft,
}

impl Draft {
    /// Adds bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) -> &mut Self {
        self.draft.append(bytes);
        self
    }

    /// Stores the bytes and gives them their id.
    pub fn seal(self) -> Result<Artifact> {
        self.draft.seal().map(Artifact::of).map_err(Failure::from_host)
    }
}

/// A kept artifact.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Commands that are fed with it have it as well.
    sealed: Rc<host::Sealed>,
}

impl Artifact {
    pub(crate) fn of(sealed: host::Sealed) -> Self {
        Self { sealed: Rc::new(sealed) }
    }

    pub(crate) fn sealed(&self) -> &host::Sealed {
        &self.sealed
    }

    /// The id it was given.
    pub fn id(&self) -> String {
        self.sealed.id()
    }

    /// `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        self.sealed.digest()
    }

    /// Size in bytes.
    pub fn size(&self) -> Result<u64> {
        self.sealed.size().parse::<u64>().context("reading an artifact's size")
    }

    /// All of its bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let size = self.size()?;
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let offset = u32::try_from(bytes.len()).map_err(|_| fail("the artifact is too large to be read whole: read parts of it with `read_at`"))?;
            let part = self.sealed.read(offset, AT_ONCE).map_err(Failure::from_host)?;
            if part.is_empty() {
                return Err(fail(format!("artifact `{}` ends after {offset} of {size} bytes", self.id())));
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// At most `count` bytes (at most 1 MiB) from `offset`, of an artifact of any size. Fewer at the end, none after it.
    pub fn read_at(&self, offset: u64, count: u32) -> Result<Vec<u8>> {
        self.sealed.read_at(&offset.to_string(), count).map_err(Failure::from_host)
    }

    /// All of it as text.
    pub fn text(&self) -> Result<String> {
        String::from_utf8(self.bytes()?).with_context(|| format!("reading artifact `{}` as text", self.id()))
    }

    /// Fails unless it has that digest: `sha256:` and 64 hexadecimal digits, or the digits alone.
    pub fn expect_digest(self, pinned: &str) -> Result<Self> {
        expect_digest(&format!("artifact `{}`", self.id()), &self.digest(), pinned)?;
        Ok(self)
    }
}

/// Fails unless the digests are the same. Not retryable: other bytes do not turn into the right ones.
pub(crate) fn expect_digest(what: &str, found: &str, pinned: &str) -> Result<()> {
    let digits = |digest: &str| digest.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    if digits(found) == digits(pinned) {
        return Ok(());
    }
    Err(fail(format!("{what}: expected digest {pinned}, found {found}")).with_code(crate::codes::ASSERTION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_may_be_pinned_with_or_without_its_kind() {
        assert!(expect_digest("release", "sha256:ab12", "sha256:ab12").is_ok());
        assert!(expect_digest("release", "sha256:ab12", "AB12\n").is_ok());
        let failure = expect_digest("release", "sha256:ab12", "sha256:ffff").unwrap_err();
        assert_eq!(failure.message(), "release: expected digest sha256:ffff, found sha256:ab12");
        assert!(!failure.is_retryable());
    }
}
