//! Waiting: a short wait is sat out, a long one lets go of the guest first and is recorded, so that any process can go on when the instant has come.

use lockstep_journal::event::{Event, RunWaiting, RunWoken};
use lockstep_journal::{JournalError, RunStatus};
use lockstep_model::Timestamp;

use super::acts::Turn;
use super::{Drive, RunPassage, RunReport, learn};
use crate::error::EngineError;

impl Drive<'_> {
    /// Waits for the instant. `Turn::On`: it has come.
    pub(super) fn wait(&self, until: Timestamp, place: &str) -> Result<Turn, EngineError> {
        if until.since(self.house.clock.now()) <= self.house.longest_hold {
            return if self.sit_out(until) { Ok(Turn::On) } else { self.hear(place) };
        }
        if self.waits.detach {
            return self.rest(until, place).map(Turn::Stopped);
        }
        self.scribe().commit(Event::RunWaiting(RunWaiting { until, reason: self.scrub_text(place) }))?;
        loop {
            if self.sit_out_knowing_nothing(until)? {
                self.wake()?;
                return Ok(Turn::On);
            }
            match self.hear(place)? {
                Turn::On => {}
                Turn::Again => {
                    self.wake()?;
                    return Ok(Turn::Again);
                }
                turn @ (Turn::Back | Turn::Stopped(_)) => return Ok(turn),
            }
        }
    }

    /// Lets go of the run until the instant.
    pub(super) fn rest(&self, until: Timestamp, place: &str) -> Result<Box<RunReport>, EngineError> {
        let reason = self.scrub_text(place);
        let mut scribe = self.scribe();
        // A foreground wait that is handed on waits already.
        if !matches!(scribe.state().status, RunStatus::Waiting(..)) {
            scribe.note(Event::RunWaiting(RunWaiting { until, reason }))?;
        }
        scribe.let_go()?;
        drop(scribe);
        Ok(Box::new(self.report()))
    }

    fn wake(&self) -> Result<(), JournalError> {
        let mut scribe = self.scribe();
        match scribe.state().status {
            RunStatus::Waiting(..) => {
                let lease = scribe.lease().map_or(0, |lease| lease.token);
                scribe.write(Event::RunWoken(RunWoken { lease }))
            }
            RunStatus::Planning
            | RunStatus::Running
            | RunStatus::Undoing
            | RunStatus::Paused(_)
            | RunStatus::Stuck(_)
            | RunStatus::Diverged(_)
            | RunStatus::Finished(_) => Ok(()),
        }
    }

    /// As `sit_out`, with no value of a secret in memory: a long wait may be weeks, and what is looked up again afterwards may be another value by then.
    fn sit_out_knowing_nothing(&self, until: Timestamp) -> Result<bool, EngineError> {
        let RunPassage { secrets, grant, .. } = &self.passage;
        secrets.forget();
        let came = self.sit_out(until);
        learn(secrets, self.house, &self.scribe(), grant)?;
        Ok(came)
    }

    /// Whether the instant came, rather than the operator.
    fn sit_out(&self, until: Timestamp) -> bool {
        let clock = &self.house.clock;
        loop {
            if self.is_called() {
                return false;
            }
            if clock.now() >= until {
                return true;
            }
            clock.wait_until(until);
        }
    }
}
