//! The one way out: every call of a guest passes here, and nowhere else are replay, grant and journal joined.
//!
//! A host function has no branch for replay, grant or audit, and no driver can be reached but through `Gate::call`.

pub mod artifacts;
pub mod budget;
pub mod clock;
pub mod dispatch;
pub mod driver;
pub mod dry_run;
pub mod gate;
pub mod interrupt;
pub mod secrets;
pub mod stop;
pub mod tools;

pub use artifacts::{ArtifactReader, ArtifactSink, Artifacts, LooseArtifacts};
pub use budget::{Allowance, Budget};
pub use clock::{SystemClock, VirtualClock};
pub use dispatch::{Dispatch, Drivers};
pub use driver::{CallContext, Driver, LiveOutput, NoLiveOutput, NoNotes, Notes, Settled, Stream};
pub use dry_run::{Came, DryRun, Trial, Tried};
pub use gate::{Gate, Live, NoLive, Recorded, RunPassage};
pub use interrupt::Interrupt;
pub use secrets::{SecretSource, Secrets, mark_of, mark_purpose};
pub use stop::Stop;
pub use tools::{PrivateName, Tool, ToolEnd, Tools};
