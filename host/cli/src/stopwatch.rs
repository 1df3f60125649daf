//! How long a run and its steps were at work: the time that a process drove them. What passes until somebody comes back, or a wait is over, is not theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lockstep_journal::SealedRecord;
use lockstep_journal::event::{Event, StepFailed};
use lockstep_model::{StepId, Timestamp};

/// Adds up the time between records, as they come.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    run: Duration,
    steps: BTreeMap<StepId, Duration>,
    under_way: BTreeSet<StepId>,
    /// When the last record was written, unless nobody drove the run from then on.
    driven_since: Option<Timestamp>,
}

impl Stopwatch {
    /// After all of these records.
    pub(crate) fn of(records: &[SealedRecord]) -> Self {
        let mut watch = Self::default();
        records.iter().for_each(|record| watch.see(record));
        watch
    }

    /// Sees the next record.
    pub(crate) fn see(&mut self, record: &SealedRecord) {
        let (time, event) = (record.record.time, &record.record.event);
        // After a crash nothing says when it was; what is known is that somebody came only now.
        if let Some(since) = self.driven_since.filter(|_| !matches!(event, Event::RunResumed(_))) {
            let passed = time.since(since);
            self.run += passed;
            for step in &self.under_way {
                *self.steps.entry(step.clone()).or_default() += passed;
            }
        }
        match event {
            Event::StepStarted(attempt) | Event::UndoStarted(attempt) => {
                self.under_way.insert(attempt.step.clone());
            }
            Event::StepSucceeded(end) => self.end(&end.step),
            Event::StepMarkedDone(done) => self.end(&done.step),
            Event::StepFailed(StepFailed { step, retry_at: None, .. }) => self.end(step),
            Event::UndoSucceeded(attempt) => self.end(&attempt.step),
            _ => {}
        }
        self.driven_since = match event {
            Event::RunWaiting(_) | Event::RunPaused(_) | Event::LeaseReleased(_) | Event::RunStuck(_) | Event::DivergenceFound(_) | Event::RunFinished(_) => {
                None
            }
            Event::RunCreated(_) | Event::RunWoken(_) | Event::RunResumed(_) | Event::UndoBegan(_) => Some(time),
            // What an operator does while the run stands still sets nothing going.
            _ => self.driven_since.map(|_| time),
        };
    }

    /// Its part of the run is over; how long it took stays.
    fn end(&mut self, step: &StepId) {
        self.under_way.remove(step);
    }

    /// How long the run was at work.
    pub(crate) fn run(&self) -> Duration {
        self.run
    }

    /// How long a step was at work: all its attempts with the waits between them, and its undo.
    pub(crate) fn step(&self, step: &StepId) -> Duration {
        self.steps.get(step).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lockstep_journal::event::{Attempt, Event, Reason, RunResumed, RunWaiting, RunWoken, StepFailed, StepSucceeded};
    use lockstep_model::{Digest, Failure};

    use super::Stopwatch;
    use crate::sample::{at, run_of, step_id};

    #[test]
    fn the_time_until_somebody_comes_back_is_not_counted() {
        let failed = Event::StepFailed(StepFailed { step: step_id(), attempt: 1, failure: Failure::problem("http.dns", "no such host"), retry_at: None });
        let resumed = Event::RunResumed(RunResumed { reason: "mended".into(), grant: Digest::ZERO, grant_file: String::new(), lease: 0 });
        let again = Event::StepStarted(Attempt { step: step_id(), attempt: 2 });
        let done = Event::StepSucceeded(StepSucceeded { step: step_id(), attempt: 2, output: None });
        // A record a second; the step starts at second 2.
        let (_, mut records) = run_of(vec![failed, Event::RunPaused(Reason { reason: "it failed".into() }), resumed, again, done]);
        let until_paused = Stopwatch::of(&records[..5]);
        assert_eq!((until_paused.run(), until_paused.step(&step_id())), (Duration::from_secs(4), Duration::from_secs(1)));
        for record in &mut records[5..] {
            record.record.time = at(3_600).after(record.record.time.since(at(0)));
        }
        let watch = Stopwatch::of(&records);
        assert_eq!((watch.run(), watch.step(&step_id())), (Duration::from_secs(6), Duration::from_secs(2)));
        // So it is with a wait.
        let waits = Event::RunWaiting(RunWaiting { until: at(4), reason: "a window".into() });
        let (_, waited) = run_of(vec![waits, Event::RunWoken(RunWoken { lease: 0 })]);
        assert_eq!(Stopwatch::of(&waited).run(), Duration::from_secs(3));
        // A crash: no record says when it was.
        records.remove(4);
        assert_eq!(Stopwatch::of(&records).run(), Duration::from_secs(5));
    }
}
