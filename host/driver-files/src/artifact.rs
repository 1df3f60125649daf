//! Between files and artifacts: a file into the store, and bytes of the store out again, of any size and piece by piece.

use std::io::{self, Write as _};
use std::time::Instant;

use lockstep_gate::CallContext;
use lockstep_gate::artifacts::{Behind, pump, unreadable};
use lockstep_model::request::SealedArtifact;
use lockstep_model::{Digest, Failure};

use crate::fault::fault;
use crate::mount::Place;
use crate::read;
use crate::replace::Replacement;

/// How long it may go on.
pub(crate) struct Pace<'a> {
    pub(crate) context: &'a CallContext<'a>,
    pub(crate) deadline: Instant,
}

impl Pace<'_> {
    /// Looked at between two pieces.
    fn may_go_on(&self) -> io::Result<()> {
        let over = Instant::now() >= self.deadline || self.context.interrupt.is_cancelled();
        if over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

/// Copies a file into the store. Whether the run has another artifact of that id already is the gate's to know.
pub(crate) fn keep(place: &Place<'_>, id: &str, pace: &Pace<'_>) -> Result<SealedArtifact, Failure> {
    let failed = |error: io::Error| fault("keep", place.shown, &error);
    let mut sink = pace.context.artifacts.create(id)?;
    let mut file = read::open(place)?;
    let piece = |piece: &[u8]| {
        pace.may_go_on().map_err(failed)?;
        sink.append(piece)
    };
    pump(&mut file, piece).map_err(failed)??;
    sink.finish()
}

/// Writes an artifact as a file. Nothing stands there before all of it has been read and compared with its digest.
pub(crate) fn place(replacement: &Replacement<'_>, digest: Digest, pace: &Pace<'_>) -> Result<(), Failure> {
    let mut reader = pace.context.artifacts.open(digest)?;
    let mut unread = None;
    let written = replacement.fill(|file| {
        let mut behind = Behind::new(file.try_clone()?.into_std());
        let piece = |piece: &[u8]| {
            pace.may_go_on()?;
            file.write_all(piece)?;
            behind.wrote(piece.len())
        };
        let pumped = pump(&mut reader, piece).unwrap_or_else(|error| {
            unread = Some(unreadable(error));
            Err(io::ErrorKind::InvalidData.into())
        });
        pumped.and_then(|()| behind.finish())
    });
    unread.map_or(written, Err)
}
