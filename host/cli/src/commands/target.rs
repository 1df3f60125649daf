//! What to run and where: the component, the environment's grant file, the parameters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_api::Code;
use lockstep_grant::Grant;

use crate::context::absolute;
use crate::error::CliError;
use crate::journal::{environment_name, read_grant};
use crate::{build, fsio};

/// The grant file of a project that is run where it lies.
const DEFAULT_GRANT: &str = "env.toml";

/// Which component.
#[derive(Debug, clap::Args)]
pub(crate) struct ComponentArgs {
    /// The component, or a project's folder; without it the project in this folder
    file: Option<PathBuf>,
}

/// A component and what it is to be run with.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// The environment: its grant file; without it the project's env.toml
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// A parameter of the procedure; once for each
    #[arg(short = 'p', long = "parameter", value_name = "ID=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

/// A component that was read, and its environment.
pub(crate) struct Target {
    /// What messages call the component.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) component: Vec<u8>,
    /// What it may do.
    pub(crate) grant: Arc<Grant>,
    /// The grant file's bytes.
    pub(crate) grant_bytes: Vec<u8>,
    /// Where the grant file is, absolute.
    pub(crate) grant_file: PathBuf,
    /// The environment's name.
    pub(crate) environment: String,
    /// What was given on the command line.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl ComponentArgs {
    /// What messages call the component, and its bytes. Whether they are a procedure is found out when they are loaded.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn read(&self) -> Result<(String, Vec<u8>), CliError> {
        let file = match self.project() {
            Some(folder) => build::component_of(folder)?,
            None => self.file.clone().unwrap_or_default(),
        };
        let name = file.display().to_string();
        Ok((name, fsio::read(&file)?))
    }

    /// The project's folder, when it is a project that is meant.
    fn project(&self) -> Option<&Path> {
        match &self.file {
            None => Some(Path::new(".")),
            Some(file) if file.is_dir() => Some(file),
            Some(_) => None,
        }
    }
}

impl TargetArgs {
    /// Reads everything. Nothing of the component is run.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub(crate) fn read(&self) -> Result<Target, CliError> {
        let (name, component) = self.component.read()?;
        let grant_file = self.grant_file()?;
        let (grant, grant_bytes) = read_grant(&grant_file)?;
        let environment = environment_name(&grant, &grant_file);
        Ok(Target { name, component, grant: Arc::new(grant), grant_bytes, grant_file: absolute(&grant_file)?, environment, parameters: self.parameters()? })
    }

    /// The grant file.
    ///
    /// # Errors
    /// When none is named, and there is no project that has one.
    pub(crate) fn grant_file(&self) -> Result<PathBuf, CliError> {
        self.grant_file_or(None)
    }

    /// The grant file: the one that is named, else `other`, else the project's.
    ///
    /// # Errors
    /// As `grant_file`.
    pub(crate) fn grant_file_or(&self, other: Option<&Path>) -> Result<PathBuf, CliError> {
        if let Some(file) = self.env.as_deref().or(other) {
            return Ok(file.to_owned());
        }
        let of_project =
            self.component.project().map(|folder| if folder == Path::new(".") { PathBuf::from(DEFAULT_GRANT) } else { folder.join(DEFAULT_GRANT) });
        of_project.filter(|file| file.is_file()).ok_or_else(|| {
            let folder = self.component.project().unwrap_or(Path::new("."));
            let here = fsio::near(folder, "toml").map(|files| format!("; here is {files}")).unwrap_or_default();
            CliError::new(Code::NoEnvironment, "no environment is named").hint(format!("name its grant file: `--env FILE`{here}; an empty file allows nothing"))
        })
    }

    /// The parameters by id.
    ///
    /// # Errors
    /// When one is given twice.
    pub(crate) fn parameters(&self) -> Result<BTreeMap<String, String>, CliError> {
        let mut parameters = BTreeMap::new();
        for (id, value) in &self.parameters {
            if parameters.insert(id.clone(), value.clone()).is_some() {
                return Err(CliError::new(Code::Parameters, format!("parameter `{id}` is given twice")));
            }
        }
        Ok(parameters)
    }
}

/// `id=value`.
pub(super) fn parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((id, value)) if !id.is_empty() => Ok((id.to_owned(), value.to_owned())),
        Some(_) | None => Err("expected `id=value`"),
    }
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn a_parameter_is_split_at_the_first_sign() {
        assert_eq!(parameter("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(parameter("a=").unwrap(), ("a".to_owned(), String::new()));
        assert!(parameter("=b").is_err() && parameter("a").is_err());
    }
}
