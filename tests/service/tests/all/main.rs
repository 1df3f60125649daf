//! Runs the binary as a procedure would: as processes on loopback, each test with ports and a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod front;
mod hostile;
mod lifecycle;
mod place;
mod release;
mod service;
