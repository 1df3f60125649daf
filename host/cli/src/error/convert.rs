//! What the libraries' errors mean for an operator.

use std::path::Path;

use lockstep_api::Code;
use lockstep_engine::EngineError;
use lockstep_journal::{BlobError, JournalError, LeaseKept, StoreError};
use lockstep_runtime::LoadError;

use super::{CliError, denied_imports};

impl CliError {
    /// A store that cannot be opened.
    pub(crate) fn store(folder: &Path, error: &StoreError) -> Self {
        let shown = Self::from(error.clone());
        let shown = if shown.code() == Code::StoreUnopened { Self::new(Code::StoreUnopened, format!("the store cannot be opened: {error}")) } else { shown };
        shown.detail(format!("store: {}", folder.display()))
    }

    /// A component that cannot be loaded.
    pub(crate) fn load(name: &str, error: &LoadError) -> Self {
        let code = match error {
            LoadError::Empty | LoadError::CoreModule | LoadError::Text | LoadError::NotWasm => Code::NotAComponent,
            LoadError::TooLarge { .. } | LoadError::Invalid(_) | LoadError::Mismatch(_) => Code::NotLoaded,
            LoadError::NotAProcedure { .. } => Code::NotAProcedure,
            LoadError::UnknownImports { .. } | LoadError::OtherWasi { .. } => Code::ForeignImport,
            LoadError::NewerContract { .. } => Code::NewerContract,
        };
        let shown = Self::new(code, format!("{name}: {error}"));
        match code {
            Code::NotAComponent if name.ends_with(".toml") => shown.hint(format!("a grant file is named with `--env {name}`, the component without it")),
            _ => shown.hint("`lockstep build DIR` makes a component of a project's folder"),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Full => Code::StoreFull,
            StoreError::ReadOnly => Code::StoreReadOnly,
            StoreError::Locked => Code::StoreLocked,
            StoreError::Conflict { .. } | StoreError::LeaseLost { .. } => Code::RunTaken,
            StoreError::NewerFormat { .. } | StoreError::NewerRecord { .. } => Code::StoreNewer,
            StoreError::Damaged(_) => Code::StoreDamaged,
            StoreError::Exposed { .. } => Code::KeyExposed,
            StoreError::Gap { .. } | StoreError::NotSealedHere(_) => Code::JournalBroken,
            StoreError::Missing(_) => Code::NoStore,
            StoreError::Medium(_) => Code::StoreUnopened,
        };
        let shown = Self::new(code, error.to_string());
        match &error {
            StoreError::Full => shown.hint("make room on the store's disk"),
            StoreError::Conflict { run, .. } | StoreError::LeaseLost { run, .. } => shown.hint(format!("`lockstep show {run}` says how it stands")),
            StoreError::Locked => shown.hint("let the other process finish, then try again"),
            StoreError::Damaged(_) => shown.hint("`lockstep audit verify` on a copy says what is wrong"),
            StoreError::NewerFormat { .. } | StoreError::NewerRecord { .. } => shown.hint("use the Lockstep that wrote it, or a newer one"),
            StoreError::Exposed { path, .. } => shown.hint(format!("`chmod 600 {path}`, once you know who could have read it")),
            StoreError::Gap { .. } => shown.hint("an append before it failed: see whether the store's disk is full or gone"),
            StoreError::NotSealedHere(_) => shown.hint("a captured secret can only be opened by the store that sealed it"),
            StoreError::Missing(_) => shown.hint("`lockstep run` makes one"),
            StoreError::ReadOnly | StoreError::Medium(_) => shown.hint("`lockstep doctor` looks at the store's folder"),
        }
    }
}

impl From<BlobError> for CliError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NoKey { digest, why } => Self::from(*why).detail(format!("the bytes of {digest} are encrypted under that key")),
            BlobError::Corrupt(_) | BlobError::Medium(_) => StoreError::from(error).into(),
        }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Store(error) => error.into(),
            JournalError::Illegal(_) | JournalError::Invalid(_) => {
                Self::new(Code::JournalBroken, error.to_string()).hint("`lockstep audit verify` says whether the ledger holds")
            }
            JournalError::BytesMissing { .. } => Self::new(Code::BytesMissing, error.to_string()),
            JournalError::NoSuchRun(_) => Self::new(Code::NoSuchRun, error.to_string()).hint("`lockstep runs` lists the runs"),
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        let text = error.to_string();
        match error {
            EngineError::ImportsDenied(denials) => denied_imports(&denials),
            EngineError::Declaration(failure) => {
                Self::new(Code::DeclarationInvalid, failure.message()).detail(format!("failure: {}", failure.code())).hint(page(failure.code()))
            }
            EngineError::Plan(problems) => {
                several(Code::PlanInvalid, "the plan does not hold", &problems).hint("the steps are declared in the procedure's source")
            }
            EngineError::Parameters(problems) => several(Code::Parameters, "the parameters do not fit", &problems)
                .hint("`lockstep inspect FILE` lists the parameters; give each as `-p id=value`"),
            EngineError::PlanChanged { .. } => Self::new(Code::PlanChanged, text).hint("run `lockstep plan` again and read what changed"),
            EngineError::ComponentChanged { run, .. } => Self::new(Code::ComponentChanged, text)
                .hint("leave `--file` out: the store has the right component")
                .hint(format!("`lockstep migrate {run} FILE` moves the run to this one, if a replay agrees")),
            EngineError::Ended { run, .. } => Self::new(Code::RunEnded, text).hint(format!("`lockstep show {run}` says how; `lockstep run` starts a new one")),
            EngineError::EnvironmentTaken(kept) => taken(&kept, text),
            EngineError::RunTaken(kept) => Self::new(Code::RunTaken, text)
                .detail(format!("for: {}", kept.reason))
                .hint("`lockstep lease list` says when it was last seen; `lockstep pause`, `cancel` and `undo` reach it there"),
            EngineError::Refused(_) => Self::new(Code::ActRefused, text),
            EngineError::NotTaken(_) => Self::new(Code::EnvironmentFree, text).hint("`lockstep lease list` shows which are taken"),
            EngineError::Journal(error) => error.into(),
        }
    }
}

fn taken(kept: &LeaseKept, text: String) -> CliError {
    let run = kept.run.map(|run| run.to_string()).unwrap_or_default();
    let driven = if kept.process.is_some() { "driven by" } else { "nobody drives it now; it was left by" };
    CliError::new(Code::EnvironmentTaken, text)
        .detail(format!("since {}, for: {}", kept.since, kept.reason))
        .detail(format!("{driven} {}", kept.holder))
        .hint(format!("`lockstep show {run}` says how it stands; `lockstep resume {run}` or `lockstep undo {run}` ends it"))
        .hint("`--wait 15m` waits for it")
        .hint(format!("`lockstep lease release {} --reason TEXT` takes the environment away from it", kept.environment))
}

fn several(code: Code, what: &str, problems: &[String]) -> CliError {
    match problems {
        [alone] => CliError::new(code, alone.clone()),
        several => several.iter().fold(CliError::new(code, format!("{what}: {} problems", several.len())), |error, problem| error.detail(problem)),
    }
}

fn page(code: &str) -> String {
    format!("`lockstep explain {code}` says what it means")
}
