//! The operator's wish to stop: seen by the gate before each call, by drivers while they perform, and by every wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const PAUSE: u8 = 1;
const CANCEL: u8 = 2;

/// Set from a signal handler or another thread. A clone is the same wish.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    wish: Arc<AtomicU8>,
    /// The process's own wish, which concerns every run in it.
    process: Option<Arc<AtomicU8>>,
}

impl Interrupt {
    /// A wish that concerns one run, beside the one that concerns all of them.
    pub fn of_one_run(&self) -> Self {
        Self { wish: Arc::default(), process: Some(Arc::clone(&self.wish)) }
    }

    /// Asks to stop before the next call.
    pub fn pause(&self) {
        self.wish.fetch_max(PAUSE, Ordering::SeqCst);
    }

    /// Asks to stop now, in the middle of a call as well.
    pub fn cancel(&self) {
        self.wish.fetch_max(CANCEL, Ordering::SeqCst);
    }

    /// The wish has been heard. The process's own stays.
    pub fn clear(&self) {
        self.wish.store(0, Ordering::SeqCst);
    }

    /// Whether to stop before the next call.
    pub fn is_set(&self) -> bool {
        self.level() >= PAUSE
    }

    /// Whether to stop in the middle of a call.
    pub fn is_cancelled(&self) -> bool {
        self.level() >= CANCEL
    }

    fn level(&self) -> u8 {
        let process = self.process.as_ref().map_or(0, |process| process.load(Ordering::SeqCst));
        process.max(self.wish.load(Ordering::SeqCst))
    }
}
