//! The journal of a lane's store as anybody can read it: exported by the program, folded here by other eyes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::site::Site;
use crate::place::Ran;

/// Every run of the store, oldest first.
pub(super) fn runs(site: &Site) -> Vec<String> {
    // A host that was killed while it made its store has left a file with nothing in it.
    if std::fs::metadata(site.path("store/store.db")).map_or(0, |file| file.len()) == 0 {
        return Vec::new();
    }
    let listed = Ran::from(site.lockstep(&["runs", "--json"]).output().unwrap());
    let mut runs: Vec<_> = listed.expect(0).json().as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect();
    runs.sort();
    runs
}

/// One run's records.
pub(super) struct Records(Vec<Value>);

/// An effect whose outcome is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) key: String,
    pub(super) class: String,
    pub(super) what: String,
}

impl Records {
    pub(super) fn of(site: &Site, run: &str) -> Self {
        let exported = Ran::from(site.lockstep(&["audit", "export", run]).output().unwrap()).expect(0).stdout;
        Self(exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn bodies<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |record| record["kind"] == kind).map(|record| &record["body"])
    }

    /// The class of each key that an intent was recorded with.
    pub(super) fn intents(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.bodies("CallStarted").map(|call| (text(&call["key"]), text(&call["class"]))).collect()
    }

    /// The effect that was begun and has no outcome.
    pub(super) fn open(&self) -> Option<Open> {
        let mut open = None;
        for record in &self.0 {
            let body = &record["body"];
            match record["kind"].as_str().unwrap() {
                "CallStarted" => open = Some(body),
                "CallFinished" => open = None,
                "CallResolved" if !body["outcome"].is_null() => open = None,
                // An undo forgets what became of the calls of its step.
                "UndoStarted" => open = None,
                _ => {}
            }
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        open.map(|call| Open { key: text(&call["key"]), class: text(&call["class"]), what: text(&call["asked"]["interface"]) })
    }

    /// Whether the step made an effect.
    pub(super) fn touched(&self, step: &str) -> bool {
        self.bodies("CallStarted").any(|call| call["id"]["step"] == step)
    }

    /// Whether the run has its plan.
    pub(super) fn planned(&self) -> bool {
        self.bodies("PlanDeclared").next().is_some()
    }

    /// Whether the run goes backwards.
    pub(super) fn undoing(&self) -> bool {
        self.bodies("UndoBegan").next().is_some()
    }

    pub(super) fn last_kind(&self) -> &str {
        self.0.last().unwrap()["kind"].as_str().unwrap()
    }

    /// How the run has ended, when it has.
    pub(super) fn outcome(&self) -> Option<&str> {
        self.bodies("RunFinished").last().map(|end| end["outcome"].as_str().unwrap())
    }
}
