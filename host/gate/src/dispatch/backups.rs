//! Which artifacts of the run are backups: the journal knows, and nobody else is believed.

use lockstep_grant::Granted;
use lockstep_journal::event::{BackupMade, BackupVerified, Event};
use lockstep_model::request::{DbAsk, DbBackup, DbBackupOrder, DbRequest, DbResponse, SealedArtifact};
use lockstep_model::{Failure, StepId};

use super::Surroundings;
use crate::artifacts::{check_artifact_id, taken};
use crate::driver::CallContext;

/// A run has one backup of an id: whoever orders it again, in a step that is tried once more, gets the one that was made first.
pub(super) fn make(order: &DbBackupOrder, call: &Granted<DbRequest>, around: &Surroundings<'_>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
    check_artifact_id(&order.artifact)?;
    {
        let scribe = around.scribe();
        let state = scribe.state();
        match (state.backups.get(&order.artifact), state.artifacts.get(&order.artifact)) {
            (Some(there), _) if there.made.database == call.request().database => return Ok(DbResponse::Backup(there.made.clone())),
            (_, Some(there)) => return Err(taken(&order.artifact, there.digest, None)),
            (_, None) => {}
        }
    }
    around.drivers.db.perform(call, context)
}

pub(super) fn found(artifact: &SealedArtifact, around: &Surroundings<'_>) -> Result<DbResponse, Failure> {
    let scribe = around.scribe();
    let found = scribe.state().backups.get(&artifact.id).filter(|backup| backup.made.artifact == *artifact);
    found.map(|backup| DbResponse::Backup(backup.made.clone())).ok_or_else(|| none(&artifact.id))
}

/// That the run has made it, and it says what it said then.
pub(super) fn known(backup: &DbBackup, around: &Surroundings<'_>) -> Result<(), Failure> {
    let scribe = around.scribe();
    let known = scribe.state().backups.get(&backup.artifact.id).is_some_and(|there| there.made == *backup);
    if known { Ok(()) } else { Err(none(&backup.artifact.id)) }
}

fn none(id: &str) -> Failure {
    Failure::problem("db.no-backup", format!("artifact `{id}` is no backup: only what `make-backup` has made in this run can be verified and restored"))
}

pub(super) fn consequences(ask: &DbAsk, response: &DbResponse, around: &Surroundings<'_>, step: &StepId) -> Vec<Event> {
    if let (DbAsk::MakeBackup(_), DbResponse::Backup(backup)) = (ask, response)
        && !around.scribe().state().backups.contains_key(&backup.artifact.id)
    {
        return vec![Event::BackupMade(Box::new(BackupMade { step: step.clone(), backup: backup.clone() }))];
    }
    if let (DbAsk::VerifyBackup(backup), DbResponse::Verified) = (ask, response) {
        return vec![Event::BackupVerified(BackupVerified { step: step.clone(), artifact: backup.artifact.id.clone() })];
    }
    Vec::new()
}
