//! What `lockstep build` writes into a component, so that it can be inspected and reviewed without running it.

use lockstep_model::plan::{Description, Plan};
use serde::{Deserialize, Serialize};

/// The custom section's name.
pub const SECTION: &str = "lockstep:descriptor";

/// The version of the form below.
pub const FORMAT: u32 = 1;

/// What a procedure declared when it was built. A claim of the builder: a run asks the procedure again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Descriptor {
    /// `FORMAT`; a reader takes what it understands of a newer one.
    pub format: u32,
    /// The contract's version, `0.1.0`.
    pub contract: String,
    /// The program that built it.
    pub builder: String,
    /// Name, version, title, parameters.
    pub procedure: Description,
    /// The steps with every parameter at its fallback; none when a parameter has no fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}
