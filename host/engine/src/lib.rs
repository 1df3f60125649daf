//! Drives a run: plan, steps, retries, undo, resume. It knows no wasm and no driver: tests drive it with a scripted procedure.

pub mod declare;
pub mod dry_run;
pub mod error;
pub mod house;
mod lease;
pub mod migrate;
pub mod procedure;
pub mod replay;
pub mod run;

pub use declare::{DeclaredPlan, declare};
pub use dry_run::{DryRunReport, StepEnd, StepTried, dry_run};
pub use error::EngineError;
pub use house::{Entropy, House, LONGEST_HOLD};
pub use migrate::{Migrate, migrate};
pub use procedure::{PlanFacts, Procedure};
pub use replay::{AttemptChecked, PlanChecked, ReplayReport, Verdict, replay};
pub use run::{Heard, Resume, RunReport, Start, Waits, act, post, release, resolve, resume, retry, start, undo, wake};
