//! Guests made to do harm, in one process: each ends with its code, the host lives, the journal verifies, and neighbours get on.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed, and what was measured is said")]

mod arguments;
mod cases;
mod components;
mod corpus;
mod damaged;
#[path = "../runtime/support/guest.rs"]
#[expect(dead_code, reason = "what makes guests of later contracts is for the other tests")]
mod guest;
mod memory;
mod modes;
mod neighbours;
#[path = "../runtime/support/world.rs"]
#[expect(dead_code, reason = "what looks into a run is for the other tests")]
mod world;
mod yard;
