//! What all lanes count together: kills that are left, where they met their runs, and how runs ended.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// The count.
pub(super) struct Tally {
    left: AtomicU32,
    counted: Mutex<Counted>,
}

/// What was counted.
#[derive(Debug, Default, Clone)]
pub(super) struct Counted {
    pub(super) kills: BTreeMap<String, u32>,
    pub(super) ends: BTreeMap<String, u32>,
    pub(super) doubts: BTreeMap<String, u32>,
}

impl Tally {
    pub(super) fn of(kills: u32) -> Self {
        Self { left: AtomicU32::new(kills), counted: Mutex::default() }
    }

    /// Whether no kill is left.
    pub(super) fn is_full(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    /// Takes one of the kills that are left.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    /// The process had ended before the kill.
    pub(super) fn give_back(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn killed(&self, phase: String) {
        *self.counted.lock().unwrap().kills.entry(phase).or_default() += 1;
    }

    pub(super) fn ended(&self, outcome: &str) {
        *self.counted.lock().unwrap().ends.entry(outcome.to_owned()).or_default() += 1;
    }

    pub(super) fn in_doubt(&self, answer: &str) {
        *self.counted.lock().unwrap().doubts.entry(answer.to_owned()).or_default() += 1;
    }

    pub(super) fn counted(&self) -> Counted {
        self.counted.lock().unwrap().clone()
    }
}

impl Counted {
    pub(super) fn all_kills(&self) -> u32 {
        self.kills.values().sum()
    }

    /// Kills in a phase whose name has these words.
    pub(super) fn kills_in(&self, words: &str) -> u32 {
        self.kills.iter().filter(|(phase, _)| phase.contains(words)).map(|(_, times)| times).sum()
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counted) in [("killed", &self.kills), ("runs that ended", &self.ends), ("calls in doubt answered", &self.doubts)] {
            writeln!(f, "{:5}  {title}", counted.values().sum::<u32>())?;
            for (what, times) in counted {
                writeln!(f, "{times:9}  {what}")?;
            }
        }
        Ok(())
    }
}
