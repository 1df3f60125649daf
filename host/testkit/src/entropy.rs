//! Unpredictable bytes that are the same in every test run.

use std::sync::atomic::{AtomicU8, Ordering};

use lockstep_engine::Entropy;

/// Fills with a number that counts up.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU8);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}
