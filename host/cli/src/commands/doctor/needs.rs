//! What an environment's grant asks for beside the store: its cluster, and the programs that back up its databases.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use lockstep_grant::{Grant, KubeAccess, Program};
use lockstep_model::Digest;
use serde::Serialize;

use crate::build;
use crate::secrets::Declared;
use crate::wiring::KubeDriver;

/// One thing that has to be there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Need {
    /// `kube`, `pg_dump`.
    pub(super) name: String,
    /// The sections of the grant that ask for it.
    #[serde(rename = "for")]
    of: Vec<String>,
    /// Where it is.
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Whether the grant says which bytes it must have; of programs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Need {
    /// Whether it is there and may be used.
    pub(super) fn is_met(&self) -> bool {
        self.problem.is_none()
    }

    /// In a line.
    pub(super) fn text(&self) -> String {
        let found = match (&self.version, &self.problem) {
            (_, Some(problem)) => problem.clone(),
            // MariaDB's programs begin with their own path.
            (Some(version), None) if version.starts_with(&self.at) => version.clone(),
            (version, None) => format!("{}, {}", version.as_deref().unwrap_or_default(), self.at),
        };
        let pinned = match self.pinned {
            Some(true) => ", pinned",
            Some(false) => ", not pinned",
            None => "",
        };
        let of = if self.of.is_empty() { String::new() } else { format!("; for {}", self.of.join(", ")) };
        format!("{found}{pinned}{of}")
    }
}

/// All that the grant asks for, each looked at.
pub(super) fn of(grant: &Grant) -> Vec<Need> {
    grant.kube().access().map(|access| cluster(access, grant)).into_iter().chain(programs(grant)).collect()
}

fn cluster(access: &Arc<KubeAccess>, grant: &Grant) -> Need {
    let at = match &**access {
        KubeAccess::Kubeconfig { file, context, .. } => format!("context `{context}` of {}", file.display()),
        KubeAccess::InCluster => "the pod's service account".to_owned(),
        KubeAccess::Server { url, .. } => url.clone(),
    };
    let driver = KubeDriver::new().map_err(|error| format!("the kube driver cannot be started: {error}"));
    let version = driver.and_then(|kube| Declared { kube: Arc::new(kube) }.cluster_version(access, grant));
    let (version, problem) = match version {
        Ok(version) => (Some(format!("Kubernetes {version}")), None),
        Err(problem) => (None, Some(format!("{at}: {problem}"))),
    };
    Need { name: "kube".to_owned(), of: Vec::new(), at, version, pinned: None, problem }
}

/// Several databases may have the same programs: each is looked at once.
fn programs(grant: &Grant) -> Vec<Need> {
    let mut named: BTreeMap<(&str, Option<Digest>), Vec<String>> = BTreeMap::new();
    for database in grant.db().databases() {
        for Program { path, digest } in database.programs().named() {
            named.entry((path, *digest)).or_default().push(format!("db.{}", database.id));
        }
    }
    named.into_iter().map(|((path, pinned), of)| program(Path::new(path), pinned, of)).collect()
}

fn program(path: &Path, pinned: Option<Digest>, of: Vec<String>) -> Need {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (version, problem) = match version(path, pinned) {
        Ok(version) => (Some(version), None),
        Err(problem) => (None, Some(problem)),
    };
    Need { name, of, at: path.display().to_string(), version, pinned: Some(pinned.is_some()), problem }
}

/// What it says of itself. What is not the pinned program is not started.
fn version(path: &Path, pinned: Option<Digest>) -> Result<String, String> {
    let shown = path.display();
    if !path.is_file() {
        return Err(format!("there is no program {shown}"));
    }
    if let Some(pinned) = pinned {
        let found = File::open(path).and_then(Digest::of_reader).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if found != pinned {
            return Err(format!("{shown} is not the program that the grant pins: expected {pinned}, found {found}"));
        }
    }
    let line = build::first_line(path, &["--version"]).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    line.ok_or_else(|| format!("{shown} cannot be started, or does not know `--version`"))
}
