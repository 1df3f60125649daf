//! Performs `shell` calls: one absolute program, one list of arguments, one process group.
//!
//! The only crate that starts processes. What a program may be is the grant's matter and was decided before; here it is started with nothing but what the
//! grant and the request name (no inherited environment, no shell, no terminal), watched until it ends or its deadline passes, and heard in bounded memory.
//!
//! # Caveats
//! A process that moves itself to another session (`setsid`) is out of reach of the kill at the deadline: so does every service manager, on purpose.
//! A pinned digest is checked just before the start, by path; whoever may replace the file between the two could also replace it before, so pin files that
//! only root can write. `ARCHITECTURE.md` says why it is not executed by descriptor.

mod capture;
mod check;
mod follow;
mod pipes;
mod start;
#[cfg(test)]
mod tests;

use std::time::Instant;

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::{Granted, ShellTerms};
use lockstep_model::Failure;
use lockstep_model::request::{Request, ShellRequest, ShellResponse};

use crate::follow::Deadline;

/// Runs programs of the host.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShellDriver;

impl ShellDriver {
    /// A driver. It keeps nothing between calls.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Driver<ShellRequest> for ShellDriver {
    fn perform(&self, call: &Granted<ShellRequest>, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
        run(call.request(), call.terms(), context)
    }
}

/// From the checks to the end of the program.
fn run(request: &ShellRequest, terms: &ShellTerms, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
    let deadline = Deadline::of(request.timeout(), context);
    check::arguments(request)?;
    check::program(request, terms.digest)?;
    check::directory(terms.directory.as_deref())?;
    let started = Instant::now();
    let running = start::start(request, terms, context.idempotency_key)?;
    let ended = follow::follow(running, request, terms.output_limit, &deadline, context.live)?;
    Ok(ended.response(started.elapsed()))
}
