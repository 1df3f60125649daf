//! `clock`: time as a journaled value, and waits. How long a wait may be is checked where it is performed.

use lockstep_model::request::{ClockRequest, ClockResponse};
use lockstep_model::{Failure, Timestamp};
use wasmtime::Result;

use crate::bindings::lockstep::contract::clock;
use crate::context::Context;
use crate::ended::Refusal;

use super::unexpected;

impl clock::Host for Context {
    fn now(&mut self) -> Result<String> {
        match self.ask_surely("clock.now", ClockRequest::Now)? {
            ClockResponse::Instant(instant) => Ok(instant.to_string()),
            ClockResponse::Nothing => Err(unexpected("clock.now")),
        }
    }

    fn pause(&mut self, milliseconds: u32) -> Result<(), Refusal> {
        self.ask("clock.pause", ClockRequest::Pause { milliseconds })?;
        Ok(())
    }

    fn sleep(&mut self, seconds: u32) -> Result<(), Refusal> {
        self.ask("clock.sleep", ClockRequest::Sleep { seconds })?;
        Ok(())
    }

    fn sleep_until(&mut self, instant: String) -> Result<(), Refusal> {
        self.gate("clock.sleep-until")?;
        let instant: Timestamp = instant.parse().map_err(|error| Failure::problem("clock.instant", format!("sleep-until: {error}")))?;
        self.ask("clock.sleep-until", ClockRequest::SleepUntil { instant })?;
        Ok(())
    }
}
