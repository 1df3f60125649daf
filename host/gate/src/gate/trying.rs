//! The live call of a dry run: a read as ever, an effect only as far as its driver can have it tried.

use std::time::Duration;

use lockstep_grant::Granted;
use lockstep_model::Failure;

use super::{NextCall, Session, Way};
use crate::dispatch::Dispatch;
use crate::dry_run::{Came, DryRun, Trial, Tried};
use crate::stop::Stop;

/// How long a far side may try a change: it may hold locks meanwhile.
const LONGEST_TRIAL: Duration = Duration::from_secs(10);

impl Way<'_> {
    /// A call of a dry run, once it is granted. Nothing is intended, since nothing is done: what an effect's trial says is recorded as a read.
    pub(super) fn tentative<R: Dispatch>(
        &self,
        dry_run: &DryRun,
        session: &mut Session,
        next: NextCall,
        granted: Granted<R>,
    ) -> Result<Result<R::Response, Failure>, Stop> {
        if granted.request().goes_on_from_changes() && dry_run.has_changed_something() {
            return Err(stop(dry_run, &next, "it goes on from what was only tried".to_owned()));
        }
        if granted.class().is_effect() && !R::stays_inside() {
            return self.trial(dry_run, session, next, granted);
        }
        match self.perform(session, &next.id, &granted, "", self.now()) {
            Err(Stop::Waiting(until)) => Err(stop(dry_run, &next, format!("it would wait until {until}"))),
            performed => self.finish_read(session, next, granted, performed?),
        }
    }

    fn trial<R: Dispatch>(&self, dry_run: &DryRun, session: &mut Session, next: NextCall, granted: Granted<R>) -> Result<Result<R::Response, Failure>, Stop> {
        session.effects += 1;
        let (key, now) = (self.gate.key(session.effects), self.now());
        let time_left = match session.budget.time_left(now, granted.request().timeout()) {
            Ok(left) => left.min(LONGEST_TRIAL),
            Err(failure) => return Ok(Err(failure)),
        };
        let told = match self.with_driver(time_left, &next.id, &granted, (&key, now), |around, call, context| Ok(R::try_out(around, call, context)))? {
            Trial::Untried(why) => return Err(stop(dry_run, &next, why)),
            Trial::Told(told) => told.map_err(|failure| self.scrub_failure(failure)),
        };
        if self.run.interrupt.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let came = told.as_ref().map_or_else(|failure| Came::Refused(failure.clone()), |_| Came::Taken);
        dry_run.note(Tried { id: next.id.clone(), what: what(&next), came });
        self.finish_read(session, next, granted, told)
    }
}

/// Ends the attempt: a guest cannot go on from an answer that nobody has.
fn stop(dry_run: &DryRun, next: &NextCall, why: String) -> Stop {
    let what = what(next);
    let stop = Stop::Untried(format!("`{what}` was not tried: {why}"));
    dry_run.note(Tried { id: next.id.clone(), what, came: Came::Untried(why) });
    stop
}

fn what(next: &NextCall) -> String {
    format!("{} {}", next.asked.interface, next.asked.summary)
}
