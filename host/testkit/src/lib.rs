//! What tests of several crates need: time that moves by itself, a procedure that is a script, drivers that only count, a store that fails.

pub mod clock;
pub mod drivers;
pub mod entropy;
pub mod failing;
pub mod house;
pub mod script;

pub use clock::VirtualClock;
pub use drivers::{FakeDrivers, Performed};
pub use entropy::CountingEntropy;
pub use failing::FailingStore;
pub use house::{SECRET, ask, grant, house};
pub use script::Script;
