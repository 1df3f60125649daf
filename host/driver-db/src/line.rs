//! Connections that are kept between calls, each with what moves its bytes: the thread of the call that has it, so that an answer wakes nobody else.
//!
//! Between two calls nothing moves: what the server says meanwhile, that it ends the connection say, is heard by the next call. Who lets go of a line closes
//! what stands open on it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use lockstep_model::Failure;
use tokio::runtime::{Builder, Runtime};

/// How many idle connections to one database are kept: more are for bursts.
const MOST_IDLE: usize = 4;

/// Moves the bytes of what was begun on it, while somebody waits.
pub(crate) struct Mover {
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
}

impl Mover {
    /// # Errors
    /// When the host has no descriptors left.
    pub(crate) fn new() -> Result<Self, Failure> {
        let none = |error| Failure::retryable("db.connect", format!("nothing can be connected to: {error}"));
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(none)?;
        Ok(Self { runtime: Some(runtime) })
    }

    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = self.runtime.as_ref().ok_or_else(|| Failure::retryable("db.connect", "what moves the bytes has gone"))?;
        runtime.block_on(work)
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
        }
    }
}

/// A place for one session at a time.
pub(crate) struct Line<S> {
    /// Dropped before that which it lives by.
    pub(crate) session: Option<S>,
    pub(crate) mover: Mover,
}

/// Lines whose sessions are idle, by where they lead.
pub(crate) struct Kept<S>(Mutex<HashMap<String, Vec<Line<S>>>>);

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> Kept<S> {
    /// One that is idle, or a new one without a session.
    pub(crate) fn take(&self, key: &str) -> Result<Line<S>, Failure> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key).and_then(Vec::pop);
        idle.map_or_else(|| Ok(Line { session: None, mover: Mover::new()? }), Ok)
    }

    /// Keeps a line that has a session.
    pub(crate) fn give_back(&self, key: String, line: Line<S>) {
        if line.session.is_none() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = kept.entry(key).or_default();
        if idle.len() < MOST_IDLE {
            idle.push(line);
        }
    }
}
