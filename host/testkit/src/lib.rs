//! What tests of several crates need: time that moves by itself, a procedure that is a script, drivers that only count, a store that fails.

pub mod drivers;
pub mod entropy;
pub mod house;
pub mod script;

pub use lockstep_gate::VirtualClock;
pub use lockstep_journal::FailingStore;

pub use drivers::{FakeDrivers, Performed};
pub use entropy::CountingEntropy;
pub use house::{SECRET, ask, grant, house, resume_of, start_of};
pub use script::Script;
