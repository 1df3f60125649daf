//! How much an attempt may still do: time, calls, and bytes that it gets and says.

use std::time::Duration;

use lockstep_model::{Failure, Timestamp};

/// What is left of an attempt's limits.
#[derive(Debug, Clone)]
pub struct Budget {
    /// When the attempt must be over.
    pub deadline: Timestamp,
    /// How many calls it may still make.
    pub calls_left: u64,
    /// How many it may make in all, for the message.
    pub calls: u64,
    /// How many bytes responses may still have.
    pub output_left: u64,
    /// How many bytes it may still say in log messages.
    pub log_left: u64,
}

impl Budget {
    /// Takes one call.
    ///
    /// # Errors
    /// When none is left.
    pub fn take_call(&mut self) -> Result<(), Failure> {
        match self.calls_left.checked_sub(1) {
            Some(left) => {
                self.calls_left = left;
                Ok(())
            }
            None => Err(Failure::problem(
                "limit.calls",
                format!("the step has made {} calls, its limit: raise it with `limits.calls` in the grant file", self.calls),
            )),
        }
    }

    /// Takes the bytes of a response.
    ///
    /// # Errors
    /// When they are more than are left.
    pub fn take_output(&mut self, bytes: usize) -> Result<(), Failure> {
        take(&mut self.output_left, bytes, "limit.output", "the responses of the step are longer than it may read in all: raise it with `limits.output`")
    }

    /// Takes the bytes of a log message.
    ///
    /// # Errors
    /// When they are more than are left.
    pub fn take_log(&mut self, bytes: usize) -> Result<(), Failure> {
        take(&mut self.log_left, bytes, "limit.log", "the step has logged more than it may: raise it with `limits.log`")
    }

    /// How long a call that asks for `wanted` may take.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub fn time_left(&self, now: Timestamp, wanted: Option<Duration>) -> Result<Duration, Failure> {
        let left = self.deadline.since(now);
        if left.is_zero() {
            return Err(Failure::TimedOut("the step's deadline has passed".to_owned()));
        }
        Ok(wanted.map_or(left, |wanted| wanted.min(left)))
    }

    /// Moves the deadline: a sleep does not count.
    pub fn extend(&mut self, by: Duration) {
        self.deadline = self.deadline.after(by);
    }
}

fn take(left: &mut u64, bytes: usize, code: &str, message: &str) -> Result<(), Failure> {
    let rest = left.checked_sub(bytes as u64).ok_or_else(|| Failure::problem(code, format!("{message} in the grant file")))?;
    *left = rest;
    Ok(())
}
