//! What every command is given: how to talk and where the store is.

use std::path::{Path, PathBuf};

use lockstep_api::Code;

use crate::args::GlobalArgs;
use crate::environment;
use crate::error::CliError;
use crate::ui::Ui;

/// The options that every verb has, made use of.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    ui: Ui,
    store: Option<PathBuf>,
}

impl Context {
    /// From the command line and the environment.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
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
        absolute(folder)
    }
}

/// A path as it is from the root.
///
/// # Errors
/// When the current folder is gone.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| CliError::unreadable(path, &error))
}
