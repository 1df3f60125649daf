//! Each fault of the proxy, on a server that answers what it hears.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod place;
mod proxy;
mod server;
