//! The machine's own time: the one place that reads it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_model::{Clock, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// How long it sleeps at a stretch: the clock may be set meanwhile.
const STRETCH: Duration = Duration::from_secs(1);

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
