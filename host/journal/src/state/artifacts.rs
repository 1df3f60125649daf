//! The artifacts of a run, and which of them are backups.

use lockstep_model::request::{DbBackup, SealedArtifact};

use super::RunState;
use crate::event::{ArtifactSealed, BackupMade, BackupVerified};

/// An artifact that is a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What it says of itself.
    pub made: DbBackup,
    /// Whether it was restored into a scratch database, and was all there.
    pub verified: bool,
}

impl RunState {
    /// A backup of the database with this id in the grant that the run has made and verified.
    pub fn verified_backup(&self, database: &str) -> Option<&DbBackup> {
        self.backups.values().find(|backup| backup.verified && backup.made.database == database).map(|backup| &backup.made)
    }

    pub(super) fn artifact_sealed(&mut self, sealed: &ArtifactSealed) -> Result<(), String> {
        self.step_mut(&sealed.step)?;
        if let Some(there) = self.artifacts.get(&sealed.id)
            && there.digest != sealed.digest
        {
            return Err(format!("artifact `{}` has digest {} already", sealed.id, there.digest));
        }
        let artifact = SealedArtifact { id: sealed.id.clone(), digest: sealed.digest, size: sealed.size.clone() };
        self.artifacts.insert(sealed.id.clone(), artifact);
        Ok(())
    }

    pub(super) fn backup_made(&mut self, made: &BackupMade) -> Result<(), String> {
        self.step_mut(&made.step)?;
        let artifact = &made.backup.artifact;
        if self.artifacts.get(&artifact.id) != Some(artifact) {
            return Err(format!("the run has no artifact `{}` with these bytes", artifact.id));
        }
        if self.backups.contains_key(&artifact.id) {
            return Err(format!("artifact `{}` is a backup already", artifact.id));
        }
        self.backups.insert(artifact.id.clone(), Backup { made: made.backup.clone(), verified: false });
        Ok(())
    }

    pub(super) fn backup_verified(&mut self, verified: &BackupVerified) -> Result<(), String> {
        self.step_mut(&verified.step)?;
        let backup = self.backups.get_mut(&verified.artifact).ok_or_else(|| format!("artifact `{}` is no backup", verified.artifact))?;
        backup.verified = true;
        Ok(())
    }
}
