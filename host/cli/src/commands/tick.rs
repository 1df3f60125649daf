//! `lockstep tick`: wakes what is due, once; for cron.

use lockstep_api::Exit;
use lockstep_api::wire::Woken;
use lockstep_gate::{Interrupt, SystemClock};
use lockstep_model::{Clock as _, RunOutcome};

use super::drive::watched_house;
use super::waking::wake_one;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::store_to_act;
use crate::ui::plural;
use crate::wiring;

/// Wake the runs that are due, and end
///
/// For cron, or a timer of the system. A run that waits again is left to the next tick. Safe to run twice at once: each run is woken by one of them. Ends
/// with 0, or with the code of the run that needs an operator most.
#[derive(Debug, clap::Args)]
pub(crate) struct TickArgs {}

/// Does it.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn run(_: &TickArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let (mut worst, mut woken) = (Exit::Done, Vec::new());
    if wiring::has_store(&context.store()?) {
        let interrupt = Interrupt::default();
        let (view, house) = watched_house(context, store_to_act(context)?, &[], &interrupt)?;
        for run in house.store.due(SystemClock.now())? {
            if interrupt.is_set() {
                break;
            }
            match wake_one(context, &house, run, "tick") {
                Ok(None) => {}
                Ok(Some(report)) => {
                    let outcome = report.outcome.to_string();
                    view.say(&format!("run {run}: {outcome}"));
                    worst = worst.max(exit(report.outcome));
                    woken.push(Woken { run, outcome });
                }
                // One that cannot be woken must not keep the others waiting.
                Err(error) => {
                    ui.say_error(&error);
                    worst = worst.max(error.exit());
                }
            }
        }
        view.end();
    }
    if ui.json() {
        ui.print_json(&woken)?;
    } else {
        ui.data(format!("{} woken", plural(woken.len(), "run")));
    }
    Ok(worst)
}

/// A run that waits again needs nobody.
fn exit(outcome: RunOutcome) -> Exit {
    match outcome {
        RunOutcome::Waiting => Exit::Done,
        RunOutcome::Succeeded
        | RunOutcome::Failed
        | RunOutcome::Undone
        | RunOutcome::Paused
        | RunOutcome::Stuck
        | RunOutcome::Denied
        | RunOutcome::Diverged => Exit::from(outcome),
    }
}
