//! Runs cargo on a Rust project and finds the module it made.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use lockstep_api::Code;
use serde::Deserialize;

use super::super::tool;
use super::way::{TARGET, Way};
use crate::environment;
use crate::error::CliError;
use crate::ui::Ui;

/// What cargo calls a library that becomes a WebAssembly module.
const MODULE: &str = "cdylib";

/// What cargo made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// The package's name.
    pub(super) name: String,
    /// The core module.
    pub(super) file: PathBuf,
    /// What the paths of the project's files begin with in it.
    pub(super) root: String,
}

/// Compiles the project in release mode. Cargo's own progress and the compiler's messages go to standard error.
///
/// # Errors
/// When it does not compile, or makes no module.
pub(super) fn build(folder: &Path, way: &Way, ui: &Ui) -> Result<Module, CliError> {
    let workspace = workspace(folder);
    let mut cargo = tool::command("cargo");
    cargo.current_dir(folder).args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    cargo.env("RUSTC", &way.compiler).env("CARGO_ENCODED_RUSTFLAGS", flags(&workspace, way, folder)).env_remove("RUSTFLAGS");
    // Where each instruction comes from is read off the module and then left out of it, whatever the project's profile says.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "limited").env("CARGO_PROFILE_RELEASE_STRIP", "none");
    if let Some(linker) = &way.from_source {
        // The compiler is a released one: building its own sources is the one thing it needs to be told to allow.
        cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        cargo.args(["-Z", "build-std=std,panic_abort", "-Z", "build-std-features="]);
    }
    if ui.quiet() {
        cargo.arg("--quiet");
    }
    let started = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).output();
    let output = started.map_err(|error| CliError::new(Code::ToolMissing, format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(CliError::new(Code::CompilerFailed, "the procedure does not compile").hint("the compiler's messages are above"));
    }
    let manifest = folder.join("Cargo.toml");
    let (name, file) = module(&String::from_utf8_lossy(&output.stdout), &manifest)?;
    Ok(Module { name, file, root: root(folder, &workspace) })
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

/// Looks whether the package can be a procedure at all, before anything is compiled or installed for it.
///
/// # Errors
/// When it makes no WebAssembly module. What cargo itself does not understand it says when it builds.
pub(super) fn expect_procedure(folder: &Path) -> Result<(), CliError> {
    let metadata = tool::output(tool::command("cargo").current_dir(folder).args(["metadata", "--no-deps", "--format-version", "1"]));
    let Some(metadata) = metadata.and_then(|text| serde_json::from_str::<Metadata>(&text).ok()) else { return Ok(()) };
    let manifest = folder.join("Cargo.toml");
    let here = manifest.canonicalize().unwrap_or_else(|_| manifest.clone());
    let makes_module = |package: &&Package| package.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == MODULE));
    let procedures: Vec<&Package> = metadata.packages.iter().filter(makes_module).collect();
    if procedures.iter().any(|package| package.manifest_path == here) {
        return Ok(());
    }
    let others: Vec<String> = procedures.iter().filter_map(|package| Some(package.manifest_path.parent()?.display().to_string())).collect();
    let error = CliError::new(Code::NoLanguage, format!("{} is no procedure: it makes no WebAssembly module", manifest.display()))
        .detail("a procedure in Rust is a library with `crate-type = [\"cdylib\"]` that depends on `lockstep-sdk` and says `lockstep::procedure!(…)`");
    let error = if others.is_empty() { error } else { error.hint(format!("in this workspace are: {}", others.join(", "))) };
    Err(error.hint("`lockstep new NAME --lang rust` makes one"))
}

/// The folder of the workspace that a project is in, or its own.
fn workspace(folder: &Path) -> PathBuf {
    let manifest = tool::output(tool::command("cargo").args(["locate-project", "--workspace", "--message-format", "plain"]).current_dir(folder));
    manifest.as_deref().and_then(|manifest| Path::new(manifest).parent()).unwrap_or(folder).to_owned()
}

/// What stands for the workspace's folder in a module.
const ROOT: &str = "/guest";

/// What the paths of the project's files begin with in its module.
fn root(folder: &Path, workspace: &Path) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (folder, workspace) = (real(folder), real(workspace));
    let inside = folder.strip_prefix(workspace).unwrap_or(Path::new(""));
    inside.components().fold(ROOT.to_owned(), |root, part| format!("{root}/{}", part.as_os_str().display()))
}

/// No path of this machine gets into a module: the same sources and compiler give the same bytes in every folder.
fn flags(workspace: &Path, way: &Way, folder: &Path) -> OsString {
    let mut flags = OsString::from(format!("--remap-path-prefix={}={ROOT}", workspace.display()));
    if let Some(home) = environment::cargo_home() {
        flags.push(format!("\u{1f}--remap-path-prefix={}=/cargo", home.display()));
    }
    if let Some(commit) = way.commit(folder) {
        flags.push(format!("\u{1f}--remap-path-prefix={}/lib/rustlib/src/rust=/rustc/{commit}", way.sysroot.display()));
    }
    flags
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// The module's name and file among cargo's messages, one JSON object a line.
fn module(messages: &str, manifest: &Path) -> Result<(String, PathBuf), CliError> {
    let manifest = manifest.canonicalize().unwrap_or_else(|_| manifest.to_owned());
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let made = messages.filter(|message| message.reason == "compiler-artifact" && message.manifest_path == manifest);
    let modules = made.filter(|message| message.target.crate_types.iter().any(|kind| kind == MODULE));
    let mut found = modules.filter_map(|message| {
        let file = message.filenames.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm"))?;
        Some((message.target.name.replace('_', "-"), file))
    });
    found.next().ok_or_else(|| {
        CliError::new(Code::NoModule, "the project compiles, but makes no WebAssembly module")
            .detail(manifest.display().to_string())
            .hint("add `crate-type = [\"cdylib\"]` below `[lib]` in Cargo.toml")
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{module, root};

    #[test]
    fn a_projects_files_are_below_its_own_folder_of_the_workspace() {
        assert_eq!(root(Path::new("/w/procedures/hello/rust"), Path::new("/w")), "/guest/procedures/hello/rust");
        assert_eq!(root(Path::new("/w"), Path::new("/w")), "/guest");
    }

    #[test]
    fn the_module_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/p/sdk/Cargo.toml","target":{"name":"lockstep","crate_types":["lib"]},"filenames":["/p/x.rlib"]}
{"reason":"compiler-message"}
not json
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"name":"blue_green","crate_types":["cdylib"]},"filenames":["/p/target/blue_green.wasm"]}
{"reason":"build-finished","success":true}"#;
        let found = module(messages, Path::new("/p/Cargo.toml")).unwrap();
        assert_eq!(found, ("blue-green".to_owned(), PathBuf::from("/p/target/blue_green.wasm")));
        assert!(module(messages, Path::new("/q/Cargo.toml")).is_err());
    }
}
