//! Whether a component declares the steps that a run was begun with.

use lockstep_journal::RunState;
use lockstep_model::plan::Plan;

use super::PlanChecked;
use crate::declare;
use crate::procedure::{PlanFacts, Procedure};

/// The name and the plan must be the same. The procedure's own version, its title and what it says about its parameters may have changed: the run's
/// parameters are fixed, and what they mean to the plan is in the plan.
pub(super) fn check(procedure: &dyn Procedure, state: &RunState) -> PlanChecked {
    let Some(recorded) = state.plan_digest else { return PlanChecked::None };
    let description = match procedure.describe() {
        Ok(description) => description,
        Err(failure) => return PlanChecked::Differs(vec![format!("the procedure cannot describe itself: {failure}")]),
    };
    let mut differences = Vec::new();
    let (before, now) = (&state.created.procedure.name, &description.name);
    if before != now {
        differences.push(format!("the procedure is called `{now}`, it was `{before}`"));
    }
    let facts = PlanFacts { environment: state.created.environment.clone(), parameters: state.parameters.clone() };
    match declare::plan(procedure, description, facts) {
        Err(error) => differences.push(format!("the procedure cannot plan: {error}")),
        Ok(declared) if declared.digest == recorded => {}
        Ok(declared) => {
            differences.push(format!("the plan is {}, it was {recorded}", declared.digest));
            differences.extend(steps(&state.plan, &declared.plan));
        }
    }
    if differences.is_empty() { PlanChecked::Same } else { PlanChecked::Differs(differences) }
}

/// What is different about the steps, a line each.
fn steps(before: &Plan, now: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &before.steps {
        match now.steps.iter().find(|other| other.id == step.id) {
            None => lines.push(format!("step `{}` is not declared any more", step.id)),
            Some(other) if other != step => lines.push(format!("step `{}` is declared otherwise", step.id)),
            Some(_) => {}
        }
    }
    let new = now.steps.iter().filter(|step| !before.steps.iter().any(|other| other.id == step.id));
    lines.extend(new.map(|step| format!("step `{}` is new", step.id)));
    if lines.is_empty() {
        lines.push("the steps are in another order".to_owned());
    }
    lines
}
