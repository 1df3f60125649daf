//! A dry run: reads are real, and of what would change something only as much happens as its far side tries and takes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_journal::event::CallId;
use lockstep_model::Failure;

/// What a driver can do of an effect without its happening.
#[derive(Debug)]
pub enum Trial<T> {
    /// The far side has tried it: what it says that would come of it.
    Told(Result<T, Failure>),
    /// It would happen, so nobody asked; and why, as a clause.
    Untried(String),
}

/// A run that only tries: what its gates write down of what would have been changed. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct DryRun(Arc<Mutex<Vec<Tried>>>);

/// A call that would have changed something, or that would have waited for what has not been changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which call.
    pub id: CallId,
    /// `kube set-image …`, a line.
    pub what: String,
    /// What came of it.
    pub came: Came,
}

/// What came of such a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// The far side would take it.
    Taken,
    /// It would not, and why.
    Refused(Failure),
    /// It was not asked, and its step ended there; and why, as a clause.
    Untried(String),
}

impl DryRun {
    /// Everything written down so far, in order.
    pub fn tried(&self) -> Vec<Tried> {
        self.lock().clone()
    }

    /// Whether the world would be another by now.
    pub(crate) fn has_changed_something(&self) -> bool {
        self.lock().iter().any(|tried| tried.came == Came::Taken)
    }

    pub(crate) fn note(&self, tried: Tried) {
        self.lock().push(tried);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
