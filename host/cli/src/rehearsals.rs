//! What is rehearsed: a scenario file, the grant it is rehearsed under, and the procedure, put together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_api::Code;
use lockstep_engine::Procedure;
use lockstep_grant::Grant;
use lockstep_rehearsal::{Rehearsal, Scenario, Setting};

use crate::context::absolute;
use crate::error::{CliError, scenario_errors};
use crate::journal::{environment_name, read_grant};
use crate::wiring;

/// A grant file that was read, and where it is.
pub(crate) struct GrantFile {
    /// Absolute.
    pub(crate) file: PathBuf,
    /// What it says.
    pub(crate) grant: Arc<Grant>,
}

impl GrantFile {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read or is not valid.
    pub(crate) fn read(file: &Path) -> Result<Self, CliError> {
        Ok(Self { grant: Arc::new(read_grant(file)?.0), file: absolute(file)? })
    }
}

/// Reads a scenario file, and the one that it is like.
///
/// # Errors
/// When one of them cannot be read or is not valid.
pub(crate) fn read_scenario(file: &Path) -> Result<Scenario, CliError> {
    read_above(file, &[])
}

/// `above` are the files that are like this one, directly or not.
fn read_above(file: &Path, above: &[PathBuf]) -> Result<Scenario, CliError> {
    let text = crate::fsio::read_text(file)?;
    let place = absolute(file)?;
    if above.contains(&place) {
        let named = above.iter().map(|file| file.display().to_string());
        let error = CliError::new(Code::ScenarioInvalid, format!("{} is like itself", file.display()));
        return Err(named.fold(error, |error, file| error.detail(format!("through {file}"))).hint("take one `like` away"));
    }
    let base = place.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let above: Vec<PathBuf> = above.iter().cloned().chain([place]).collect();
    let like = Scenario::like(&text, &base).map(|file| read_above(&file, &above)).transpose()?;
    Scenario::parse(&text, &file.display().to_string(), &base, like).map_err(|errors| scenario_errors(&errors, &text))
}

/// Puts a scenario together with what it is rehearsed with. `file` is the scenario's, for messages.
///
/// # Errors
/// When something of the scenario means nothing under the grant.
pub(crate) fn put_together(
    file: &Path,
    scenario: Scenario,
    grant: &GrantFile,
    procedure: Arc<dyn Procedure>,
    parameters: BTreeMap<String, String>,
) -> Result<Rehearsal, CliError> {
    let setting = Setting {
        procedure,
        grant: Arc::clone(&grant.grant),
        grant_file: grant.file.display().to_string(),
        environment: environment_name(&grant.grant, &grant.file),
        parameters,
        engine: wiring::ENGINE.to_owned(),
    };
    Rehearsal::new(scenario, setting).map_err(|problems| {
        let error = CliError::new(Code::ScenarioInvalid, format!("{} does not fit its grant file", file.display()));
        let error = error.detail(format!("grant: {}", grant.file.display()));
        problems.iter().fold(error, |error, problem| error.detail(problem)).hint("`lockstep explain scenario` describes everything that can stand in it")
    })
}
