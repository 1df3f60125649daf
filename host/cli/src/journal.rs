//! A run as the store has it: its records, the state they add up to, and the bytes that it is made of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_api::Code;
use lockstep_gate::SystemClock;
use lockstep_grant::Grant;
use lockstep_journal::event::{Event, Stored};
use lockstep_journal::state::{StepState, StepStatus};
use lockstep_journal::{Batch, Durability, JournalError, RunState, SealedRecord, Store};
use lockstep_model::plan::Undo;
use lockstep_model::{Clock as _, Digest, RunId, StepId};
use serde_json::Value;

use crate::context::Context;
use crate::error::{CliError, grant_errors};
use crate::ui::{instant, shell_word};
use crate::{runs, wiring};

/// A run, read whole.
pub(crate) struct Run {
    /// Where it is.
    pub(crate) store: Arc<dyn Store>,
    /// Its records, in order.
    pub(crate) records: Vec<SealedRecord>,
    /// What they add up to.
    pub(crate) state: RunState,
    /// Who drives it now, as far as its heartbeat tells.
    pub(crate) driven_by: Option<String>,
}

/// Opens the store that the command line names, to look at it. It must be there.
///
/// # Errors
/// When it is not, or cannot be read.
pub(crate) fn existing_store(context: &Context) -> Result<Arc<dyn Store>, CliError> {
    wiring::open_store_to_look(&existing_folder(context)?)
}

/// Opens the store that the command line names, to write to it. It must be there.
///
/// # Errors
/// When it is not, or cannot be written.
pub(crate) fn store_to_act(context: &Context) -> Result<Arc<dyn Store>, CliError> {
    wiring::open_store_to_act(&existing_folder(context)?)
}

/// The folder of the store that the command line names. It must be there.
///
/// # Errors
/// When it is not.
pub(crate) fn existing_folder(context: &Context) -> Result<PathBuf, CliError> {
    let folder = context.store()?;
    if !wiring::has_store(&folder) {
        return Err(CliError::new(Code::NoStore, "there is no store yet").detail(format!("store: {}", folder.display())).hint("`lockstep run` makes it"));
    }
    Ok(folder)
}

impl Run {
    /// The run that the operator means, to look at.
    ///
    /// # Errors
    /// When there is none, or its records do not hold.
    pub(crate) fn find(context: &Context, text: &str) -> Result<Self, CliError> {
        Self::find_in(existing_store(context)?, text)
    }

    /// The run that the operator means, to go on with.
    ///
    /// # Errors
    /// As `find`, and when the store cannot be written.
    pub(crate) fn find_to_act(context: &Context, text: &str) -> Result<Self, CliError> {
        Self::find_in(store_to_act(context)?, text)
    }

    fn find_in(store: Arc<dyn Store>, text: &str) -> Result<Self, CliError> {
        let id = runs::find(&*store, text)?;
        Self::read(store, id)
    }

    /// Reads a run.
    ///
    /// # Errors
    /// When it is not there, or its records do not hold.
    pub(crate) fn read(store: Arc<dyn Store>, id: RunId) -> Result<Self, CliError> {
        let records = store.records(id)?;
        let folded = RunState::fold(&records).map_err(JournalError::Illegal)?;
        let state = folded.ok_or(JournalError::NoSuchRun(id))?;
        let driven_by = driven_by(&*store, id)?;
        Ok(Self { store, records, state, driven_by })
    }

    /// The component's bytes: from the file, when one is given, else as the store kept them.
    ///
    /// # Errors
    /// When they are not there.
    pub(crate) fn component(&self, file: Option<&Path>) -> Result<Vec<u8>, CliError> {
        match file {
            Some(file) => crate::fsio::read(file),
            None => self.kept(self.state.component, "component", "--file FILE"),
        }
    }

    /// The grant that applies: from the file, when one is given, else the one that applied last.
    ///
    /// # Errors
    /// When it is not there, or not valid any more.
    pub(crate) fn grant(&self, file: Option<&Path>) -> Result<(Grant, Vec<u8>), CliError> {
        if let Some(file) = file {
            return read_grant(file);
        }
        self.grant_of(self.state.grant, &self.state.grant_file)
    }

    /// The grant file of that digest, as the store kept it; relative paths are taken from the folder in which `file` was.
    ///
    /// # Errors
    /// When it is not there, or not valid any more.
    pub(crate) fn grant_of(&self, digest: Digest, file: &str) -> Result<(Grant, Vec<u8>), CliError> {
        let bytes = self.kept(digest, "grant file", &format!("--env {}", shell_word(file)))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok((parse_grant(&text, Path::new(file))?, bytes))
    }

    /// The grant that applied when the record `seq` was written, and where its file was.
    pub(crate) fn grant_at(&self, seq: u64) -> (Digest, &str) {
        let before = self.records.iter().take_while(|record| record.record.seq <= seq);
        let resumed = before.filter_map(|record| match &record.record.event {
            Event::RunResumed(resumed) => Some((resumed.grant, resumed.grant_file.as_str())),
            _ => None,
        });
        resumed.last().unwrap_or((self.state.created.grant, &self.state.created.grant_file))
    }

    /// Whether the grant file says something else now than what the run goes on under.
    pub(crate) fn grant_file_has_changed(&self) -> bool {
        crate::fsio::read(Path::new(&self.state.grant_file)).is_ok_and(|bytes| Digest::of(&bytes) != self.state.grant)
    }

    fn kept(&self, digest: Digest, what: &str, option: &str) -> Result<Vec<u8>, CliError> {
        self.store.blob(digest)?.ok_or_else(|| {
            let error = CliError::new(Code::BytesMissing, format!("the store does not have the run's {what} any more")).detail(format!("digest: {digest}"));
            error.detail(self.why_gone()).hint(format!("give it as `{option}`"))
        })
    }

    /// What the journal says about bytes of the run that are not there.
    pub(crate) fn why_gone(&self) -> String {
        let released = self.records.iter().rev().find(|record| matches!(record.record.event, Event::BytesReleased(_)));
        released.map_or_else(
            || "no retention has given them up: `lockstep audit verify` says what else is missing".to_owned(),
            |SealedRecord { record, .. }| format!("retention gave up what the run kept: {}, by {}", instant(record.time), record.actor),
        )
    }

    /// The JSON of a recorded request or response; none when its blob is gone.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub(crate) fn value(&self, stored: &Stored) -> Result<Option<Value>, CliError> {
        match stored {
            Stored::Inline(json) => Ok(json.to().ok()),
            Stored::Blob { digest, .. } => Ok(self.store.blob(*digest)?.and_then(|bytes| serde_json::from_slice(&bytes).ok())),
        }
    }
}

/// Whether an undo back to the step `to`, or to the beginning, would do something: the last step that left effects behind can be undone.
pub(crate) fn something_to_undo(state: &RunState, to: Option<&StepId>) -> bool {
    let left = |step: &StepState| match step.status {
        StepStatus::Undoing => true,
        StepStatus::Pending | StepStatus::Skipped | StepStatus::Undone => false,
        StepStatus::Running | StepStatus::Retrying(_) | StepStatus::Succeeded | StepStatus::Failed | StepStatus::UndoFailed => step.effects > 0,
    };
    let declared = |id: &StepId| state.plan.steps.iter().find(|step| step.id == *id).map_or(Undo::NothingToUndo, |step| step.undo);
    let back = state.started.iter().rev().take_while(|id| Some(*id) != to);
    let last = back.filter(|id| state.steps.get(*id).is_some_and(left)).map(declared).find(|undo| *undo != Undo::NothingToUndo);
    last == Some(Undo::UndoStep)
}

/// The process that has shown lately that it drives the run.
fn driven_by(store: &dyn Store, run: RunId) -> Result<Option<String>, CliError> {
    let now = SystemClock.now();
    let holder = store.leases()?.into_iter().find(|kept| kept.run == Some(run) && kept.process.is_some() && now < kept.expires());
    Ok(holder.map(|kept| kept.holder))
}

/// Keeps what a run is made of in the store, before it begins or goes on: from then on its id is enough to go on with it.
///
/// # Errors
/// When it cannot be made durable.
pub(crate) fn keep(store: &dyn Store, component: Vec<u8>, grant: Vec<u8>) -> Result<(), CliError> {
    // One commit, and none that is waited for when the bytes are there already.
    let batch = Batch { blobs: vec![component, grant], ..Batch::default() };
    Ok(store.append(batch, Durability::Durable)?)
}

/// Reads and compiles a grant file.
///
/// # Errors
/// When it cannot be read or is not valid.
pub(crate) fn read_grant(file: &Path) -> Result<(Grant, Vec<u8>), CliError> {
    let text = crate::fsio::read_text(file)?;
    let grant = parse_grant(&text, file)?;
    Ok((grant, text.into_bytes()))
}

fn parse_grant(text: &str, file: &Path) -> Result<Grant, CliError> {
    let absolute = crate::context::absolute(file)?;
    let base = absolute.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    // Rules are called by the file's name alone, so that a journal reads the same wherever the file lay; errors by the path that the operator gave.
    let name = file.file_name().map_or_else(|| file.to_string_lossy(), std::ffi::OsStr::to_string_lossy);
    Grant::parse(text, &name, &base).map_err(|mut errors| {
        for problem in &mut errors.problems {
            problem.file = file.display().to_string();
        }
        grant_errors(&errors, text)
    })
}

/// The environment's name: the grant file's own word, else the file's name.
pub(crate) fn environment_name(grant: &Grant, file: &Path) -> String {
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    grant.name().map_or_else(stem, str::to_owned)
}
