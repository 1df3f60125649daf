//! A core module becomes a component: what its imports and exports are called in the contract stands in the module itself, put there by the SDK.

use lockstep_api::Code;
use wit_component::ComponentEncoder;

use crate::error::CliError;

/// The component of a module. Only what the module uses is imported.
///
/// # Errors
/// When the module was not made with the SDK.
pub(super) fn component(module: &[u8], name: &str) -> Result<Vec<u8>, CliError> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|encoder| encoder.encode());
    encoded.map_err(|error| {
        CliError::new(Code::NoModule, format!("the module of `{name}` cannot be made into a component"))
            .detail(format!("{error:#}"))
            .hint("see that it depends on `lockstep-sdk` and exports a procedure: `lockstep::procedure!(…)`")
    })
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::component;

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(component(b"no module", "x").unwrap_err().code(), Code::NoModule);
    }
}
