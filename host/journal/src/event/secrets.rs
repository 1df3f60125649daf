//! Which secrets a run has captured, and which values its calls take with them.

use lockstep_model::{Content, Digest, StepId};
use serde::{Deserialize, Serialize};

/// A captured secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretCaptured {
    /// Which step captured it.
    pub step: StepId,
    /// Its id in the grant.
    pub secret: String,
    /// The blob with the value, encrypted under the store's key.
    pub sealed: Digest,
}

/// A secret that calls take with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretUsed {
    /// Its id in the grant.
    pub secret: String,
    /// Which value: a digest of it, salted by the run and encrypted under the store's key. Without that key it says nothing, not even to who tries every
    /// short value there is.
    pub mark: Content,
}
