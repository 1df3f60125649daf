//! Finds out the language of a project by its files.

use std::path::Path;

use lockstep_api::Code;

use crate::error::CliError;

/// A language that procedures can be built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// `Cargo.toml`.
    Rust,
}

/// Languages that have no SDK yet, by the file that gives them away.
const OTHERS: &[(&str, &str)] = &[
    ("package.json", "TypeScript or JavaScript"),
    ("pyproject.toml", "Python"),
    ("requirements.txt", "Python"),
    ("app.py", "Python"),
    ("go.mod", "Go"),
    ("Makefile", "C"),
];

impl Language {
    /// What a component is built from: files and folders of the project.
    pub(super) fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["Cargo.toml", "build.rs", "src"],
        }
    }

    /// The language of the project in a folder.
    ///
    /// # Errors
    /// When there is none, or one without an SDK.
    pub(crate) fn of(folder: &Path) -> Result<Self, CliError> {
        if !folder.is_dir() {
            return Err(
                CliError::new(Code::NoLanguage, format!("{} is not a folder", folder.display())).hint("give the project's folder: `lockstep build DIR`")
            );
        }
        if folder.join("Cargo.toml").is_file() {
            return Ok(Self::Rust);
        }
        if let Some((file, language)) = OTHERS.iter().find(|(file, _)| folder.join(file).is_file()) {
            return Err(CliError::new(Code::LanguageUnsupported, format!("{language} is not supported yet"))
                .detail(format!("{} makes this a project in {language}", folder.join(file).display()))
                .hint("this version builds Rust: `lockstep new NAME --lang rust`"));
        }
        Err(CliError::new(Code::NoLanguage, format!("{} holds no project that can be built", folder.display()))
            .hint("a Rust project has a Cargo.toml; `lockstep new NAME --lang rust` makes one"))
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
        std::fs::write(folder.path().join("go.mod"), "").unwrap();
        assert_eq!(Language::of(folder.path()).unwrap_err().code(), Code::LanguageUnsupported);
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        assert_eq!(Language::of(folder.path()).unwrap(), Language::Rust);
    }
}
