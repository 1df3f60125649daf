//! `[expect]`: what the plain run must come to.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_grant::Glob;
use lockstep_grant::read::Item;
use lockstep_journal::state::StepStatus;
use lockstep_model::{RunOutcome, StepId};

use super::{CallPattern, Expect, things};

const KEYS: &[&str] = &["outcome", "steps", "calls", "never", "world", "at-least", "at-most"];

const OUTCOMES: &[(&str, RunOutcome)] = &[
    ("succeeded", RunOutcome::Succeeded),
    ("failed", RunOutcome::Failed),
    ("undone", RunOutcome::Undone),
    ("paused", RunOutcome::Paused),
    ("stuck", RunOutcome::Stuck),
    ("denied", RunOutcome::Denied),
];

/// Longer than any run may take.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

pub(super) fn expect(item: Option<Item<'_, '_>>, known: &BTreeMap<String, String>) -> Expect {
    let nothing = Expect {
        outcome: RunOutcome::Succeeded,
        steps: BTreeMap::new(),
        calls: Vec::new(),
        never: Vec::new(),
        world: Vec::new(),
        at_least: None,
        at_most: None,
    };
    let Some(section) = item.and_then(|item| item.section(KEYS)) else { return nothing };
    let patterns = |key: &str| section.get(key).map(|item| item.items()).unwrap_or_default().iter().filter_map(pattern).collect();
    let duration = |key: &str| section.get(key).and_then(|item| item.duration(Duration::ZERO..=LONGEST));
    let steps = section.get("steps").map(|item| item.entries()).unwrap_or_default();
    Expect {
        outcome: section.get("outcome").and_then(|item| item.word(OUTCOMES)).unwrap_or(nothing.outcome),
        steps: steps
            .into_iter()
            .filter_map(|(step, item)| Some((step_id(step, &item)?, item.word(&StepStatus::WORDS.map(|word| (word, word)))?.to_owned())))
            .collect(),
        calls: patterns("calls"),
        never: patterns("never"),
        world: section.get("world").map(|item| things::facts(&item, known)).unwrap_or_default(),
        at_least: duration("at-least"),
        at_most: duration("at-most"),
    }
}

fn pattern(item: &Item<'_, '_>) -> Option<CallPattern> {
    let text = item.text()?.to_owned();
    Some(CallPattern { glob: item.parsed(Glob::parse)?, text })
}

fn step_id(text: &str, item: &Item<'_, '_>) -> Option<String> {
    StepId::parse(text).map_err(|error| item.reject(error)).ok().map(|id| id.to_string())
}
