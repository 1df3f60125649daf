//! What a procedure declares, gathered and checked: every rule of `plan.wit`, and every broken one named.
//!
//! All of it is guest-controlled. What breaks a rule is not kept, so that a guest cannot fill the host's memory with it.

mod rules;

use lockstep_engine::PlanFacts;
use lockstep_model::plan::{Description, OnFailure, Parameter, Plan, Retry, Step, Undo};
use lockstep_model::{Failure, StepId};

use rules::Check;
pub(crate) use rules::code;

/// How many broken rules are named. A guest that breaks more breaks them on purpose.
const PROBLEMS_SHOWN: usize = 20;
const MOST_PARAMETERS: usize = 64;
const MOST_STEPS: usize = 1_000;
const MOST_CHOICES: usize = 64;
const MOST_NEEDS: usize = 64;
const MOST_CODES: usize = 32;
const LONGEST_LINE: usize = 200;
const LONGEST_NAME: usize = 64;
const LONGEST_TEXT: usize = 4 << 10;
const LONGEST_TIMEOUT: u32 = 86_400;
const MOST_ATTEMPTS: u32 = 100;

/// What has been declared so far.
#[derive(Debug)]
pub(crate) struct Declared {
    /// The run's parameters while planning; none while describing.
    facts: Option<PlanFacts>,
    description: Option<Description>,
    parameters: Vec<Parameter>,
    steps: Vec<Step>,
    broken: Vec<String>,
    broken_beyond: usize,
}

/// Which declaration a method says more about. None: it broke a rule, and what more is said of it is not heard.
pub(crate) type Place = Option<usize>;

impl Declared {
    pub(crate) fn describing() -> Self {
        Self { facts: None, description: None, parameters: Vec::new(), steps: Vec::new(), broken: Vec::new(), broken_beyond: 0 }
    }

    pub(crate) fn planning(facts: PlanFacts) -> Self {
        Self { facts: Some(facts), ..Self::describing() }
    }

    pub(crate) fn facts(&self) -> Option<&PlanFacts> {
        self.facts.as_ref()
    }

    /// The description, when it keeps every rule.
    pub(crate) fn into_description(mut self) -> Result<Description, Failure> {
        let parameters = std::mem::take(&mut self.parameters);
        let description = self.description.take();
        if description.is_none() && self.broken.is_empty() {
            self.break_rule("the procedure: `describe` makes no description".to_owned());
        }
        self.whole()?;
        Ok(Description { parameters, ..description.unwrap_or_default() })
    }

    /// The plan, when every step keeps every rule.
    pub(crate) fn into_plan(mut self) -> Result<Plan, Failure> {
        let steps = std::mem::take(&mut self.steps);
        self.whole()?;
        Ok(Plan { steps })
    }

    fn whole(self) -> Result<(), Failure> {
        if self.broken.is_empty() {
            return Ok(());
        }
        let more = if self.broken_beyond > 0 { format!("; and {} more", self.broken_beyond) } else { String::new() };
        Err(Failure::problem("plan.invalid", format!("{}{more}", self.broken.join("; "))))
    }

    fn break_rule(&mut self, text: String) {
        if self.broken.len() < PROBLEMS_SHOWN {
            self.broken.push(text);
        } else {
            self.broken_beyond = self.broken_beyond.saturating_add(1);
        }
    }

    /// The value when it keeps the rule, else none and one more broken rule about `whom`.
    fn hold<T>(&mut self, whom: &str, checked: Check<T>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(rule) => {
                self.break_rule(format!("{whom}: {rule}"));
                None
            }
        }
    }
}

/// `plan.description`.
impl Declared {
    pub(crate) fn describe(&mut self, id: String, version: String) {
        if self.facts.is_some() {
            return self.break_rule("the procedure: `plan` makes a description, only `describe` may".to_owned());
        }
        if self.description.is_some() {
            return self.break_rule("the procedure: described twice".to_owned());
        }
        let name = self.hold("the procedure's id", rules::kebab(id));
        let version = self.hold("the procedure's version", rules::version(version));
        let (name, version) = (name.unwrap_or_default(), version.unwrap_or_default());
        self.description = Some(Description { name, version, ..Description::default() });
    }

    pub(crate) fn describe_title(&mut self, text: String) {
        let title = self.hold("the procedure's title", rules::line(text, LONGEST_LINE));
        if let Some(description) = &mut self.description {
            description.title = title;
        }
    }
}

/// `plan.parameter`.
impl Declared {
    pub(crate) fn parameter(&mut self, id: String) -> Place {
        if self.facts.is_some() {
            self.break_rule("a parameter: `plan` makes one, only `describe` may".to_owned());
            return None;
        }
        if self.parameters.len() >= MOST_PARAMETERS {
            self.break_rule(format!("a parameter: there are {MOST_PARAMETERS} already, the most there may be"));
            return None;
        }
        let id = self.hold("a parameter's id", rules::kebab(id))?;
        if self.parameters.iter().any(|parameter| parameter.id == id) {
            self.break_rule(format!("parameter `{id}`: declared twice"));
            return None;
        }
        self.parameters.push(Parameter { id, title: None, fallback: None, choices: Vec::new() });
        Some(self.parameters.len() - 1)
    }

    fn say_of_parameter<T>(&mut self, place: Place, checked: Check<T>, say: impl FnOnce(&mut Parameter, T)) {
        let Some(whom) = place.and_then(|place| self.parameters.get(place)).map(|parameter| format!("parameter `{}`", parameter.id)) else { return };
        if let Some(value) = self.hold(&whom, checked)
            && let Some(parameter) = place.and_then(|place| self.parameters.get_mut(place))
        {
            say(parameter, value);
        }
    }

    pub(crate) fn parameter_title(&mut self, place: Place, text: String) {
        self.say_of_parameter(place, rules::line(text, LONGEST_LINE), |parameter, title| parameter.title = Some(title));
    }

    pub(crate) fn fallback(&mut self, place: Place, value: String) {
        self.say_of_parameter(place, rules::at_most(value, LONGEST_TEXT, "a fallback"), |parameter, value| parameter.fallback = Some(value));
    }

    pub(crate) fn choices(&mut self, place: Place, values: Vec<String>) {
        let checked = rules::count(values, MOST_CHOICES, "choices").and_then(|values| {
            let checked = values.into_iter().map(|value| rules::at_most(value, LONGEST_TEXT, "a choice"));
            checked.collect::<Check<Vec<_>>>()
        });
        self.say_of_parameter(place, checked, |parameter, values| parameter.choices = values);
    }
}

/// `plan.step`.
impl Declared {
    pub(crate) fn step(&mut self, id: &str, title: String) -> Place {
        if self.facts.is_none() {
            self.break_rule("a step: `describe` makes one, only `plan` may".to_owned());
            return None;
        }
        if self.steps.len() >= MOST_STEPS {
            self.break_rule(format!("a step: there are {MOST_STEPS} already, the most there may be"));
            return None;
        }
        let id = self.hold("a step", StepId::parse(id).map_err(|error| error.to_string()))?;
        if self.steps.iter().any(|step| step.id == id) {
            self.break_rule(format!("step `{id}`: declared twice"));
            return None;
        }
        let title = self.hold(&format!("step `{id}`, title"), rules::line(title, LONGEST_LINE)).unwrap_or_default();
        let needs = self.steps.last().map(|step| step.id.clone()).into_iter().collect();
        self.steps.push(Step {
            id,
            title,
            phase: None,
            about: None,
            needs,
            timeout_seconds: None,
            retry: Retry::default(),
            on_failure: OnFailure::Decide,
            undo: Undo::NothingToUndo,
            expected_seconds: None,
        });
        Some(self.steps.len() - 1)
    }

    fn say_of_step<T>(&mut self, place: Place, checked: Check<T>, say: impl FnOnce(&mut Step, T)) {
        let Some(whom) = place.and_then(|place| self.steps.get(place)).map(|step| format!("step `{}`", step.id)) else { return };
        if let Some(value) = self.hold(&whom, checked)
            && let Some(step) = place.and_then(|place| self.steps.get_mut(place))
        {
            say(step, value);
        }
    }

    pub(crate) fn about(&mut self, place: Place, text: String) {
        self.say_of_step(place, rules::at_most(text, LONGEST_TEXT, "what it says about itself"), |step, text| step.about = Some(text));
    }

    pub(crate) fn phase(&mut self, place: Place, heading: String) {
        self.say_of_step(place, rules::line(heading, LONGEST_NAME), |step, heading| step.phase = Some(heading));
    }

    /// A second call adds nothing to the first: it takes its place.
    pub(crate) fn needs(&mut self, place: Place, steps: Vec<String>) {
        let checked = rules::count(steps, MOST_NEEDS, "needs").and_then(|steps| {
            let parsed = steps.iter().map(|step| StepId::parse(step).map_err(|error| format!("needs {error}")));
            parsed.collect::<Check<Vec<_>>>()
        });
        self.say_of_step(place, checked, |step, needs| step.needs = needs);
    }

    pub(crate) fn timeout(&mut self, place: Place, seconds: u32) {
        let checked = rules::within(seconds, 1..=LONGEST_TIMEOUT, "a timeout of", "seconds");
        self.say_of_step(place, checked, |step, seconds| step.timeout_seconds = Some(seconds));
    }

    pub(crate) fn retry(&mut self, place: Place, attempts: u32, backoff: u32, longest: u32) {
        let checked = rules::within(attempts, 1..=MOST_ATTEMPTS, "retry with", "attempts");
        self.say_of_step(place, checked, |step, attempts| {
            let codes = std::mem::take(&mut step.retry.codes);
            step.retry = Retry { attempts, backoff_milliseconds: backoff, longest_milliseconds: longest, codes };
        });
    }

    pub(crate) fn retry_on(&mut self, place: Place, codes: Vec<String>) {
        let checked = rules::count(codes, MOST_CODES, "codes to retry on").and_then(|codes| codes.into_iter().map(rules::code).collect::<Check<Vec<_>>>());
        self.say_of_step(place, checked, |step, codes| step.retry.codes = codes);
    }

    pub(crate) fn on_failure(&mut self, place: Place, what: OnFailure) {
        self.say_of_step(place, Ok(what), |step, what| step.on_failure = what);
    }

    /// That a step can and cannot be undone is no declaration anyone could act on.
    pub(crate) fn undo(&mut self, place: Place, undo: Undo) {
        let said = place.and_then(|place| self.steps.get(place)).map(|step| step.undo);
        let checked = match said {
            Some(said) if said != Undo::NothingToUndo && said != undo => Err("it is both undoable and irreversible".to_owned()),
            _ => Ok(undo),
        };
        self.say_of_step(place, checked, |step, undo| step.undo = undo);
    }

    pub(crate) fn expected(&mut self, place: Place, seconds: u32) {
        self.say_of_step(place, Ok(seconds), |step, seconds| step.expected_seconds = Some(seconds));
    }
}
