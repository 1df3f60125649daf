//! Randomness, as a journaled value: a replay draws the same. Not for keys, since the journal can be read.

use crate::bindings::lockstep::contract::random as host;

/// The most that one call of the contract gives.
const AT_ONCE: usize = 4_096;

/// So many bytes.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let wanted = (count - drawn.len()).min(AT_ONCE);
        drawn.extend(host::bytes(wanted as u32));
    }
    drawn
}

/// A version 4 UUID.
pub fn uuid() -> String {
    host::uuid()
}
