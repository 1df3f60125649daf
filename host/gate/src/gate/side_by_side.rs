//! Several calls at once: the host performs reads side by side, and the journal has them in the order asked, as if one had come after the other.
//!
//! So nothing else has to know of it: neither the journal nor a replay. What changes something is done by itself, in its place: its intent comes before it and
//! its outcome before whatever is asked next.

use std::panic::resume_unwind;
use std::thread;

use lockstep_grant::Granted;
use lockstep_model::Failure;

use super::{Gate, NextCall, Session, Turn, Way, lock, recorded};
use crate::dispatch::Dispatch;
use crate::stop::Stop;

/// What became of each call, in the order asked.
type Answers<R> = Vec<Result<<R as lockstep_model::Request>::Response, Failure>>;

impl Gate {
    /// Asks for all of `requests` to be done, as by [`Gate::call`] one after the other: only that reads are performed side by side, each in a thread of its own.
    ///
    /// # Errors
    /// The inner errors are outcomes for the guest. The outer one ends the attempt: the guest must not go on.
    pub fn call_all<R: Dispatch>(&self, requests: Vec<R>) -> Result<Answers<R>, Stop> {
        let mut session = lock(&self.inner.session);
        if let Some(stop) = &session.stop {
            return Err(stop.clone());
        }
        let result = self.call_each(&mut session, requests);
        match &result {
            Err(stop) => session.stop = Some(stop.clone()),
            Ok(answers) => session.told(answers),
        }
        result
    }

    fn call_each<R: Dispatch>(&self, session: &mut Session, requests: Vec<R>) -> Result<Answers<R>, Stop> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut reads = Vec::new();
        for request in requests {
            let (next, request) = match self.turn(session, request)? {
                Turn::Answered(answer) => {
                    answers.push(answer);
                    continue;
                }
                Turn::Live(next, request) => (next, request),
            };
            let Some(way) = self.way() else { return Err(Stop::Diverged(Box::new(recorded::beyond(&next)))) };
            match way.decide(request.clone()) {
                // A dry run looks at each before it is asked.
                Ok(granted) if !granted.class().is_effect() && way.run.dry_run.is_none() => reads.push((next, granted)),
                Ok(_) | Err(_) => {
                    answers.extend(way.read_all(session, std::mem::take(&mut reads))?);
                    answers.push(way.live(session, next, request)?);
                }
            }
        }
        if let Some(way) = self.way() {
            answers.extend(way.read_all(session, reads)?);
        }
        Ok(answers)
    }
}

impl Way<'_> {
    /// Performs reads side by side and records them in their order.
    fn read_all<R: Dispatch>(&self, session: &mut Session, reads: Vec<(NextCall, Granted<R>)>) -> Result<Answers<R>, Stop> {
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        if self.run.interrupt.is_set() {
            return Err(Stop::Interrupted);
        }
        lock(&self.run.scribe).ease()?;
        if R::takes_turns(&self.run.drivers) {
            let turn = |(next, granted): (NextCall, Granted<R>)| {
                self.run.live.call_begins(&next.id, &next.asked.summary);
                let performed = self.perform(session, &next.id, &granted, "", self.now())?;
                self.finish_read(session, next, granted, performed)
            };
            return reads.into_iter().map(turn).collect();
        }
        let now = self.now();
        let performed: Vec<_> = thread::scope(|scope| {
            let each = |(next, granted): &(NextCall, Granted<R>)| {
                self.run.live.call_begins(&next.id, &next.asked.summary);
                let (id, granted) = (next.id.clone(), granted.clone());
                let time_left = session.budget.time_left(now, granted.request().timeout());
                scope.spawn(move || match time_left {
                    Ok(time_left) => self.perform_within(time_left, &id, &granted, "", now),
                    Err(failure) => Ok(Err(failure)),
                })
            };
            let under_way: Vec<_> = reads.iter().map(each).collect();
            under_way.into_iter().map(|read| read.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let mut answers = Vec::with_capacity(reads.len());
        for ((next, granted), performed) in reads.into_iter().zip(performed) {
            answers.push(self.finish_read(session, next, granted, performed?)?);
        }
        Ok(answers)
    }
}
