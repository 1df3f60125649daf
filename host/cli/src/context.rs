//! What every command is given: how to talk and where the store is.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lockstep_api::Code;

use crate::args::GlobalArgs;
use crate::environment;
use crate::error::CliError;
use crate::ui::{Ui, shell_word};
use crate::wiring;

/// How this program is called in the commands that it proposes: with `--store` when that is how it was told which store, so that they can be pasted.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// `lockstep`, or `lockstep --store DIR`.
pub(crate) fn program() -> &'static str {
    PROGRAM.get().map_or("lockstep", String::as_str)
}

/// The options that every verb has, made use of.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    ui: Ui,
    store: Option<PathBuf>,
}

impl Context {
    /// From the command line and the environment.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        if let Some(folder) = &global.store {
            PROGRAM.get_or_init(|| format!("lockstep --store {}", shell_word(&folder.to_string_lossy())));
        }
        Self { ui: Ui::new(global), store: global.store.clone().or_else(environment::store_folder) }
    }

    /// How to talk.
    pub(crate) fn ui(&self) -> &Ui {
        &self.ui
    }

    /// The store's folder, absolute.
    ///
    /// # Errors
    /// When nobody says where it is.
    pub(crate) fn store(&self) -> Result<PathBuf, CliError> {
        let folder =
            self.store.as_deref().ok_or_else(|| CliError::new(Code::NoStoreFolder, "it is not known where the store is").hint("give `--store DIR`"))?;
        let folder = absolute(folder)?;
        if folder.exists() && !folder.is_dir() {
            let message = format!("the store is a folder, and {} is none", folder.display());
            return Err(CliError::new(Code::StoreUnopened, message).hint("name the folder with `--store DIR` or LOCKSTEP_STORE"));
        }
        Ok(folder)
    }

    /// The store's folder, when there is room for compiled code in it: looking takes it from there and keeps it there, and makes no folder.
    pub(crate) fn compiled(&self) -> Option<PathBuf> {
        self.store().ok().filter(|folder| wiring::keeps_compiled(folder))
    }
}

/// A path as it is from the root.
///
/// # Errors
/// When the current folder is gone.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| CliError::unreadable(path, &error))
}
