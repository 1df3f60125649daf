//! The body of a request: bytes, or an artifact that a thread of its own reads, as fast as the connection takes it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, SizeHint};
use lockstep_gate::artifacts::{Artifacts, pump, unreadable};
use lockstep_model::{Digest, Failure};
use tokio::sync::mpsc::{Receiver, channel};

use crate::course::Course;

/// Pieces under way at most: what one reads at a time is a part of a megabyte.
const QUEUE: usize = 2;

/// What a request sends.
pub(crate) type Food = Either<Full<Bytes>, Fed>;

/// What the guest wants to be sent.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// This.
    Bytes(Bytes),
    /// The artifact with this digest, as it is.
    Artifact(Digest),
}

/// That an artifact could not be read to its end. The connection breaks then, before the server has all that it was told to expect: a part is not taken for
/// the whole. Why, the course knows.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the artifact could not be read to its end")]
pub(crate) struct Unread;

/// An artifact on its way.
pub(crate) struct Fed {
    pieces: Receiver<Result<Bytes, Unread>>,
    left: u64,
}

/// Begins with it. None is no body.
pub(crate) fn food(source: Option<&Source>, artifacts: &dyn Artifacts, course: &Course) -> Result<Food, Failure> {
    match source {
        None => Ok(Either::Left(Full::default())),
        Some(Source::Bytes(bytes)) => Ok(Either::Left(Full::new(bytes.clone()))),
        Some(Source::Artifact(digest)) => Fed::begin(*digest, artifacts, course).map(Either::Right),
    }
}

impl Fed {
    fn begin(digest: Digest, artifacts: &dyn Artifacts, course: &Course) -> Result<Self, Failure> {
        let mut reader = artifacts.open(digest)?;
        let (left, unfed) = (reader.size(), course.unfed());
        let (sender, pieces) = channel(QUEUE);
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more when the exchange is over.
            let read = pump(&mut *reader, |piece| sender.blocking_send(Ok(Bytes::copy_from_slice(piece))).map_err(drop));
            if let Err(error) = read {
                // The first reason is the one.
                let _ = unfed.set(unreadable(error));
                let _ = sender.blocking_send(Err(Unread));
            }
        });
        Ok(Self { pieces, left })
    }
}

impl Body for Fed {
    type Data = Bytes;
    type Error = Unread;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        self.pieces.poll_recv(context).map(|piece| {
            let piece = piece?;
            if let Ok(bytes) = &piece {
                self.left = self.left.saturating_sub(bytes.len() as u64);
            }
            Some(piece.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
