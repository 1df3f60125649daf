//! Runs a procedure in a scripted world under a virtual clock, and holds the laws of a run against it: nothing outside is reached.
//!
//! It drives the real engine through the real gate with the real grant; only store, clock, drivers and randomness are others. Knows no wasm.

mod expectations;
pub mod laws;
pub mod rehearsal;
pub mod scenario;
mod stage;
mod tree;
pub mod world;

pub use laws::{Law, Problem, Verdict};
pub use rehearsal::{Onlookers, Play, Rehearsal, Setting};
pub use scenario::Scenario;
pub use world::Unanswered;

/// The reference of the scenario file, Markdown, for `lockstep explain scenario`.
pub const REFERENCE: &str = include_str!("reference.md");
