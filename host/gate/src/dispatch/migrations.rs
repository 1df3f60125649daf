//! A migration needs a backup that was verified in this run, or a reason why not.

use lockstep_model::Failure;
use lockstep_model::request::DbMigration;

use super::Surroundings;

/// Whether the migration of this database may begin.
pub(super) fn may_migrate(migration: &DbMigration, database: &str, around: &Surroundings<'_>) -> Result<(), Failure> {
    if migration.unverified.is_some() || around.scribe().state().verified_backup(database).is_some() {
        return Ok(());
    }
    let message =
        format!("no backup of database `{database}` has been verified in this run: make and verify one before migration {}, or say why not", migration.version);
    Err(Failure::problem("db.unverified", message))
}
