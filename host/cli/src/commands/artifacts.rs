//! `lockstep artifacts`: the artifacts of a run, listed, taken out of the store and compared with their digests.

mod get;
mod ls;
mod verify;

use clap::Subcommand;
use lockstep_api::{Code, Exit};
use lockstep_journal::SealedRecord;
use lockstep_journal::event::{ArtifactSealed, Event};
use lockstep_model::Timestamp;

use crate::context::{Context, program};
use crate::error::CliError;
use crate::journal::Run;

/// List the artifacts of a run, take one out, compare them with their digests
///
/// Artifacts are kept beside the journal, encrypted, until `store retain` gives them up.
#[derive(Debug, clap::Args)]
pub(crate) struct ArtifactsArgs {
    #[command(subcommand)]
    act: ArtifactsAct,
}

#[derive(Debug, Subcommand)]
enum ArtifactsAct {
    Ls(ls::LsArgs),
    Get(get::GetArgs),
    Verify(verify::VerifyArgs),
}

/// Does it.
///
/// # Errors
/// When there is no such run or artifact, or it cannot be read.
pub(super) fn run(args: &ArtifactsArgs, context: &Context) -> Result<Exit, CliError> {
    match &args.act {
        ArtifactsAct::Ls(args) => ls::run(args, context),
        ArtifactsAct::Get(args) => get::run(args, context),
        ArtifactsAct::Verify(args) => verify::run(args, context),
    }
}

/// An artifact of a run.
#[derive(Clone, Copy)]
struct Artifact<'a> {
    sealed: &'a ArtifactSealed,
    time: Timestamp,
}

impl Artifact<'_> {
    /// In bytes. A record that says no number is of no size that we know.
    fn size(self) -> u64 {
        self.sealed.size.parse().unwrap_or_default()
    }

    /// That its bytes are not in the store any more.
    fn gone(self, run: &Run) -> CliError {
        let error = CliError::new(Code::BytesMissing, format!("the store does not have the bytes of artifact `{}` any more", self.sealed.id));
        error.detail(format!("digest: {}", self.sealed.digest)).detail(run.why_gone())
    }
}

/// All of a run, in the order in which they were sealed.
fn all(records: &[SealedRecord]) -> impl Iterator<Item = Artifact<'_>> {
    records.iter().filter_map(|record| match &record.record.event {
        Event::ArtifactSealed(sealed) => Some(Artifact { sealed, time: record.record.time }),
        _ => None,
    })
}

/// The artifact of that id.
fn find<'a>(run: &'a Run, id: &str) -> Result<Artifact<'a>, CliError> {
    all(&run.records).find(|artifact| artifact.sealed.id == id).ok_or_else(|| {
        let shown: String = id.chars().take(70).collect();
        let error = CliError::new(Code::NoSuchArtifact, format!("the run has no artifact `{shown}`"));
        error.hint(format!("`{} artifacts ls {}` lists them", program(), run.state.run))
    })
}
