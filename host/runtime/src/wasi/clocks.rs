//! `wasi:clocks`: the run's time, a journaled value each time that it is asked for.

use lockstep_model::request::{ClockRequest, ClockResponse};
use wasmtime::component::{ComponentType, LinkerInstance, Lower};
use wasmtime::{Result, StoreContextMut};

use super::poll::Pollable;
use crate::context::{Context, Mode};
use crate::host::unexpected;

type Store<'a> = StoreContextMut<'a, Context>;

const NANOSECONDS_A_SECOND: u64 = 1_000_000_000;
const NANOSECONDS_A_MICROSECOND: u64 = 1_000;
/// How far a look moves on time that is made up, so that who waits by looking comes to an end.
const LOOK: u64 = 1_000_000;
/// The longest wait of `clock.pause`; a longer one is a `clock.sleep`, which may let go of the guest.
const LONGEST_PAUSE: u64 = 10_000;

/// An instant of the wall clock.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("clocks/wall-clock", "now") => to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((datetime(store.data_mut().now()?),)))?,
        ("clocks/wall-clock", "resolution") => to.func_wrap(name, |_: Store<'_>, (): ()| Ok((datetime(NANOSECONDS_A_MICROSECOND),)))?,
        ("clocks/monotonic-clock", "now") => to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((store.data_mut().monotonic()?,)))?,
        ("clocks/monotonic-clock", "resolution") => to.func_wrap(name, |_: Store<'_>, (): ()| Ok((NANOSECONDS_A_MICROSECOND,)))?,
        ("clocks/monotonic-clock", "subscribe-instant") => {
            to.func_wrap(name, |mut store: Store<'_>, (instant,): (u64,)| Ok((store.data_mut().keep(Pollable::At(instant))?,)))?;
        }
        ("clocks/monotonic-clock", "subscribe-duration") => to.func_wrap(name, |mut store: Store<'_>, (duration,): (u64,)| {
            let instant = store.data_mut().monotonic()?.saturating_add(duration);
            Ok((store.data_mut().keep(Pollable::At(instant))?,))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn datetime(nanoseconds: u64) -> Datetime {
    // Less than a second of nanoseconds fits.
    Datetime { seconds: nanoseconds / NANOSECONDS_A_SECOND, nanoseconds: (nanoseconds % NANOSECONDS_A_SECOND) as u32 }
}

impl Context {
    /// Nanoseconds since 1970.
    fn now(&mut self) -> Result<u64> {
        if let Mode::Declaring(_) = self.mode {
            self.wasi.made_up = self.wasi.made_up.saturating_add(LOOK);
            return Ok(self.wasi.made_up);
        }
        match self.ask_surely("wasi:clocks/wall-clock.now", ClockRequest::Now)? {
            ClockResponse::Instant(instant) => Ok(u64::try_from(instant.microseconds()).unwrap_or(0).saturating_mul(NANOSECONDS_A_MICROSECOND)),
            ClockResponse::Nothing => Err(unexpected("clock.now")),
        }
    }

    /// The same, and never earlier than before.
    pub(super) fn monotonic(&mut self) -> Result<u64> {
        self.wasi.latest = self.now()?.max(self.wasi.latest);
        Ok(self.wasi.latest)
    }

    /// Waits until an instant of the monotonic clock.
    pub(super) fn wait_until(&mut self, instant: u64) -> Result<()> {
        let left = instant.saturating_sub(self.monotonic()?).div_ceil(1_000_000);
        self.wasi.latest = self.wasi.latest.max(instant);
        if let Mode::Declaring(_) = self.mode {
            self.wasi.made_up = self.wasi.made_up.max(instant);
            return Ok(());
        }
        let request = match u32::try_from(left) {
            Ok(0) => return Ok(()),
            Ok(milliseconds) if left <= LONGEST_PAUSE => ClockRequest::Pause { milliseconds },
            // More seconds than there can be are more than may be slept, which is said where it is performed.
            _ => ClockRequest::Sleep { seconds: u32::try_from(left.div_ceil(1_000)).unwrap_or(u32::MAX) },
        };
        self.ask_surely("wasi:io/poll.poll", request)?;
        Ok(())
    }
}
