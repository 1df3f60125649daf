//! What a procedure says about itself: its name, its parameters and its steps.
//!
//! Pure data. The author's function fills it in, and `entry` passes on to the host the part it asked for. So one function serves for
//! describing, planning, running and undoing, and can be looked at without a host.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;

use crate::bindings::lockstep::contract::run;
use crate::{Ctx, Failure, Result, Step, codes, fail};

/// The procedure being declared. See the crate's first page for an example.
pub struct Procedure {
    inputs: Inputs,
    pub(crate) description: Option<Description>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) steps: Vec<Step>,
    phase: Option<String>,
    problem: Option<Failure>,
}

/// Where the values of parameters come from.
pub(crate) enum Inputs {
    /// Nowhere: the host wants to know what it must ask for.
    Describing,
    /// The run.
    Host,
    /// A test of the procedure's author.
    Given(BTreeMap<String, String>),
}

impl Procedure {
    pub(crate) fn declare(procedure: impl FnOnce(&mut Self), inputs: Inputs) -> Self {
        let mut declared = Self { inputs, description: None, parameters: Vec::new(), steps: Vec::new(), phase: None, problem: None };
        procedure(&mut declared);
        declared
    }

    /// Names the procedure: `id` in kebab case, `version` as semver. Once.
    pub fn describe(&mut self, id: impl Into<String>, version: impl Into<String>) -> &mut Description {
        self.description.insert(Description { id: id.into(), version: version.into(), title: None })
    }

    /// Declares something the procedure needs to be told, as in `-p id=value`. Required unless it has a [`Parameter::fallback`].
    pub fn parameter(&mut self, id: impl Into<String>) -> &mut Parameter {
        self.parameters.push(Parameter { id: id.into(), title: None, fallback: None, choices: Vec::new() });
        let last = self.parameters.len() - 1;
        &mut self.parameters[last]
    }

    /// The heading that the steps declared from here on stand under, in plans and reports.
    pub fn phase(&mut self, heading: impl Into<String>) {
        self.phase = Some(heading.into());
    }

    /// Declares a step: its id (`a-z`, `0-9`, `-`), one line for the operator, and the function that does it.
    ///
    /// What the function returns is the step's output, which later steps read with [`Ctx::output`]; `()` is none.
    pub fn step<T: Serialize>(&mut self, id: impl Into<String>, title: impl Into<String>, run: impl Fn(&Ctx) -> Result<T> + 'static) -> &mut Step {
        self.steps.push(Step::new(id.into(), title.into(), self.phase.clone(), run));
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// The value of a parameter, to decide which steps there are.
    ///
    /// None when it has neither value nor fallback, as when the procedure is only being described. A value that does not read as `T` makes the
    /// plan fail with a message that says so.
    pub fn value<T: FromStr<Err: Display>>(&mut self, id: &str) -> Option<T> {
        let text = match &self.inputs {
            Inputs::Describing => self.fallback(id),
            Inputs::Host => run::parameter(id),
            Inputs::Given(values) => values.get(id).cloned().or_else(|| self.fallback(id)),
        }?;
        match read(id, &text) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.problem.get_or_insert(failure);
                None
            }
        }
    }

    /// The name of the environment of this run. Empty while the procedure is only being described.
    pub fn environment(&self) -> String {
        match self.inputs {
            Inputs::Describing => String::new(),
            Inputs::Host => run::environment(),
            Inputs::Given(_) => "test".into(),
        }
    }

    /// The steps, unless a parameter could not be read.
    pub(crate) fn into_steps(self) -> Result<Vec<Step>> {
        self.problem.map_or(Ok(self.steps), Err)
    }

    fn fallback(&self, id: &str) -> Option<String> {
        self.parameters.iter().find(|parameter| parameter.id == id)?.fallback.clone()
    }
}

/// Reads the text of a parameter as a `T`.
pub(crate) fn read<T: FromStr<Err: Display>>(id: &str, text: &str) -> Result<T> {
    text.parse().map_err(|error| {
        let wanted = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
        fail(format!("parameter `{id}` is {text:?}, which does not read as {wanted}: {error}")).with_code(codes::PARAMETER)
    })
}

/// The procedure's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
}

impl Description {
    /// One line for the operator.
    pub fn title(&mut self, text: impl Into<String>) -> &mut Self {
        self.title = Some(text.into());
        self
    }
}

/// Something the procedure needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub(crate) id: String,
    pub(crate) title: Option<String>,
    pub(crate) fallback: Option<String>,
    pub(crate) choices: Vec<String>,
}

impl Parameter {
    /// One line for the operator.
    pub fn title(&mut self, text: impl Into<String>) -> &mut Self {
        self.title = Some(text.into());
        self
    }

    /// The value when none is given.
    pub fn fallback(&mut self, value: impl ToString) -> &mut Self {
        self.fallback = Some(value.to_string());
        self
    }

    /// The only values allowed.
    pub fn choices<T: ToString>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.choices = values.into_iter().map(|value| value.to_string()).collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(p: &mut Procedure) {
        p.describe("copies", "0.1.0");
        p.parameter("count").fallback(2);
        for n in 0..p.value::<u8>("count").unwrap_or_default() {
            p.step(format!("copy-{n}"), format!("Copy {n}"), |_| Ok(()));
        }
    }

    fn steps(inputs: Inputs) -> Result<usize> {
        Procedure::declare(copies, inputs).into_steps().map(|steps| steps.len())
    }

    #[test]
    fn the_steps_may_depend_on_a_parameter_or_its_fallback() {
        assert_eq!(steps(Inputs::Describing).unwrap(), 2);
        assert_eq!(steps(Inputs::Given([("count".into(), "5".into())].into())).unwrap(), 5);
    }

    #[test]
    fn a_parameter_that_does_not_parse_fails_the_plan_and_says_why() {
        let failure = steps(Inputs::Given([("count".into(), "lots".into())].into())).unwrap_err();
        assert_eq!(failure.code(), codes::PARAMETER);
        assert_eq!(failure.message(), r#"parameter `count` is "lots", which does not read as u8: invalid digit found in string"#);
    }
}
