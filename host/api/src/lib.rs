//! What Lockstep publishes: exit codes, error codes with a page for each, the codes of failures, and the JSON that `--json` prints.
//!
//! Other people's programs depend on everything in here, so it stands apart from the types that the host uses inside and is converted to, one way.

pub mod code;
pub mod descriptor;
pub mod exit;
pub mod failures;
pub mod lines;
pub mod sections;
pub mod wire;

pub use code::Code;
pub use descriptor::Descriptor;
pub use exit::Exit;
