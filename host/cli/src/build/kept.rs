//! What slow tools made, kept for the next build: a component of the same inputs is the same component, also where the tool would give other bytes.

use std::path::{Path, PathBuf};

use lockstep_model::Digest;

use crate::error::CliError;
use crate::fsio;

/// Where a component is kept, and of what it must have been made.
pub(super) struct Kept {
    component: PathBuf,
    stamp: PathBuf,
    inputs: String,
}

impl Kept {
    /// The one in a folder that was made of these inputs.
    pub(super) fn new(work: &Path, inputs: &[u8]) -> Self {
        Self { component: work.join("component.wasm"), stamp: work.join("component.inputs"), inputs: Digest::of(inputs).to_string() }
    }

    /// Where the tool has to put it.
    pub(super) fn path(&self) -> &Path {
        &self.component
    }

    /// The component, when the last build made it of the same inputs.
    pub(super) fn last(&self) -> Option<Vec<u8>> {
        let same = fsio::read_text(&self.stamp).is_ok_and(|stamp| stamp == self.inputs);
        same.then(|| fsio::read(&self.component).ok()).flatten()
    }

    /// The component that the tool has just put there.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn fresh(&self) -> Result<Vec<u8>, CliError> {
        let component = fsio::read(&self.component)?;
        fsio::write(&self.stamp, self.inputs.as_bytes())?;
        Ok(component)
    }

    /// Whatever happens from here on, the last component is no longer the one of the stamp.
    ///
    /// # Errors
    /// When the stamp cannot be taken away.
    pub(super) fn forget(&self) -> Result<(), CliError> {
        fsio::write(&self.stamp, b"")
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn a_component_is_taken_again_only_for_the_same_inputs() {
        let work = tempfile::tempdir().unwrap();
        let kept = Kept::new(work.path(), b"one");
        assert_eq!(kept.last(), None);
        std::fs::write(kept.path(), "component").unwrap();
        assert_eq!(kept.last(), None, "a tool that was interrupted may have left half of one");
        assert_eq!(kept.fresh().unwrap(), b"component");
        assert_eq!(kept.last().unwrap(), b"component");
        assert_eq!(Kept::new(work.path(), b"two").last(), None);
        kept.forget().unwrap();
        assert_eq!(kept.last(), None);
    }
}
