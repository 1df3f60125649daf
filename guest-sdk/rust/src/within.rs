//! Looking again and again: until something holds, or that it goes on holding.

use std::time::Duration;

use crate::clock::{self, Timestamp};
use crate::units::spoken_time;
use crate::{Failure, Result};

/// How often to look when the procedure does not say.
const EVERY: Duration = Duration::from_secs(1);

/// Waits until a check holds, for at most that long.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn verify(_: &Ctx) -> Result<()> {
///     within(secs(30)).every(millis(200)).until(|| {
///         http::get("http://127.0.0.1:8080/version").send()?.expect_status(200)?.expect_json("/version", "2.0.0")?;
///         Ok(())
///     })
/// }
/// ```
pub fn within(deadline: Duration) -> Within {
    Within { deadline, every: EVERY }
}

/// Watches for that long that a check goes on holding: a soak.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn soak(_: &Ctx) -> Result<()> {
///     during(minutes(5)).every(secs(10)).always(|| {
///         http::get("http://127.0.0.1:8080/health").send()?.expect_status(200)?;
///         Ok(())
///     })
/// }
/// ```
pub fn during(span: Duration) -> During {
    During { span, every: EVERY }
}

/// A wait being described: see [`within`].
#[derive(Debug, Clone, Copy)]
pub struct Within {
    deadline: Duration,
    every: Duration,
}

impl Within {
    /// How long to wait between two looks. Without it a second.
    #[must_use]
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Looks until the check gives something, and gives that. A failure that is not retryable ends the wait at once: what is denied stays denied.
    pub fn until<T>(self, check: impl FnMut() -> Result<T>) -> Result<T> {
        self.poll(&mut Journaled, check)
    }

    fn poll<T>(self, time: &mut impl Time, mut check: impl FnMut() -> Result<T>) -> Result<T> {
        let start = time.now()?;
        let mut looks = 0_u32;
        loop {
            looks += 1;
            let last = match check() {
                Ok(value) => return Ok(value),
                Err(failure) if !failure.is_retryable() => return Err(failure),
                Err(failure) => failure,
            };
            let left = self.deadline.saturating_sub(time.now()?.since(start));
            if left.is_zero() {
                return Err(Failure::assertion(format!("not within {} ({looks} tries), last: {last}", spoken_time(self.deadline))));
            }
            time.pause(left.min(self.every)).map_err(|failure| failure.context(format!("waiting up to {}, last: {last}", spoken_time(self.deadline))))?;
        }
    }
}

/// A watch being described: see [`during`].
#[derive(Debug, Clone, Copy)]
pub struct During {
    span: Duration,
    every: Duration,
}

impl During {
    /// How long to wait between two looks. Without it a second.
    #[must_use]
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Looks until the span is over, once at its end as well. The first failure is the watch's.
    pub fn always(self, check: impl FnMut() -> Result<()>) -> Result<()> {
        self.poll(&mut Journaled, check)
    }

    fn poll(self, time: &mut impl Time, mut check: impl FnMut() -> Result<()>) -> Result<()> {
        let start = time.now()?;
        loop {
            let passed = time.now()?.since(start).min(self.span);
            check().map_err(|failure| failure.context(format!("after {} of {}", spoken_time(passed), spoken_time(self.span))))?;
            let left = self.span - passed;
            if left.is_zero() {
                return Ok(());
            }
            time.pause(left.min(self.every))?;
        }
    }
}

/// The time that a wait goes by.
trait Time {
    fn now(&mut self) -> Result<Timestamp>;
    fn pause(&mut self, duration: Duration) -> Result<()>;
}

/// The run's own.
struct Journaled;

impl Time for Journaled {
    fn now(&mut self) -> Result<Timestamp> {
        clock::now()
    }

    fn pause(&mut self, duration: Duration) -> Result<()> {
        clock::pause(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fail;
    use crate::units::{millis, minutes, secs};

    /// Time that passes only in pauses.
    struct Virtual {
        now: Timestamp,
        pauses: Vec<Duration>,
        step_deadline: Duration,
    }

    impl Virtual {
        fn new() -> Self {
            Self { now: "2026-03-01T00:00:00Z".parse().unwrap(), pauses: Vec::new(), step_deadline: Duration::MAX }
        }
    }

    impl Time for Virtual {
        fn now(&mut self) -> Result<Timestamp> {
            Ok(self.now)
        }

        fn pause(&mut self, duration: Duration) -> Result<()> {
            self.pauses.push(duration);
            self.now = self.now + duration;
            let spent: Duration = self.pauses.iter().sum();
            if spent > self.step_deadline { Err(Failure::TimedOut("the step's 5 s are over".into())) } else { Ok(()) }
        }
    }

    #[test]
    fn the_first_success_ends_the_wait_and_is_its_value() {
        let (mut time, mut looks) = (Virtual::new(), 0);
        let found = within(secs(30)).every(millis(200)).poll(&mut time, || {
            looks += 1;
            if looks < 3 { Err(Failure::assertion("not yet")) } else { Ok(looks) }
        });
        assert_eq!(found.unwrap(), 3);
        assert_eq!(time.pauses, [millis(200), millis(200)]);
    }

    #[test]
    fn the_last_look_is_at_the_deadline_and_its_failure_is_shown() {
        let mut time = Virtual::new();
        let failure = within(millis(500)).every(millis(200)).poll(&mut time, || Err::<(), _>(Failure::assertion("found 503"))).unwrap_err();
        assert_eq!(failure, Failure::assertion("not within 500 ms (4 tries), last: found 503"));
        assert_eq!(time.pauses, [millis(200), millis(200), millis(100)]);
    }

    #[test]
    fn what_is_denied_or_hopeless_ends_the_wait_at_once() {
        for hopeless in [Failure::Denied("no rule".into()), fail("no such slot"), Failure::InDoubt("perhaps".into())] {
            let mut time = Virtual::new();
            assert_eq!(within(secs(30)).poll(&mut time, || Err::<(), _>(hopeless.clone())).unwrap_err(), hopeless);
            assert!(time.pauses.is_empty());
        }
    }

    #[test]
    fn the_steps_own_deadline_wins_and_says_what_was_waited_for() {
        let mut time = Virtual { step_deadline: secs(5), ..Virtual::new() };
        let failure = within(secs(30)).poll(&mut time, || Err::<(), _>(Failure::assertion("found 503"))).unwrap_err();
        assert_eq!(failure, Failure::TimedOut("waiting up to 30 s, last: found 503: the step's 5 s are over".into()));
    }

    #[test]
    fn a_soak_looks_from_its_beginning_to_its_end() {
        let (mut time, mut looks) = (Virtual::new(), 0);
        during(secs(25))
            .every(secs(10))
            .poll(&mut time, || {
                looks += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!((looks, time.pauses), (4, vec![secs(10), secs(10), secs(5)]));
    }

    #[test]
    fn a_soak_ends_with_the_first_failure_and_says_when() {
        let (mut time, mut looks) = (Virtual::new(), 0);
        let failure = during(minutes(5)).every(secs(10)).poll(&mut time, || {
            looks += 1;
            if looks > 2 { Err(Failure::assertion("found 503")) } else { Ok(()) }
        });
        assert_eq!(failure.unwrap_err(), Failure::assertion("after 20 s of 5 min: found 503"));
    }
}
