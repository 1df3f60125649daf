//! What `--json` prints. Kebab-case keys; fields are added, never renamed or taken away.

mod component;
mod error;
mod run;

pub use component::{Built, Checked, Inspected, PlanShown, StepShown};
pub use error::{ErrorLine, ErrorShown};
pub use run::{CallShown, RunEnd, RunLine, RunShown, StepEnd};
