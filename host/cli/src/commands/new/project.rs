//! The files of a new project: a template, and the SDK with the contract, so that the project builds from its own folder.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde_json::Value;

use crate::build::Language;
use crate::error::CliError;

/// What is the same in every language: grant files and scenarios.
static EVERY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/every");
static CONTRACT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

static RUST: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/rust");
static RUST_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/rust/src");
const RUST_MANIFEST: &str = include_str!("../../../../../guest-sdk/rust/Cargo.toml");
const RUST_LOCK: &str = include_str!("../../../../../guest-sdk/Cargo.lock");

static C: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/c");
static C_HEADERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/c/include");
static C_SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/c/src");

static GO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/go");
static GO_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/go");
static TYPESCRIPT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/typescript");
static TYPESCRIPT_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/typescript/src");
const TYPESCRIPT_PACKAGE: &str = include_str!("../../../../../guest-sdk/typescript/package.json");
const TYPESCRIPT_CONFIG: &str = include_str!("../../../../../guest-sdk/typescript/tsconfig.json");
const TYPESCRIPT_LOCK: &str = include_str!("../../../../../guest-sdk/package-lock.json");

static PYTHON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/python");
static PYTHON_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/python/lockstep");
const PYTHON_PACKAGE: &str = include_str!("../../../../../guest-sdk/python/pyproject.toml");
const PYTHON_TOOLS: &str = include_str!("../../../../../guest-sdk/build-requirements.txt");

/// Names that a template's file has here because it would mean something to the tools that build this program.
const RENAMED: &[(&str, &str)] =
    &[("Cargo.toml.tmpl", "Cargo.toml"), ("go.mod.tmpl", "go.mod"), ("gitignore", ".gitignore"), ("out/gitignore", "out/.gitignore")];

/// Every file of a new project, sorted.
///
/// # Errors
/// When the language has no SDK yet.
pub(super) fn files(name: &str, language: Language) -> Result<Vec<(PathBuf, Vec<u8>)>, CliError> {
    let mut files = Vec::new();
    collect(&EVERY, "", &mut files);
    match language {
        Language::Rust => collect(&RUST, "", &mut files),
        Language::C => collect(&C, "", &mut files),
        Language::Go => collect(&GO, "", &mut files),
        Language::TypeScript => collect(&TYPESCRIPT, "", &mut files),
        Language::Python => collect(&PYTHON, "", &mut files),
    }
    for (path, bytes) in &mut files {
        if let Some((_, renamed)) = RENAMED.iter().find(|(from, _)| Path::new(from) == path) {
            *path = PathBuf::from(renamed);
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = text.replace("{{name}}", name).into_bytes();
        }
    }
    // Only the contract as it is now: its frozen versions are for the host's tests.
    files.extend(CONTRACT.files().map(|file| (Path::new("sdk/wit").join(file.path()), file.contents().to_vec())));
    match language {
        Language::Rust => {
            collect(&RUST_SDK, "sdk/src", &mut files);
            files.push(("sdk/Cargo.toml".into(), RUST_MANIFEST.as_bytes().to_vec()));
            files.push(("Cargo.lock".into(), lock().into_bytes()));
        }
        Language::C => {
            collect(&C_HEADERS, "sdk/include", &mut files);
            collect(&C_SOURCES, "sdk/src", &mut files);
        }
        Language::Go => {
            // The link to the contract has been followed here: it is there already. The SDK's own tests stay at home.
            let mut sdk = Vec::new();
            collect(&GO_SDK, "sdk", &mut sdk);
            let own = |path: &Path| path.starts_with("sdk/internal/fake") || path.to_string_lossy().ends_with("_test.go");
            files.extend(sdk.into_iter().filter(|(path, _)| !path.starts_with("sdk/wit") && !own(path)));
        }
        Language::TypeScript => {
            collect(&TYPESCRIPT_SDK, "sdk/src", &mut files);
            files.push(("sdk/package.json".into(), TYPESCRIPT_PACKAGE.as_bytes().to_vec()));
            files.push(("sdk/tsconfig.json".into(), TYPESCRIPT_CONFIG.as_bytes().to_vec()));
            files.push(("package-lock.json".into(), npm_lock(name)?.into_bytes()));
        }
        Language::Python => {
            collect(&PYTHON_SDK, "sdk/lockstep", &mut files);
            // A build of an example leaves compiled modules there.
            files.retain(|(path, _)| !path.iter().any(|part| part == "__pycache__"));
            files.push(("sdk/pyproject.toml".into(), PYTHON_PACKAGE.as_bytes().to_vec()));
            files.push(("build-requirements.txt".into(), PYTHON_TOOLS.as_bytes().to_vec()));
        }
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Dir<'_>, below: &str, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    files.extend(folder.files().map(|file| (Path::new(below).join(file.path()), file.contents().to_vec())));
    for inner in folder.dirs() {
        collect(inner, below, files);
    }
}

/// The versions that the SDK is tested with, without the packages of its own workspace: cargo adds the project's.
fn lock() -> String {
    let mut parts = RUST_LOCK.split("[[package]]\n");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.filter(|package| package.contains("\nsource = ")).fold(head, |lock, package| lock + "[[package]]\n" + package)
}

/// The versions that the SDK is tested with, for a project that has the SDK in `sdk`.
fn npm_lock(name: &str) -> Result<String, CliError> {
    let wrong = |error| CliError::internal(format!("the lock of the TypeScript SDK is no JSON: {error}"));
    let mut lock: Value = serde_json::from_str(TYPESCRIPT_LOCK).map_err(wrong)?;
    lock["name"] = name.into();
    let packages = &mut lock["packages"];
    packages[""]["name"] = name.into();
    packages[""]["version"] = "0.1.0".into();
    packages[""]["dependencies"]["lockstep-sdk"] = "file:sdk".into();
    packages["node_modules/lockstep-sdk"]["resolved"] = "sdk".into();
    packages["sdk"] = packages["typescript"].take();
    packages.as_object_mut().and_then(|packages| packages.remove("typescript"));
    serde_json::to_string_pretty(&lock).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Language, files};

    /// What has an SDK, with the file that declares the steps.
    const LANGUAGES: &[(Language, &str)] = &[
        (Language::Rust, "src/lib.rs"),
        (Language::TypeScript, "src/main.ts"),
        (Language::Python, "src/main.py"),
        (Language::C, "src/procedure.c"),
        (Language::Go, "procedure.go"),
    ];

    fn text<'a>(files: &'a [(PathBuf, Vec<u8>)], path: &str) -> &'a str {
        let (_, bytes) = files.iter().find(|(found, _)| found == Path::new(path)).unwrap_or_else(|| panic!("{path} is missing"));
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_project_is_whole_and_bears_its_name() {
        for (language, source) in LANGUAGES {
            let files = files("my-procedure", *language).unwrap();
            assert!(text(&files, source).contains("\"my-procedure\""), "{language:?}");
            for path in
                ["README.md", "env.toml", "staging.toml", "scenarios/greets.toml", ".gitignore", "out/.gitignore", "sdk/wit/worlds.wit", language.manifest()]
            {
                assert!(!text(&files, path).is_empty());
                assert!(!text(&files, path).contains("{{name}}"), "{path}");
            }
        }
        let rust = files("my-procedure", Language::Rust).unwrap();
        assert!(text(&rust, "Cargo.lock").contains("name = \"wit-bindgen\"") && !text(&rust, "Cargo.lock").contains("name = \"hello\""));
        assert!(!text(&rust, "sdk/src/lib.rs").is_empty());
        let lock: serde_json::Value = serde_json::from_str(text(&files("my-procedure", Language::TypeScript).unwrap(), "package-lock.json")).unwrap();
        let packages = &lock["packages"];
        assert_eq!((&packages["node_modules/lockstep-sdk"]["resolved"], &packages["sdk"]["name"]), (&"sdk".into(), &"lockstep-sdk".into()));
        assert!(packages.get("typescript").is_none() && packages["node_modules/esbuild"]["integrity"].is_string());
    }

    #[test]
    fn the_scenarios_of_a_project_are_valid() {
        let files = files("x", Language::Rust).unwrap();
        let scenarios = files.iter().filter(|(path, _)| path.starts_with("scenarios"));
        let valid = scenarios.filter(|(path, bytes)| {
            let text = std::str::from_utf8(bytes).unwrap();
            lockstep_rehearsal::Scenario::parse(text, &path.display().to_string(), Path::new("/x"), None).unwrap();
            true
        });
        assert_eq!(valid.count(), 2);
    }

    #[test]
    fn the_grant_files_of_a_project_are_valid() {
        for (path, bytes) in files("x", Language::Rust).unwrap().iter().filter(|(path, _)| path.ends_with("env.toml") || path.ends_with("staging.toml")) {
            let text = std::str::from_utf8(bytes).unwrap();
            lockstep_grant::Grant::parse(text, &path.display().to_string(), Path::new("/x")).unwrap();
        }
    }
}
