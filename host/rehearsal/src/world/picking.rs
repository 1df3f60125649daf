//! Which rule answers a call: the first in the file that is about it, whose conditions hold and that has an answer left.

use std::time::Duration;

use lockstep_model::Failure;

use super::{Scripted, State, World};
use crate::scenario::{Answer, Rule};

/// Which list of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    Http,
    Shell,
    Redis,
    Kube,
    Db,
}

impl World {
    /// The answer of the rule that is about the call; what it changes is changed. The error says of each rule that nearly was why it was not.
    pub(super) fn pick<M, A: Clone, T>(
        &self,
        state: &mut State,
        (capability, rules): (Capability, &[Rule<M, A>]),
        matches: impl Fn(&M) -> bool,
        respond: impl FnOnce(A, Duration) -> T,
    ) -> Result<Scripted<T>, Vec<String>> {
        let mut near = Vec::new();
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| matches(&rule.matches)) {
            if let Some(missing) = rule.when.iter().find(|fact| !state.things.holds(fact)) {
                near.push(format!("{} is about it, but `{}` is {}", rule.place, missing.thing, state.things.shown(&missing.thing)));
                continue;
            }
            let used = state.used.entry((capability, index)).or_default();
            let Some(answer) = nth(&rule.answers, *used) else {
                near.push(format!("{} is about it, but its answers are used up", rule.place));
                continue;
            };
            *used += 1;
            for fact in &answer.set {
                state.things.set(fact);
            }
            let gives: Result<T, Failure> = answer.gives.clone().map(|gives| respond(gives, answer.delay));
            return Ok(Scripted { gives, delay: answer.delay, rule: Some((capability, index)) });
        }
        Err(near)
    }
}

/// The answer after `used` others.
fn nth<A>(answers: &[Answer<A>], used: u32) -> Option<&Answer<A>> {
    let mut before = 0_u32;
    answers.iter().find(|answer| {
        let Some(times) = answer.times else { return true };
        before = before.saturating_add(times);
        used < before
    })
}
