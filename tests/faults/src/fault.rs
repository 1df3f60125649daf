//! The faults that a connection can have.

use std::time::Duration;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What is wrong with a connection. Bytes are counted from when the fault was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes pass both ways.
    Pass,
    /// The connection stands, and nothing passes in either direction until another fault is set; then what was held back passes.
    Hang,
    /// It is reset at once.
    Reset,
    /// That many bytes pass in this direction; in place of the next one the connection is reset, on both sides. `Cut(Way::Down, 0)` is the reset
    /// after the request was sent: the server has it and has begun to answer, and the client hears nothing.
    Cut(Way, u64),
    /// Every chunk, both ways, comes late by so much.
    Delay(Duration),
    /// So many bytes a second pass in each direction, at least one in [`TICK`](Self::TICK).
    Throttle(u64),
    /// Whatever the server says, the client gets as many bytes of nonsense, the same ones each time.
    Garbage,
    /// In place of the server's next words the client gets `head` and then `again`, again and again, until at least `bytes` bytes were sent;
    /// then the connection is closed in order. It takes no memory, however long the answer is.
    Endless {
        /// What is sent once.
        head: Vec<u8>,
        /// What is repeated.
        again: Vec<u8>,
        /// How many bytes in all.
        bytes: u64,
    },
}

impl Fault {
    /// How often a throttled connection lets something pass.
    pub const TICK: Duration = Duration::from_millis(20);
}
