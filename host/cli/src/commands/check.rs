//! `lockstep check`: everything that would keep a run from starting, at once.

use lockstep_api::wire::{Checked, ErrorShown};
use lockstep_api::{Code, Exit};
use lockstep_engine::{PlanFacts, Procedure, declare};
use lockstep_gate::Gate;
use lockstep_grant::{Denial, Grant};
use lockstep_model::plan::{Description, Plan};
use lockstep_model::{Digest, Failure, StepId};
use lockstep_runtime::LoadedProcedure;

use super::target::TargetArgs;
use crate::context::Context;
use crate::error::{CliError, denied_imports};
use crate::journal::{environment_name, read_grant};
use crate::ui::{Style, harmless};
use crate::{component, secrets, wiring};

/// Check that procedure, grant file and parameters fit together
///
/// Every problem is said at once, each with what to add. Nothing is performed and nothing recorded.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// Does it.
///
/// # Errors
/// None of its own: what is wrong is its result.
pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Exit, CliError> {
    let mut problems = Vec::new();
    let grant = keep(args.target.grant_file().and_then(|file| Ok((read_grant(&file)?.0, file))), &mut problems);
    let component = keep(args.target.component.read(), &mut problems);
    let parameters = keep(args.target.parameters(), &mut problems);
    let mut procedure = None;
    if let Some((name, bytes)) = &component
        && let Some(loaded) = keep(wiring::load(bytes, name, grant.as_ref().map(|(grant, _)| grant), context.compiled().as_deref()), &mut problems)
    {
        procedure = loaded.describe().ok().map(|description| description.name);
        if let (Some((grant, file)), Some(parameters)) = (&grant, &parameters) {
            let denials: Vec<_> = loaded.imports().iter().filter_map(|import| grant.allows_interface(import).err()).collect();
            if !denials.is_empty() {
                problems.push(denied_imports(&denials));
            }
            let asked = declare(&Granted(&loaded), grant, &environment_name(grant, file), parameters);
            keep(asked.map_err(CliError::from), &mut problems);
        }
    }
    if let Some((grant, _)) = &grant {
        problems.extend(grant.unreachable().iter().map(contradiction));
        problems.extend(missing_secrets(grant));
    }
    let imports = component.as_ref().and_then(|(name, bytes)| component::read(bytes, name).ok()).map(|facts| facts.imports).unwrap_or_default();
    if imports.iter().any(|import| component::is_wasi(import)) {
        context.ui().say(super::names::VIRTUAL_WASI);
    }
    report(context, procedure, &problems)
}

/// A procedure whose imports have been looked at: the declaration is asked for even when one is missing, so that all problems are said at once.
struct Granted<'a>(&'a LoadedProcedure);

impl Procedure for Granted<'_> {
    fn digest(&self) -> Digest {
        self.0.digest()
    }

    fn imports(&self) -> &[String] {
        &[]
    }

    fn describe(&self) -> Result<Description, Failure> {
        self.0.describe()
    }

    fn plan(&self, facts: &PlanFacts) -> Result<Plan, Failure> {
        self.0.plan(facts)
    }

    fn run_step(&self, step: &StepId, gate: Gate) -> Result<Option<String>, Failure> {
        self.0.run_step(step, gate)
    }

    fn undo_step(&self, step: &StepId, gate: Gate) -> Result<(), Failure> {
        self.0.undo_step(step, gate)
    }
}

fn report(context: &Context, procedure: Option<String>, problems: &[CliError]) -> Result<Exit, CliError> {
    let ui = context.ui();
    for problem in problems {
        ui.say_error(problem);
    }
    let exit = problems.iter().map(CliError::exit).max().unwrap_or(Exit::Done);
    if ui.json() {
        let shown: Vec<ErrorShown> = problems.iter().map(CliError::shown).collect();
        ui.print_json(&Checked { procedure, ok: problems.is_empty(), problems: shown })?;
    } else if problems.is_empty() {
        let name = procedure.unwrap_or_else(|| "the procedure".to_owned());
        ui.data(format!("{} {} fits its environment", ui.out(Style::Good, "✓"), harmless(&name)));
    } else {
        ui.data(format!("{} to mend", crate::ui::plural(problems.len(), "problem")));
    }
    Ok(exit)
}

fn keep<T>(result: Result<T, CliError>, problems: &mut Vec<CliError>) -> Option<T> {
    result.map_err(|error| problems.push(error)).ok()
}

/// A rule of the grant file that another line of it keeps from ever applying.
fn contradiction(denial: &Denial) -> CliError {
    CliError::new(Code::GrantInvalid, denial.message.clone()).detail(&denial.rule).maybe_hint(denial.hint.clone())
}

/// Secrets whose source has no value now: a step that uses one would fail.
fn missing_secrets(grant: &Grant) -> Vec<CliError> {
    let missing = grant.secrets().iter().filter_map(|secret| {
        let source = secrets::missing(secret)?;
        let error = CliError::new(Code::SecretMissing, format!("secret `{}` has no value: {source}", secret.id));
        Some(error.detail(secret.place.to_string()).hint("set it where Lockstep runs; its value is never recorded"))
    });
    missing.collect()
}
