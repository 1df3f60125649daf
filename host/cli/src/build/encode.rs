//! A core module becomes a component: what its imports and exports are called in the contract stands in the module itself, put there by the SDK
//! or by the build.

use lockstep_api::Code;
use wit_component::ComponentEncoder;

use crate::error::CliError;

/// What WASI guests call the interface that `PREVIEW1` stands in for.
const PREVIEW1_NAME: &str = "wasi_snapshot_preview1";

/// Stands in for the system that a language's library believes in. Only the functions that a module uses get into its component.
const PREVIEW1: &str = include_str!("preview1.wat");

/// The component of a module. Only what the module uses is imported, and nothing of WASI. `hint` says what to do about a module that is no procedure.
///
/// # Errors
/// When the module was not made with the SDK.
pub(super) fn component(module: &[u8], name: &str, hint: &str) -> Result<Vec<u8>, CliError> {
    let stub = wat::parse_str(PREVIEW1).map_err(|error| CliError::internal(format!("the stub of preview 1 is not WebAssembly: {error}")))?;
    let mut encoder = ComponentEncoder::default();
    let ready = encoder.validate(true).module(module).and_then(|encoder| encoder.adapter(PREVIEW1_NAME, &stub));
    let encoded = ready.and_then(|encoder| encoder.encode());
    encoded.map_err(|error| {
        CliError::new(Code::NoModule, format!("the module of `{name}` cannot be made into a component")).detail(format!("{error:#}")).hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::component;

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(component(b"no module", "x", "").unwrap_err().code(), Code::NoModule);
    }
}
