//! Moves a run to another component, when a replay shows that the new one agrees with everything that is recorded.

use std::sync::Arc;

use lockstep_grant::Grant;
use lockstep_journal::event::{Event, RunMigrated};
use lockstep_model::RunId;

use crate::declare::check_imports;
use crate::error::EngineError;
use crate::house::House;
use crate::procedure::Procedure;
use crate::replay::{AttemptChecked, ReplayReport, replay};
use crate::run::open_idle;

/// A run to be moved.
#[derive(Clone)]
pub struct Migrate {
    /// Which run.
    pub run: RunId,
    /// The component that it is to go on with.
    pub procedure: Arc<dyn Procedure>,
    /// That component's bytes: kept together with the record that names them.
    pub component: Vec<u8>,
    /// What the run may do: the component must not import more.
    pub grant: Arc<Grant>,
    /// Why.
    pub reason: String,
}

/// Replays the whole run with the new component, and moves it when the two agree: `ReplayReport::agrees` says so. Else nothing is written.
///
/// The plan must be the same, steps that have not begun included: what an approval or `run --plan` was bound to does not change under a run. Every
/// recorded call must be asked for just so, also those of attempts that failed, or an effect's idempotency key would come to stand for another request.
/// What may change is what the journal does not have yet: how steps go that have not begun, and how an attempt goes on where it failed.
///
/// # Errors
/// When the run has ended, the component imports what the grant does not give, another process drives the run, or the journal cannot be read
/// or written.
pub fn migrate(house: &House, migrate: Migrate, seen: &mut dyn FnMut(&AttemptChecked)) -> Result<ReplayReport, EngineError> {
    let Migrate { run, procedure, component, grant, reason } = migrate;
    // Held over the replay: no process drives the run meanwhile.
    let mut scribe = open_idle(house, run, &reason)?;
    let report = check_imports(&*procedure, &grant).and_then(|()| replay(&house.store, run, &*procedure, seen));
    if report.as_ref().is_ok_and(ReplayReport::agrees) {
        scribe.attach(component);
        scribe.note(Event::RunMigrated(RunMigrated { component: procedure.digest(), reason }))?;
    }
    scribe.let_go()?;
    report
}
