//! Drives a run: plan, steps, retries, undo, resume. It knows no wasm and no driver: tests drive it with a scripted procedure.

pub mod declare;
pub mod error;
pub mod house;
pub mod procedure;
pub mod run;

pub use declare::{DeclaredPlan, declare};
pub use error::EngineError;
pub use house::{Entropy, House, LONGEST_HOLD};
pub use procedure::{PlanFacts, Procedure};
pub use run::{Resume, RunReport, Start, resolve, resume, start, undo};
