//! Tests of a procedure as JSON.

use serde::Serialize;

/// What `test` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestEnd {
    /// Whether every law holds.
    pub ok: bool,
    /// Laws that hold.
    pub held: usize,
    /// Laws that do not.
    pub broken: usize,
    /// Milliseconds.
    pub duration: u64,
    /// Each scenario, by name.
    pub scenarios: Vec<ScenarioTested>,
}

/// One scenario.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScenarioTested {
    /// Its name: the file's without the ending.
    pub scenario: String,
    /// The file.
    pub file: String,
    /// What it is there for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub describe: Option<String>,
    /// Each law. One that does not go as expected is held against no other.
    pub laws: Vec<LawTested>,
}

/// One law.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LawTested {
    /// `plain`, `crash` or `fail`.
    pub law: String,
    /// Whether it holds.
    pub ok: bool,
    /// Places tried.
    pub tried: usize,
    /// Places that there are.
    pub places: usize,
    /// Milliseconds.
    pub duration: u64,
    /// What is worth knowing although nothing is wrong.
    pub notes: Vec<String>,
    /// Where it does not hold.
    pub problems: Vec<ProblemShown>,
}

/// Where a law does not hold.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProblemShown {
    /// The number of appends kept, or the call; none for the plain law.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The difference, or what to add to the scenario.
    pub details: Vec<String>,
    /// The command that shows it again.
    pub again: String,
}
