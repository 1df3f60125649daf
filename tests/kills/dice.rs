//! Chance from a seed: the same seed throws the same dice. Which instant a kill meets is the machine's part of the chance.

use std::time::Duration;

/// SplitMix64: small, and good enough to spread kills.
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of one lane.
    pub(super) fn new(seed: u64, lane: u64) -> Self {
        Self(seed ^ lane.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 up to, and without, `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// How long a process may live: some die while they start, most in the middle of a step, some late.
    pub(super) fn life(&mut self) -> Duration {
        let longest = [40, 250, 250, 600, 600, 1_500][usize::try_from(self.below(6)).unwrap()];
        Duration::from_micros(self.below(longest * 1_000))
    }
}
