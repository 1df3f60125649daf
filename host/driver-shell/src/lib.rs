//! Performs `shell` calls: one absolute program, one list of arguments, one process group.
//!
//! The only crate that starts processes. What a program may be is the grant's matter and was decided before; here it is started with nothing but what the
//! grant and the request name (no inherited environment, no shell, no terminal), watched until it ends or its deadline passes, and heard in bounded memory.
//!
//! # Caveats
//! A process that moves itself to another session (`setsid`) is out of reach of the kill at the deadline: so does every service manager, on purpose.
//! A pinned program is executed by the descriptor through which it was hashed; whoever may write to that very file could still do so while it runs, so pin
//! files that only root can write. A program that is confined (`landlock`, `limits`) is started by this binary started once more: whoever links this crate
//! has to call [`launch`] when the first argument is [`LAUNCH`].

mod capture;
mod check;
mod directory;
mod follow;
mod inherited;
mod launch;
mod pinned;
mod pipes;
mod start;
#[cfg(test)]
mod tests;
mod tools;

use std::time::Instant;

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::{Granted, ShellTerms};
use lockstep_model::Failure;
use lockstep_model::request::{Request, ShellRequest, ShellResponse};

use crate::directory::Directory;
use crate::follow::{Deadline, Ends};
use crate::start::Starting;

pub use launch::{Kernel, LAUNCH, LaunchError, NOT_LAUNCHED, launch};

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
    let pinned = check::program(request, terms.digest)?;
    let directory = Directory::open(terms.directory.as_ref())?;
    let started = Instant::now();
    // Before the start: what cannot be fed, or has nowhere to go, does not begin.
    let food = follow::food(request, context)?;
    let mut sink = request.stdout_artifact.as_ref().map(|id| context.artifacts.create_scrubbed(id)).transpose()?;
    let fed = !request.stdin.is_empty() || request.stdin_artifact.is_some();
    let (directory, pinned) = (directory.as_ref(), pinned.as_ref());
    let running = start::start(Starting { request, terms, key: context.idempotency_key, pinned, directory, fed, options: &[] })?;
    let mut append = sink.as_mut().map(|sink| |bytes: &[u8]| sink.append(bytes));
    let keep = append.as_mut().map(|append| append as follow::Keep<'_>);
    let ended = follow::follow(running, &request.program, Ends { food, live: context.live, keep }, terms.output_limit, &deadline)?;
    ended.response(sink, started.elapsed(), request, &terms.success_codes)
}
