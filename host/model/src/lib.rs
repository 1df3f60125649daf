//! The words that every other crate shares: ids, requests and responses, effect classes, outcomes, secrets, time.
//!
//! Pure data. Nothing here performs, decides or stores anything, and nothing here links anything heavy.

pub mod class;
pub mod content;
pub mod digest;
pub mod failure;
pub mod id;
pub mod outcome;
pub mod plan;
pub mod request;
pub mod secret;
pub mod time;

pub use class::EffectClass;
pub use content::Content;
pub use digest::{Digest, Hasher};
pub use failure::{Failure, Problem};
pub use id::{InvalidStepId, RunId, StepId};
pub use outcome::RunOutcome;
pub use request::Request;
pub use secret::Secret;
pub use time::{Clock, Timestamp};
