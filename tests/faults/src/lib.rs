//! What goes wrong between a driver and its server: a proxy on loopback that tests put there, and where the servers are.
//!
//! A driver that was only tried with a well server has not been tried. [`FaultProxy`] stands before a server (a real one from `scripts/servers`, or a listener of
//! the test's own) and breaks connections the way networks do, at a byte that the test chooses. Plain threads, no runtime: it works beside any.

mod fault;
mod link;
mod proxy;
mod server;

pub use fault::{Fault, Way};
pub use proxy::FaultProxy;
pub use server::{missing, program, server};
