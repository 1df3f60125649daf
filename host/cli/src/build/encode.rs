//! A core module becomes a component: what its imports and exports are called in the contract stands in the module itself, put there by the SDK
//! or by the build.

use lockstep_api::Code;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::error::CliError;

/// What WASI guests call the interface that `PREVIEW1` stands in for.
const PREVIEW1_NAME: &str = "wasi_snapshot_preview1";

/// Stands in for the system that a language's library believes in. Only the functions that a module uses get into its component.
const PREVIEW1: &str = include_str!("preview1.wat");

/// What it asks of the host.
const PREVIEW1_ASKS: &str = include_str!("preview1.wit");

/// The component of a module. Only what the module uses is imported; of WASI at most what `PREVIEW1` asks for. `hint` says what to do about a module that is no procedure.
///
/// # Errors
/// When the module was not made with the SDK.
pub(super) fn component(module: &[u8], name: &str, hint: &str) -> Result<Vec<u8>, CliError> {
    let stub = preview1().map_err(|error| CliError::internal(format!("the stand-in for preview 1 does not hold: {error}")))?;
    let mut encoder = ComponentEncoder::default();
    let ready = encoder.validate(true).module(module).and_then(|encoder| encoder.adapter(PREVIEW1_NAME, &stub));
    let encoded = ready.and_then(|encoder| encoder.encode());
    encoded.map_err(|error| {
        CliError::new(Code::NoModule, format!("the module of `{name}` cannot be made into a component")).detail(format!("{error:#}")).hint(hint)
    })
}

/// The stand-in, with what its imports are.
fn preview1() -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = wat::parse_str(PREVIEW1)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("preview1.wit", PREVIEW1_ASKS)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::{component, preview1};

    #[test]
    fn the_stand_in_for_preview_1_is_whole() {
        preview1().unwrap();
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(component(b"no module", "x", "").unwrap_err().code(), Code::NoModule);
    }
}
