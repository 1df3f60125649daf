//! Rust: cargo makes a module for `wasm32-unknown-unknown`, and the SDK's macro has put what it imports into it.

mod cargo;
mod way;

use std::path::Path;

use super::encode::WallClock;
use super::{Made, encode, lines};
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

pub(super) use way::found;

/// What a component is built from.
pub(super) const SOURCES: &[&str] = &["Cargo.toml", "build.rs", "src"];

/// Builds the project. Cargo compiles again only what has changed; the same sources and compiler give the same bytes.
///
/// # Errors
/// When it is no procedure, a tool is missing, or it does not compile.
pub(super) fn build(folder: &Path, ui: &Ui) -> Result<Made, CliError> {
    cargo::expect_procedure(folder)?;
    let way = way::find_or_install(folder, ui)?;
    let module = cargo::build(folder, &way, ui)?;
    let bytes = fsio::read(&module.file)?;
    let component = encode::component(
        &lines::without_debug_information(&bytes),
        &module.name,
        WallClock::OfTheRun,
        "see that it depends on `lockstep-sdk` and exports a procedure: `lockstep::procedure!(…)`",
    )?;
    let component = lines::of_dwarf(component, &bytes, &module.root);
    Ok(Made { name: module.name, component })
}
