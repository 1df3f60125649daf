//! How far an exchange has come: what it is doing, how long each part took, whether the request has left.
//!
//! A deadline can pass anywhere. What the operator needs to know is where, and whether the far side may have acted.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lockstep_model::request::Timing;
use lockstep_model::{EffectClass, Failure};

/// The course of one call, over all its redirects.
pub(crate) struct Course {
    class: EffectClass,
    part: RefCell<String>,
    timing: Cell<Timing>,
    sent: Cell<bool>,
    unfed: Arc<OnceLock<Failure>>,
}

impl Course {
    /// Nothing has happened yet.
    pub(crate) fn new(class: EffectClass) -> Self {
        Self { class, part: RefCell::new("starting".to_owned()), timing: Cell::default(), sent: Cell::new(false), unfed: Arc::default() }
    }

    /// What comes now, as a person would say it: `connecting to 10.0.0.1:443`.
    pub(crate) fn enters(&self, part: String) {
        *self.part.borrow_mut() = part;
    }

    /// From here on the far side may have acted.
    pub(crate) fn sends(&self) {
        self.sent.set(true);
    }

    /// Adds what a part took since `started`.
    pub(crate) fn took(&self, started: Instant, part: impl FnOnce(&mut Timing) -> &mut u32) {
        self.spent(started.elapsed(), part);
    }

    /// Adds what a part took. Redirects add up.
    pub(crate) fn spent(&self, time: Duration, part: impl FnOnce(&mut Timing) -> &mut u32) {
        let mut timing = self.timing.get();
        let field = part(&mut timing);
        *field = field.saturating_add(microseconds(time));
        self.timing.set(timing);
    }

    /// How long each part took, and all of it.
    pub(crate) fn timing(&self, total: Duration) -> Timing {
        Timing { total: microseconds(total), ..self.timing.get() }
    }

    /// The failure of a deadline that passed here. `own`: the request's, not the step's.
    pub(crate) fn timed_out(&self, allowed: Duration, own: bool) -> Failure {
        let whose = if own { "the request's own timeout" } else { "what was left of the step's time" };
        let allowed = Duration::from_millis(u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX));
        Failure::TimedOut(format!("{allowed:?} ({whose}) had passed while {}{}", self.part.borrow(), self.consequence()))
    }

    /// Where it is said that what the request sends cannot be read to its end.
    pub(crate) fn unfed(&self) -> Arc<OnceLock<Failure>> {
        Arc::clone(&self.unfed)
    }

    /// Whether that is so.
    pub(crate) fn is_unfed(&self) -> bool {
        self.unfed.get().is_some()
    }

    /// A failure of this side, in the midst of an exchange: when the request has left and must not be sent twice, nobody knows.
    pub(crate) fn unkept(&self, failure: Failure) -> Failure {
        if self.may_have_acted() { Failure::InDoubt(format!("{}{}", failure.message(), self.consequence())) } else { failure }
    }

    /// A failure of the network after which the same may be tried again, unless the request has left and must not be sent twice: then nobody knows.
    pub(crate) fn interrupted(&self, code: &str, message: &str) -> Failure {
        if let Some(failure) = self.unfed.get() {
            return self.unkept(failure.clone());
        }
        let message = format!("{message}{}", self.consequence());
        if self.may_have_acted() { Failure::InDoubt(message) } else { Failure::retryable(code, message) }
    }

    fn may_have_acted(&self) -> bool {
        match self.class {
            EffectClass::Read | EffectClass::Idempotent => false,
            EffectClass::AtMostOnce => self.sent.get(),
        }
    }

    fn consequence(&self) -> &'static str {
        if self.may_have_acted() { "; the request had been sent: the far side may have acted on it" } else { "" }
    }
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
