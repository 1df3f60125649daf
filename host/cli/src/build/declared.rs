//! Asks a fresh component what it declares, in a sandbox with nothing linked but the declaration, so that nobody has to run it to review it.

use std::path::Path;

use lockstep_api::{Code, Descriptor, descriptor};
use lockstep_engine::{PlanFacts, Procedure as _};
use lockstep_model::Failure;
use lockstep_model::plan::Plan;

use crate::component::CONTRACT_VERSION;
use crate::error::CliError;
use crate::wiring;

/// What the component declares: its description, and its steps with every parameter at its fallback.
///
/// # Errors
/// When it declares what may not be.
pub(super) fn descriptor(component: &[u8], store: Option<&Path>) -> Result<Descriptor, CliError> {
    let procedure = wiring::load(component, "the component", None, store)?;
    let invalid = |failure: Failure| CliError::new(Code::DeclarationInvalid, failure.message()).detail(format!("failure: {}", failure.code()));
    let description = procedure.describe().map_err(invalid)?;
    let fallbacks = description.parameters.iter().map(|parameter| Some((parameter.id.clone(), parameter.fallback.clone()?)));
    let plan = match fallbacks.collect::<Option<_>>() {
        Some(parameters) => planned(procedure.plan(&PlanFacts { environment: String::new(), parameters })).map_err(invalid)?,
        None => None,
    };
    Ok(Descriptor { format: descriptor::FORMAT, contract: CONTRACT_VERSION.to_owned(), builder: wiring::ENGINE.to_owned(), procedure: description, plan })
}

/// A plan that the procedure itself refuses for these parameters is no error of the build: others may do.
fn planned(plan: Result<Plan, Failure>) -> Result<Option<Plan>, Failure> {
    match plan {
        Ok(plan) => Ok(Some(plan)),
        Err(failure) if ["plan.", "guest.", "wasi.", "step.exception"].iter().any(|mistake| failure.code().starts_with(mistake)) => Err(failure),
        Err(_) => Ok(None),
    }
}
