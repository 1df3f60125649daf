//! Guests that wait for ever, or longer than there is time.

use lockstep::bindings::lockstep::contract::{clock as host, types};
use lockstep::prelude::*;

use crate::{Mode, mode};

pub(crate) const MODES: &[Mode] = &[
    mode("pause-for-ever", |_| {
        loop {
            clock::pause(secs(10))?;
        }
    }),
    mode("pause-too-long", |_| host::pause(10_001).map_err(as_said)),
    mode("sleep-for-ever", |_| {
        loop {
            clock::sleep(secs(31_536_000))?;
        }
    }),
    mode("think-and-sleep", |_| {
        loop {
            // Longer than a tick of the host.
            for number in 0..60_000_000_u32 {
                std::hint::black_box(number);
            }
            clock::sleep(secs(31_536_000))?;
        }
    }),
    mode("sleep-too-long", |_| host::sleep(u32::MAX).map_err(as_said)),
    mode("sleep-until-nonsense", |_| {
        for instant in ["", "tomorrow", "9999-99-99T99:99:99Z", "9999-12-31T23:59:59Z", "-262144-01-01T00:00:00Z", &"9".repeat(1_000_000)] {
            if host::sleep_until(instant).is_ok() {
                bail!("slept until `{instant}`")
            }
        }
        host::sleep_until("9000-12-31T23:59:59Z").map_err(as_said)
    }),
];

/// The SDK would split a long wait, and keep an instant from being nonsense: these go past it.
fn as_said(failure: types::Failure) -> Failure {
    match failure {
        types::Failure::Failed(problem) => fail(problem.message).with_code(problem.code),
        other => fail(other.to_string()),
    }
}
