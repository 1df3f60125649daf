//! `lockstep new`: a project that builds, tests and runs as it is, with the SDK in it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use include_dir::{Dir, include_dir};
use lockstep_api::{Code, Exit};
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::fsio;

/// Make a procedure that builds, tests and runs as it is
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The procedure's name, and the folder's: kebab case
    name: String,
    /// The language to write it in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: NewLanguage,
}

/// Languages that a project can be made in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum NewLanguage {
    /// Rust
    Rust,
}

#[derive(Serialize)]
struct Made {
    folder: String,
    files: Vec<String>,
}

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/rust");
static SDK_SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guest-sdk/rust/src");
static CONTRACT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");
const SDK_MANIFEST: &str = include_str!("../../../../guest-sdk/rust/Cargo.toml");
const LOCK: &str = include_str!("../../../../guest-sdk/Cargo.lock");

/// Names that a template's file has here because it would mean something to the tools that build this program.
const RENAMED: &[(&str, &str)] = &[("Cargo.toml.tmpl", "Cargo.toml"), ("gitignore", ".gitignore"), ("out/gitignore", "out/.gitignore")];

/// Words that cannot be the name of a Rust package.
const RESERVED: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "lockstep",
    "lockstep-sdk",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Does it.
///
/// # Errors
/// When the name is none, or the folder is there.
pub(super) fn run(args: &NewArgs, context: &Context) -> Result<Exit, CliError> {
    let NewLanguage::Rust = args.lang;
    check_name(&args.name)?;
    let folder = PathBuf::from(&args.name);
    if folder.symlink_metadata().is_ok() {
        return Err(CliError::new(Code::FolderTaken, format!("{} is there already", folder.display())).hint("choose another name, or move it away"));
    }
    let files = project(&args.name);
    for (path, bytes) in &files {
        fsio::write(&folder.join(path), bytes)?;
    }
    let ui = context.ui();
    if ui.json() {
        let files = files.iter().map(|(path, _)| path.display().to_string()).collect();
        ui.print_json(&Made { folder: crate::context::absolute(&folder)?.display().to_string(), files })?;
    } else {
        ui.say(format!("made {}/, a procedure in Rust with the SDK in sdk/", args.name));
        ui.say(format!("next: cd {} && lockstep build && lockstep run", args.name));
    }
    Ok(Exit::Done)
}

fn check_name(name: &str) -> Result<(), CliError> {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let kebab = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-') && !name.contains("--");
    let shown: String = name.chars().take(40).collect();
    if !plain || !kebab || name.len() > 64 {
        return Err(CliError::new(Code::InvalidName, format!("`{shown}` cannot be a procedure's name"))
            .detail("expected kebab case: at most 64 of a-z, 0-9 and -, beginning with a letter"));
    }
    if RESERVED.contains(&name) {
        return Err(
            CliError::new(Code::InvalidName, format!("`{shown}` is a word that Rust or its tools keep for themselves")).hint(format!("try `{shown}-it`"))
        );
    }
    Ok(())
}

/// Every file of a new project.
fn project(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    collect(&TEMPLATE, Path::new(""), &mut files);
    for (path, bytes) in &mut files {
        if let Some((_, renamed)) = RENAMED.iter().find(|(from, _)| Path::new(from) == path) {
            *path = PathBuf::from(renamed);
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = text.replace("{{name}}", name).into_bytes();
        }
    }
    collect(&SDK_SOURCES, Path::new("sdk/src"), &mut files);
    for file in CONTRACT.files() {
        // Only the contract as it is now: its frozen versions are for the host's tests.
        files.push((Path::new("sdk/wit").join(file.path()), file.contents().to_vec()));
    }
    files.push(("sdk/Cargo.toml".into(), SDK_MANIFEST.as_bytes().to_vec()));
    files.push(("Cargo.lock".into(), lock().into_bytes()));
    files.sort();
    files
}

fn collect(folder: &Dir<'_>, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    files.extend(folder.files().map(|file| (below.join(file.path()), file.contents().to_vec())));
    for inner in folder.dirs() {
        collect(inner, below, files);
    }
}

/// The versions that the SDK is tested with, without the packages of its own workspace: cargo adds the project's.
fn lock() -> String {
    let mut parts = LOCK.split("[[package]]\n");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.filter(|package| package.contains("\nsource = ")).fold(head, |lock, package| lock + "[[package]]\n" + package)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{check_name, project};

    #[test]
    fn a_project_is_whole_and_bears_its_name() {
        let files = project("my-procedure");
        let text = |path: &str| {
            let (_, bytes) = files.iter().find(|(found, _)| found == Path::new(path)).unwrap_or_else(|| panic!("{path} is missing"));
            std::str::from_utf8(bytes).unwrap()
        };
        assert!(text("Cargo.toml").contains("name = \"my-procedure\""));
        assert!(text("src/lib.rs").contains("p.describe(\"my-procedure\""));
        for path in [
            "README.md",
            "env.toml",
            "staging.toml",
            "scenarios/greets.toml",
            ".gitignore",
            "out/.gitignore",
            "sdk/Cargo.toml",
            "sdk/src/lib.rs",
            "sdk/wit/worlds.wit",
        ] {
            assert!(!text(path).is_empty());
            assert!(!text(path).contains("{{name}}"), "{path}");
        }
        assert!(text("Cargo.lock").contains("name = \"wit-bindgen\"") && !text("Cargo.lock").contains("name = \"hello\""));
    }

    #[test]
    fn the_scenarios_of_a_project_are_valid() {
        let files = project("x");
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
        for (path, bytes) in project("x").iter().filter(|(path, _)| path.ends_with("env.toml") || path.ends_with("staging.toml")) {
            let text = std::str::from_utf8(bytes).unwrap();
            lockstep_grant::Grant::parse(text, &path.display().to_string(), Path::new("/x")).unwrap();
        }
    }

    #[test]
    fn a_name_is_kebab_case_and_no_keyword() {
        for right in ["hello", "blue-green", "a1"] {
            assert!(check_name(right).is_ok(), "{right}");
        }
        for wrong in ["", "Hello", "-a", "a-", "a--b", "1a", "a_b", "a/b", "..", "fn", "test", &"a".repeat(65)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }
}
