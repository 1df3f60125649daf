//! What a grant file allows, compiled: one module for each of its sections.

mod files;
mod http;
mod limits;
mod parameters;
mod secrets;
mod shell;

pub use files::{FilesRules, MountRule, Right};
pub use http::{HttpPattern, HttpRules};
pub use limits::Limits;
pub use parameters::ParameterRule;
pub use secrets::{SecretRule, SecretSource};
pub use shell::{CommandPattern, ShellRules};

pub(crate) use parameters::read_parameters;
pub(crate) use secrets::read_secrets;
