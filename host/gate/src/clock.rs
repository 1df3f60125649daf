//! The machine's own time, read in this one place, and time that moves by itself, for tests and rehearsals.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_model::{Clock, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// How long it sleeps at a stretch: the clock may be set meanwhile, and who waits looks for the operator's interrupt.
const STRETCH: Duration = Duration::from_millis(100);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    fn wait_until(&self, until: Timestamp) {
        std::thread::sleep(until.since(self.now()).min(STRETCH));
    }
}

/// Time that only moves when somebody looks or waits: on by a millisecond with every look, so that it is never the same twice, and straight to what is
/// waited for.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Timestamp>);

impl VirtualClock {
    /// What passes with every look.
    const LOOK: Duration = Duration::from_millis(1);

    /// Begins at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    fn lock(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::starting_at(Timestamp::from_microseconds(1_800_000_000_000_000))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let mut now = self.lock();
        *now = now.after(Self::LOOK);
        *now
    }

    fn wait_until(&self, until: Timestamp) {
        let mut now = self.lock();
        *now = (*now).max(until);
    }
}
