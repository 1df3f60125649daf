//! `lockstep new`: a project that builds, tests and runs as it is, with the SDK in it.

mod project;

use std::path::PathBuf;

use lockstep_api::{Code, Exit};
use serde::Serialize;

use crate::build::Language;
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
    lang: Language,
}

#[derive(Serialize)]
struct Made {
    folder: String,
    files: Vec<String>,
}

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
    check_name(&args.name, args.lang)?;
    let folder = PathBuf::from(&args.name);
    if folder.symlink_metadata().is_ok() {
        return Err(CliError::new(Code::FolderTaken, format!("{} is there already", folder.display())).hint("choose another name, or move it away"));
    }
    let files = project::files(&args.name, args.lang)?;
    for (path, bytes) in &files {
        fsio::write(&folder.join(path), bytes)?;
    }
    let ui = context.ui();
    if ui.json() {
        let files = files.iter().map(|(path, _)| path.display().to_string()).collect();
        ui.print_json(&Made { folder: crate::context::absolute(&folder)?.display().to_string(), files })?;
    } else {
        ui.say(format!("made {}/, a procedure in {} with the SDK in sdk/", args.name, args.lang.title()));
        ui.say(format!("next: cd {} && lockstep build && lockstep run", args.name));
    }
    Ok(Exit::Done)
}

fn check_name(name: &str, language: Language) -> Result<(), CliError> {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let kebab = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-') && !name.contains("--");
    let shown: String = name.chars().take(40).collect();
    if !plain || !kebab || name.len() > 64 {
        return Err(CliError::new(Code::InvalidName, format!("`{shown}` cannot be a procedure's name"))
            .detail("expected kebab case: at most 64 of a-z, 0-9 and -, beginning with a letter"));
    }
    if language == Language::Rust && RESERVED.contains(&name) {
        return Err(
            CliError::new(Code::InvalidName, format!("`{shown}` is a word that Rust or its tools keep for themselves")).hint(format!("try `{shown}-it`"))
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;
    use crate::build::Language;

    #[test]
    fn a_name_is_kebab_case_and_no_keyword() {
        for right in ["hello", "blue-green", "a1"] {
            assert!(check_name(right, Language::Rust).is_ok(), "{right}");
        }
        for wrong in ["", "Hello", "-a", "a-", "a--b", "1a", "a_b", "a/b", "..", "fn", "test", &"a".repeat(65)] {
            assert!(check_name(wrong, Language::Rust).is_err(), "{wrong}");
        }
        assert!(check_name("fn", Language::C).is_ok());
    }
}
