//! From a project to a component: the language is found out, its compiler run, the module made into a component, and what it declares written into it.

mod cargo;
mod declared;
mod encode;
mod language;
mod tool;
mod way;

use std::path::{Path, PathBuf};

use lockstep_api::Code;

use crate::component;
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

pub(crate) use language::Language;
pub(crate) use tool::{find_program, first_line};
pub(crate) use way::{TARGET, Way};

/// Where `build` puts components and `run` looks for them, below the project's folder.
const OUTPUT: &str = "target/lockstep";

/// A component that was built.
#[derive(Debug)]
pub(crate) struct Product {
    /// Where it is, absolute.
    pub(crate) file: PathBuf,
    /// What can be read off it.
    pub(crate) facts: component::Facts,
    /// The procedure's name.
    pub(crate) procedure: String,
}

/// Builds the project in a folder.
///
/// # Errors
/// When it is no project, a tool is missing, or it does not compile to a procedure.
pub(crate) fn build(folder: &Path, ui: &Ui) -> Result<Product, CliError> {
    match Language::of(folder)? {
        Language::Rust => {
            let way = way::find_or_install(folder, ui)?;
            let module = cargo::build(folder, &way, ui)?;
            let bytes = fsio::read(&module.file)?;
            let component = encode::component(&bytes, &module.name)?;
            finish(folder, &module.name, component)
        }
    }
}

fn finish(folder: &Path, name: &str, component: Vec<u8>) -> Result<Product, CliError> {
    component::read(&component, name)?;
    let descriptor = declared::descriptor(&component)?;
    let component = component::with_descriptor(component, &descriptor)?;
    let facts = component::read(&component, name)?;
    let output = folder.join(OUTPUT);
    let file = output.join(format!("{name}.wasm"));
    for stale in built_in(folder).into_iter().filter(|found| *found != file) {
        // Left over from a package that had another name; `run` must not take it for this one.
        std::fs::remove_file(&stale).map_err(|error| CliError::unwritable(&stale, &error))?;
    }
    fsio::write(&file, &component)?;
    Ok(Product { file, facts, procedure: descriptor.procedure.name })
}

/// The component of the project in a folder.
///
/// # Errors
/// When there is none.
pub(crate) fn component_of(folder: &Path) -> Result<PathBuf, CliError> {
    match built_in(folder).as_slice() {
        [] if Language::of(folder).is_ok() => {
            Err(CliError::new(Code::NothingToRun, "the project in this folder has not been built").hint("run `lockstep build` first"))
        }
        [] => Err(CliError::new(Code::NothingToRun, "no component is named, and this folder is no project").hint("name one: `lockstep run FILE --env E.toml`")),
        [one] => Ok(one.clone()),
        [_, _, ..] => Err(CliError::new(Code::NothingToRun, format!("{OUTPUT} has several components")).hint("name one of them")),
    }
}

fn built_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join(OUTPUT)) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).collect()
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::component_of;

    #[test]
    fn a_folder_without_a_component_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = component_of(folder.path()).unwrap_err();
        assert_eq!(error.code(), Code::NothingToRun);
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        assert!(component_of(folder.path()).unwrap_err().to_string().contains("`lockstep build`"));
    }
}
