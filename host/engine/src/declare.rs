//! From a procedure and what it is told to a plan that holds: parameters filled in, steps checked, digest made.

use std::collections::{BTreeMap, HashMap, HashSet};

use lockstep_grant::Grant;
use lockstep_journal::canonical_json;
use lockstep_model::plan::{Description, Parameter, Plan};
use lockstep_model::{Digest, StepId};

use crate::error::EngineError;
use crate::procedure::{PlanFacts, Procedure};

/// What is hashed before the canonical plan.
const DOMAIN: &str = "lockstep plan v1\0";

/// What a run would do, before it does anything.
#[derive(Debug, Clone)]
pub struct DeclaredPlan {
    /// The procedure.
    pub description: Description,
    /// Every parameter with its value, fallbacks included.
    pub parameters: BTreeMap<String, String>,
    /// The steps.
    pub plan: Plan,
    /// What an approval binds to.
    pub digest: Digest,
}

/// Checks the imports against the grant, fills in the parameters and asks the procedure for its plan.
///
/// # Errors
/// Each check gives every problem it finds.
pub fn declare(procedure: &dyn Procedure, grant: &Grant, environment: &str, given: &BTreeMap<String, String>) -> Result<DeclaredPlan, EngineError> {
    check_imports(procedure, grant)?;
    let description = procedure.describe().map_err(EngineError::Declaration)?;
    let parameters = fill_in(&description, grant, given)?;
    plan(procedure, description, PlanFacts { environment: environment.to_owned(), parameters })
}

/// Checks the procedure's imports against the grant.
///
/// # Errors
/// Every import that is not granted.
pub(crate) fn check_imports(procedure: &dyn Procedure, grant: &Grant) -> Result<(), EngineError> {
    let denials: Vec<_> = procedure.imports().iter().filter_map(|import| grant.allows_interface(import).err()).collect();
    if denials.is_empty() { Ok(()) } else { Err(EngineError::ImportsDenied(denials)) }
}

/// Asks the procedure for its plan and checks that it holds.
///
/// # Errors
/// What the procedure fails with, or every problem of the plan.
pub(crate) fn plan(procedure: &dyn Procedure, description: Description, facts: PlanFacts) -> Result<DeclaredPlan, EngineError> {
    let plan = procedure.plan(&facts).map_err(EngineError::Declaration)?;
    check(&plan)?;
    let digest = digest(&plan);
    Ok(DeclaredPlan { description, parameters: facts.parameters, plan, digest })
}

fn digest(plan: &Plan) -> Digest {
    let canonical = canonical_json(plan).unwrap_or_default();
    Digest::of(&[DOMAIN.as_bytes(), &canonical].concat())
}

/// The command line's values first, then the environment's, then the fallbacks. A value that the environment locks cannot be given.
fn fill_in(description: &Description, grant: &Grant, values: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, EngineError> {
    let mut problems = problems_of(description, grant, values);
    let mut filled = BTreeMap::new();
    for parameter in &description.parameters {
        let id = &parameter.id;
        let set = grant.parameter(id);
        let value = values.get(id).cloned().or_else(|| set.map(|set| set.value.clone())).or_else(|| parameter.fallback.clone());
        match value {
            None => problems.push(format!("`{id}` is missing: give it as `-p {id}=…`")),
            Some(value) => {
                // One that was given has been looked at.
                problems.extend(not_a_choice(parameter, &value).filter(|_| !values.contains_key(id)));
                filled.insert(id.clone(), value);
            }
        }
    }
    if problems.is_empty() { Ok(filled) } else { Err(EngineError::Parameters(problems)) }
}

/// Values that an operator gives, checked.
pub(crate) fn given(description: &Description, grant: &Grant, values: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, EngineError> {
    let problems = problems_of(description, grant, values);
    if problems.is_empty() { Ok(values.clone()) } else { Err(EngineError::Parameters(problems)) }
}

/// What is wrong with the values given: unknown, locked, or not among the choices.
fn problems_of(description: &Description, grant: &Grant, values: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (id, value) in values {
        let Some(parameter) = description.parameters.iter().find(|parameter| parameter.id == *id) else {
            let known: Vec<_> = description.parameters.iter().map(|parameter| parameter.id.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            problems.push(format!("`{id}` is not a parameter of `{}`: it has {known}", description.name));
            continue;
        };
        if grant.parameter(id).is_some_and(|set| set.locked) {
            problems.push(format!("`{id}` is locked by the environment"));
            continue;
        }
        problems.extend(not_a_choice(parameter, value));
    }
    problems
}

fn not_a_choice(parameter: &Parameter, value: &str) -> Option<String> {
    let Parameter { id, choices, .. } = parameter;
    let fits = choices.is_empty() || choices.iter().any(|choice| choice == value);
    (!fits).then(|| format!("`{id}` must be one of {}, found `{value}`", choices.join(", ")))
}

/// That ids are unique, that what is needed exists, and that nothing needs itself. Every problem at once.
fn check(plan: &Plan) -> Result<(), EngineError> {
    let mut problems = Vec::new();
    if plan.steps.is_empty() {
        problems.push("it has no step".to_owned());
    }
    let mut ids = HashSet::new();
    let mut needs_earlier_ones_only = true;
    for step in &plan.steps {
        needs_earlier_ones_only &= step.needs.iter().all(|need| ids.contains(need));
        if !ids.insert(&step.id) {
            problems.push(format!("step `{}` is declared twice", step.id));
        }
    }
    for step in plan.steps.iter().filter(|_| !needs_earlier_ones_only) {
        for need in step.needs.iter().filter(|need| !ids.contains(need)) {
            problems.push(format!("step `{}` needs `{need}`, which is not declared", step.id));
        }
    }
    if problems.is_empty()
        && !needs_earlier_ones_only
        && let Some(cycle) = cycle(plan)
    {
        problems.push(format!("steps need each other in a circle: {}", cycle.iter().map(StepId::as_str).collect::<Vec<_>>().join(" → ")));
    }
    if problems.is_empty() { Ok(()) } else { Err(EngineError::Plan(problems)) }
}

/// A circle of needs, when there is one. Works off steps whose needs are met, each need looked at once: a plan may be made to take long.
fn cycle(plan: &Plan) -> Option<Vec<StepId>> {
    let mut unmet: HashMap<&StepId, usize> = plan.steps.iter().map(|step| (&step.id, step.needs.len())).collect();
    let mut needed_by: HashMap<&StepId, Vec<&StepId>> = HashMap::new();
    for step in &plan.steps {
        step.needs.iter().for_each(|need| needed_by.entry(need).or_default().push(&step.id));
    }
    let mut ready: Vec<&StepId> = plan.steps.iter().filter(|step| step.needs.is_empty()).map(|step| &step.id).collect();
    let mut done = HashSet::new();
    while let Some(step) = ready.pop() {
        done.insert(step);
        for waiting in needed_by.get(step).into_iter().flatten() {
            let Some(count) = unmet.get_mut(waiting) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(waiting);
            }
        }
    }
    let left: Vec<_> = plan.steps.iter().filter(|step| !done.contains(&step.id)).collect();
    // Every step left needs another one left: following them must come back.
    let mut path = vec![left.first()?.id.clone()];
    loop {
        let current = left.iter().find(|step| Some(&step.id) == path.last())?;
        let next = current.needs.iter().find(|need| !done.contains(need))?.clone();
        if let Some(start) = path.iter().position(|id| *id == next) {
            path.push(next);
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}
