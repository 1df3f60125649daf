//! What a released version is: a directory with the binary `service`, a file `VERSION` and perhaps a file `BROKEN`.
//!
//! The same bytes serve as every version, so that a deployment can be tried with a good and a broken one without building two. The binary asks for nothing
//! at its own location: the files beside it are only a default.

use std::io;
use std::path::{Path, PathBuf};

use crate::faults::Broken;

/// What to run and as what.
#[derive(Debug)]
pub(crate) struct Release {
    /// The binary.
    pub(crate) program: PathBuf,
    /// What the file `VERSION` says.
    pub(crate) version: Option<String>,
    /// What the file `BROKEN` says.
    pub(crate) broken: Option<Broken>,
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: io::Error },
    #[error("there is no program {0}")]
    NoProgram(PathBuf),
    #[error("no version: give --version, or a file VERSION beside the binary")]
    NoVersion,
    #[error("{path}: {cause}")]
    Broken { path: PathBuf, cause: String },
}

impl Release {
    /// The release in that directory; without one, this very binary and what lies beside it.
    pub(crate) fn find(dir: Option<&Path>) -> Result<Release, ReleaseError> {
        let program = match dir {
            Some(dir) => absolute(&dir.join("service"))?,
            None => std::env::current_exe().map_err(|cause| ReleaseError::Read { path: "this binary".into(), cause })?,
        };
        if !program.is_file() {
            return Err(ReleaseError::NoProgram(program));
        }
        let version = first_line(&program.with_file_name("VERSION"))?;
        let path = program.with_file_name("BROKEN");
        let broken = match first_line(&path)? {
            Some(mode) => Some(mode.parse().map_err(|cause| ReleaseError::Broken { path, cause })?),
            None => None,
        };
        Ok(Release { program, version, broken })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, ReleaseError> {
    std::path::absolute(path).map_err(|cause| ReleaseError::Read { path: path.into(), cause })
}

/// The first line of a file, none when there is no file or nothing in it.
fn first_line(path: &Path) -> Result<Option<String>, ReleaseError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(ReleaseError::Read { path: path.into(), cause }),
    }
}
