//! From a project to a component: the language is found out, its compiler run, the module made into a component, and what it declares written into it.

mod c;
mod contract;
mod declared;
mod encode;
mod go;
mod kept;
mod language;
mod lines;
mod python;
mod rust;
mod tool;
mod typescript;
mod world;

use std::path::{Path, PathBuf};

use lockstep_api::Code;

use crate::component;
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

pub(crate) use language::Language;
pub(crate) use tool::first_line;

/// Where `build` puts components and `run` looks for them, below the project's folder.
pub(crate) const OUTPUT: &str = "target/lockstep";

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

/// What a language's tools gave.
struct Made {
    /// What the project is called.
    name: String,
    /// The component, without its descriptor.
    component: Vec<u8>,
}

/// Builds the project in a folder. What was compiled to ask it what it declares is kept in the store's folder, if there is one, for the runs to come.
///
/// # Errors
/// When it is no project, a tool is missing, or it does not compile to a procedure.
pub(crate) fn build(folder: &Path, store: Option<&Path>, ui: &Ui) -> Result<Product, CliError> {
    // Compilers are told it as text, in which a slash at its end would count.
    let folder = &folder.components().collect::<PathBuf>();
    let language = Language::of(folder)?;
    let made = match language {
        Language::Rust => rust::build(folder, ui)?,
        Language::C => c::build(folder, ui)?,
        Language::Go => go::build(folder, ui)?,
        Language::TypeScript => typescript::build(folder, ui)?,
        Language::Python => python::build(folder, ui)?,
    };
    finish(folder, made, store)
}

/// The tools that build procedures in a language on this machine, in a line.
///
/// # Errors
/// When one is missing: says which, and how to get it. Nothing is installed.
pub(crate) fn tools(language: Language) -> Result<String, CliError> {
    match language {
        Language::Rust => rust::found(),
        Language::C => c::found(),
        Language::Go => go::found(Path::new(".")),
        Language::TypeScript => typescript::found(),
        Language::Python => python::found(),
    }
}

fn finish(folder: &Path, Made { name, component }: Made, store: Option<&Path>) -> Result<Product, CliError> {
    component::read(&component, &name)?;
    let descriptor = declared::descriptor(&component, store)?;
    let component = component::with_descriptor(component, &descriptor)?;
    let facts = component::read(&component, &name)?;
    let procedure = descriptor.procedure.name;
    let file = folder.join(OUTPUT).join(format!("{procedure}.wasm"));
    for stale in built_in(folder).into_iter().filter(|found| *found != file) {
        // Left over from when the procedure had another name; `run` must not take it for this one.
        std::fs::remove_file(&stale).map_err(|error| CliError::unwritable(&stale, &error))?;
    }
    fsio::write(&file, &component)?;
    Ok(Product { file, facts, procedure })
}

/// The component of the project in a folder.
///
/// # Errors
/// When there is none, or it is not what the project says now: an older procedure would do its effects as well.
pub(crate) fn component_of(folder: &Path) -> Result<PathBuf, CliError> {
    match built_in(folder).as_slice() {
        [] if Language::of(folder).is_ok() => {
            Err(CliError::new(Code::NothingToRun, "the project in this folder has not been built").hint("run `lockstep build` first"))
        }
        [] => Err(CliError::new(Code::NothingToRun, "no component is named, and this folder is no project").hint("name one: `lockstep run FILE --env E.toml`")),
        [one] => match changed_since(folder, one) {
            None => Ok(one.clone()),
            Some(source) => Err(CliError::new(Code::NothingToRun, format!("the component is older than {}", source.display()))
                .detail(format!("component: {}", one.display()))
                .hint("`lockstep build` makes it anew; named as a file it is taken as it is")),
        },
        [_, _, ..] => Err(CliError::new(Code::NothingToRun, format!("{OUTPUT} has several components")).hint("name one of them")),
    }
}

/// A source of the project that was changed after its component was made.
fn changed_since(folder: &Path, component: &Path) -> Option<PathBuf> {
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    let made = changed(component)?;
    let language = Language::of(folder).ok()?;
    let mut looked_at: Vec<PathBuf> = language.sources().iter().map(|source| folder.join(source)).collect();
    while let Some(path) = looked_at.pop() {
        if path.is_dir() && !path.is_symlink() && !path.ends_with("target") {
            looked_at.extend(std::fs::read_dir(&path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
        } else if language.is_source(&path) && changed(&path).is_some_and(|changed| changed > made) {
            return Some(path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path));
        }
    }
    None
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

    #[test]
    fn a_component_that_is_older_than_its_source_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, second: u64| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(&path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
            path
        };
        file("Cargo.toml", 1);
        file("src/steps/switch.rs", 2);
        file("README.md", 9);
        let component = file("target/lockstep/shop.wasm", 3);
        assert_eq!(component_of(folder.path()).unwrap(), component);
        file("src/steps/switch.rs", 4);
        let error = component_of(folder.path()).unwrap_err().to_string();
        assert!(error.contains("older than src/steps/switch.rs") && error.contains("`lockstep build`"), "{error}");
        file("target/lockstep/shop.wasm", 5);
        file("Cargo.toml", 6);
        assert!(component_of(folder.path()).unwrap_err().to_string().contains("older than Cargo.toml"));
    }
}
