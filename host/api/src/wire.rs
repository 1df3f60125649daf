//! What `--json` prints. Kebab-case keys; fields are added, never renamed or taken away.

mod component;
mod dry_run;
mod error;
mod rehearsal;
mod replay;
mod run;

pub use component::{Built, Checked, Inspected, PlanShown, StepShown};
pub use dry_run::{DryRunShown, StepTriedEnd, StepTriedShown, TriedShown};
pub use error::{ErrorLine, ErrorShown};
pub use rehearsal::{LawTested, ProblemShown, ScenarioTested, TestEnd};
pub use replay::{AttemptShown, DivergenceShown, Migrated, ReplayShown};
pub use run::{ActShown, CallShown, LeaseShown, ProbeShown, RunEnd, RunLine, RunShown, StepEnd, Woken};
