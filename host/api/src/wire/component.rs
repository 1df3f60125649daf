//! Components and plans as JSON.

use std::collections::BTreeMap;

use lockstep_model::Digest;
use lockstep_model::plan::{Description, Step};
use serde::Serialize;

use super::{DryRunShown, ErrorShown};
use crate::descriptor::Descriptor;

/// What `build` ends with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Built {
    /// The component's path, absolute.
    pub file: String,
    /// Of its bytes.
    pub digest: Digest,
    /// The interfaces it imports, `lockstep:contract/http@0.1.0`.
    pub imports: Vec<String>,
    /// In bytes.
    pub size: u64,
    /// The procedure's name.
    pub procedure: String,
}

/// What `inspect` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspected {
    /// The component's path as given.
    pub file: String,
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// What its builder wrote into it; none when it was not built by `lockstep build`.
    pub descriptor: Option<Descriptor>,
}

/// What `check` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// The procedure's name, when it could be asked.
    pub procedure: Option<String>,
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Everything that is wrong.
    pub problems: Vec<ErrorShown>,
}

/// What `plan` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanShown {
    /// Name, version, title, parameters.
    pub procedure: Description,
    /// Of the component's bytes.
    pub component: Digest,
    /// Of the grant file.
    pub grant: Digest,
    /// The environment's name.
    pub environment: String,
    /// Every parameter with its value.
    pub parameters: BTreeMap<String, String>,
    /// What `run --plan` binds to.
    pub digest: Digest,
    /// The steps.
    pub steps: Vec<StepShown>,
    /// The step after which nothing before it is undone automatically.
    pub point_of_no_return: Option<String>,
    /// What the grant allows, a line each.
    pub allows: Vec<String>,
    /// What this plan cannot know.
    pub unknowns: Vec<String>,
    /// How its dry run went, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRunShown>,
}

/// A step of a plan.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepShown {
    /// From 1.
    pub number: usize,
    /// As declared.
    #[serde(flatten)]
    pub step: Step,
}
