//! Which artifacts are backups, and which of them have been restored for a trial.

use lockstep_model::StepId;
use lockstep_model::request::DbBackup;
use serde::{Deserialize, Serialize};

/// What an artifact is a backup of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BackupMade {
    /// Which step made it.
    pub step: StepId,
    /// What it says of itself.
    pub backup: DbBackup,
}

/// That a backup can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BackupVerified {
    /// Which step did it.
    pub step: StepId,
    /// The id of its artifact.
    pub artifact: String,
}
