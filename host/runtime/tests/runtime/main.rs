//! What guests can and cannot do to a host. The guests are core modules written by hand, so that they can do what no SDK would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cache;
mod declare;
mod evolution;
mod languages;
mod limits;
mod load;
mod probes;
mod steps;
mod support;
mod wasi;
