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

/// Whose wall clock a library sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WallClock {
    /// The run's: each look is a record.
    OfTheRun,
    /// One that is the same every time, for a library that looks as it pleases: Go's does when it collects garbage.
    MadeUp,
}

/// The component of a module. Only what the module uses is imported; of WASI at most what `PREVIEW1` asks for. `hint` says what to do about a module that is no procedure.
///
/// # Errors
/// When the module was not made with the SDK.
pub(super) fn component(module: &[u8], name: &str, clock: WallClock, hint: &str) -> Result<Vec<u8>, CliError> {
    let stub = preview1(clock).map_err(|error| CliError::internal(format!("the stand-in for preview 1 does not hold: {error}")))?;
    let ready = ComponentEncoder::default().validate(true).module(module).and_then(|encoder| encoder.adapter(PREVIEW1_NAME, &stub));
    let encoded = ready.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        CliError::new(Code::NoModule, format!("the module of `{name}` cannot be made into a component")).detail(format!("{error:#}")).hint(hint)
    })
}

/// The stand-in, with what its imports are.
fn preview1(clock: WallClock) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let text = match clock {
        WallClock::OfTheRun => PREVIEW1.to_owned(),
        WallClock::MadeUp => PREVIEW1.replace("\"clock_time_get\"", "\"not_asked\"").replace("\"made_up_clock_time_get\"", "\"clock_time_get\""),
    };
    let mut module = wat::parse_str(text)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("preview1.wit", PREVIEW1_ASKS)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::{WallClock, component, preview1};

    #[test]
    fn the_stand_in_for_preview_1_is_whole() {
        for clock in [WallClock::OfTheRun, WallClock::MadeUp] {
            preview1(clock).unwrap();
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(component(b"no module", "x", WallClock::OfTheRun, "").unwrap_err().code(), Code::NoModule);
    }
}
