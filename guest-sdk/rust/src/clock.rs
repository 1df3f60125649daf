//! Time, as a journaled value: a replay sees the instants of the first time.

mod timestamp;

use std::time::Duration;

use crate::bindings::lockstep::contract::clock as host;
use crate::units::{whole_millis, whole_secs};
use crate::{Failure, Result};

pub use timestamp::Timestamp;

/// The longest wait that one call of the contract's `pause` takes.
const LONGEST_PAUSE: Duration = Duration::from_millis(10_000);

/// The instant.
pub fn now() -> Result<Timestamp> {
    host::now().parse()
}

/// Waits inside the step, for polling: the step's deadline goes on meanwhile. For anything longer than a minute use [`sleep`].
pub fn pause(duration: Duration) -> Result<()> {
    let mut left = duration;
    while !left.is_zero() {
        let next = left.min(LONGEST_PAUSE);
        host::pause(whole_millis(next)).map_err(Failure::from_host)?;
        left -= next;
    }
    Ok(())
}

/// Waits for minutes or weeks: the run holds no memory meanwhile, a crash does not lengthen the wait, and the step's deadline stands still.
pub fn sleep(duration: Duration) -> Result<()> {
    host::sleep(whole_secs(duration)).map_err(Failure::from_host)
}

/// As [`sleep`], until an instant. One in the past returns at once.
pub fn sleep_until(instant: Timestamp) -> Result<()> {
    host::sleep_until(&instant.to_string()).map_err(Failure::from_host)
}
