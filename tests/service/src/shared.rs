//! State that all connections share.
//!
//! A handler that panicked must not take the service down with it, so a poisoned lock is taken all the same.

use std::sync::{Mutex, PoisonError};

/// A value behind a lock that is only ever held for one closure, and so never across a wait.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// Shares a value.
    pub(crate) fn new(value: T) -> Shared<T> {
        Shared(Mutex::new(value))
    }

    /// Does something with the value while nobody else does.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
