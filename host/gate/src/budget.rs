//! How much an attempt may still do: time, calls, and bytes that it hands over, gets and says.

use std::time::Duration;

use lockstep_model::{Failure, Timestamp};

/// What is left of an attempt's limits.
#[derive(Debug, Clone)]
pub struct Budget {
    /// When the attempt must be over.
    pub deadline: Timestamp,
    /// How long it may take and what says so, for the message.
    pub allowed: String,
    /// Calls.
    pub calls: Allowance,
    /// Bytes of requests: bodies, standard inputs, artifacts.
    pub bytes: Allowance,
    /// Bytes of responses.
    pub output: Allowance,
    /// Bytes of log messages.
    pub log: Allowance,
}

/// So much in all, and what of it is left.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    all: u64,
    left: u64,
}

impl Allowance {
    /// Nothing taken yet.
    pub fn of(all: u64) -> Self {
        Self { all, left: all }
    }

    fn take(&mut self, amount: usize) -> Result<(), u64> {
        self.left = self.left.checked_sub(amount as u64).ok_or(self.all)?;
        Ok(())
    }
}

impl Budget {
    /// All there is, for a replay: its limits were met then.
    pub fn unbounded() -> Self {
        let much = Allowance::of(u64::MAX);
        Self {
            deadline: Timestamp::from_microseconds(i64::MAX),
            allowed: "a replay has all the time".to_owned(),
            calls: much,
            bytes: much,
            output: much,
            log: much,
        }
    }

    /// Takes one call.
    ///
    /// # Errors
    /// When none is left.
    pub fn take_call(&mut self) -> Result<(), Failure> {
        self.calls.take(1).map_err(|all| breach("limit.calls", &format!("the step has made {all} calls")))
    }

    /// Takes the bytes of a request.
    ///
    /// # Errors
    /// When they are more than are left.
    pub fn take_request(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes.take(bytes).map_err(|all| breach("limit.bytes", &format!("the requests of the step have more than {all} bytes in all")))
    }

    /// Takes the bytes of a response.
    ///
    /// # Errors
    /// When they are more than are left.
    pub fn take_output(&mut self, bytes: usize) -> Result<(), Failure> {
        self.output.take(bytes).map_err(|all| breach("limit.output", &format!("the responses of the step have more than {all} bytes in all")))
    }

    /// Takes the bytes of a log message.
    ///
    /// # Errors
    /// When they are more than are left.
    pub fn take_log(&mut self, bytes: usize) -> Result<(), Failure> {
        self.log.take(bytes).map_err(|all| breach("limit.log", &format!("the log messages of the step have more than {all} bytes in all")))
    }

    /// How long a call that asks for `wanted` may take.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub fn time_left(&self, now: Timestamp, wanted: Option<Duration>) -> Result<Duration, Failure> {
        let left = self.deadline.since(now);
        if left.is_zero() {
            return Err(self.time_is_up());
        }
        Ok(wanted.map_or(left, |wanted| wanted.min(left)))
    }

    /// What an attempt fails with whose deadline has passed.
    pub fn time_is_up(&self) -> Failure {
        Failure::TimedOut(format!("the step's time is up [limit.time]: {}", self.allowed))
    }

    /// Moves the deadline: a sleep does not count.
    pub fn extend(&mut self, by: Duration) {
        self.deadline = self.deadline.after(by);
    }
}

/// A key of the grant file raises the limit of the same name.
fn breach(code: &str, what: &str) -> Failure {
    Failure::problem(code, format!("{what}: raise `{}` in the grant file if it has to", code.replace("limit.", "limits.")))
}
