//! Time that only moves when somebody waits for it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use lockstep_model::{Clock, Timestamp};

/// Starts at a fixed instant, goes on by a millisecond with every look, and jumps to what is waited for.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Timestamp>);

impl Default for VirtualClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_microseconds(1_800_000_000_000_000)))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.after(Duration::from_millis(1));
        *now
    }

    fn wait_until(&self, until: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (*now).max(until);
    }
}
