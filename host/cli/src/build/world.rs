//! The world of one project, for the languages whose components import all of the world that they are made for, used or not: the imports are the manifest,
//! so the world must have what the source uses and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::component::{CONTRACT_VERSION, PACKAGE};
use crate::error::CliError;
use crate::fsio;

/// What the world is called.
pub(super) const NAME: &str = "project";

/// Writes the world beside the contract that is in a folder, and gives the folder of both.
///
/// # Errors
/// When there is no contract, or the folder cannot be written.
pub(super) fn write(work: &Path, contract: &Path, interfaces: &BTreeSet<String>) -> Result<PathBuf, CliError> {
    let folder = work.join("wit");
    let entries = std::fs::read_dir(contract).map_err(|error| CliError::unreadable(contract, &error))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    for file in files {
        let name = file.file_name().unwrap_or_default();
        fsio::write(&folder.join("deps/contract").join(name), &fsio::read(&file)?)?;
    }
    fsio::write(&folder.join("project.wit"), text(interfaces).as_bytes())?;
    Ok(folder)
}

/// The world as WIT.
pub(super) fn text(interfaces: &BTreeSet<String>) -> String {
    let imports: String = interfaces.iter().map(|interface| format!("    import {};\n", name_of(interface))).collect();
    format!("package lockstep:project;\n\nworld {NAME} {{\n{imports}    export {};\n}}\n", name_of("procedure"))
}

/// The interface in full: `lockstep:contract/http@0.1.0`.
fn name_of(interface: &str) -> String {
    format!("{PACKAGE}{interface}@{CONTRACT_VERSION}")
}

/// `http`, of `lockstep:contract/http@0.1.0`.
pub(super) fn interface(name: &str) -> Option<&str> {
    name.strip_prefix(PACKAGE)?.split('@').next()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{interface, write};

    #[test]
    fn the_world_of_a_project_has_what_it_uses_and_the_tools_can_read_it() {
        let work = tempfile::tempdir().unwrap();
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let folder = write(work.path(), &contract, &["http", "log"].map(str::to_owned).into()).unwrap();
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(&folder).unwrap();
        let world = &resolve.worlds[resolve.select_world(&[package], Some("project")).unwrap()];
        let imports: Vec<_> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        // What an imported interface uses the types of comes with it.
        assert_eq!(imports.iter().filter_map(|name| interface(name)).collect::<Vec<_>>(), ["types", "artifact", "http", "log"]);
    }
}
