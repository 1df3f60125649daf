//! Finds out the language of a project by its files.

use std::path::Path;

use clap::ValueEnum;
use lockstep_api::Code;

use crate::error::CliError;

/// A language that procedures are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// TypeScript
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    /// Python
    Python,
    /// Go
    Go,
    /// C
    C,
}

impl Language {
    /// In the order in which a folder is looked at: what only one language has comes first.
    pub(crate) const ALL: [Self; 5] = [Self::Rust, Self::Go, Self::C, Self::TypeScript, Self::Python];

    /// What people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// The file that makes a folder a project in this language.
    pub(crate) fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::TypeScript => "package.json",
            Self::Python => "pyproject.toml",
            Self::Go => "go.mod",
            Self::C => "compile_flags.txt",
        }
    }

    /// What a component is built from: files and folders of the project. Folders named `target` in them are not looked into.
    pub(super) fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Rust => super::rust::SOURCES,
            Self::C => super::c::SOURCES,
            Self::Go => super::go::SOURCES,
            Self::TypeScript => super::typescript::SOURCES,
            Self::Python => super::python::SOURCES,
        }
    }

    /// Whether a file in one of those is one.
    pub(super) fn is_source(self, file: &Path) -> bool {
        match self {
            Self::Rust | Self::C | Self::TypeScript => true,
            Self::Python => file.extension().is_none_or(|ending| ending != super::python::COMPILED),
            Self::Go => file.extension().is_some_and(|ending| super::go::ENDINGS.iter().any(|known| ending == *known)),
        }
    }

    /// The language of the project in a folder.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn of(folder: &Path) -> Result<Self, CliError> {
        if !folder.is_dir() {
            return Err(
                CliError::new(Code::NoLanguage, format!("{} is not a folder", folder.display())).hint("give the project's folder: `lockstep build DIR`")
            );
        }
        if let Some(language) = Self::ALL.into_iter().find(|language| folder.join(language.manifest()).is_file()) {
            return Ok(language);
        }
        let known: Vec<String> = Self::ALL.iter().map(|language| format!("{} ({})", language.manifest(), language.title())).collect();
        Err(CliError::new(Code::NoLanguage, format!("{} holds no project that can be built", folder.display()))
            .detail(format!("none of these is there: {}", known.join(", ")))
            .hint("`lockstep new NAME --lang rust` makes one"))
    }
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::Language;

    #[test]
    fn the_language_is_known_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Language::of(folder.path()).unwrap_err().code(), Code::NoLanguage);
        assert_eq!(Language::of(&folder.path().join("none")).unwrap_err().code(), Code::NoLanguage);
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(language.manifest()), "").unwrap();
            assert_eq!(Language::of(folder.path()).unwrap(), language);
        }
    }
}
