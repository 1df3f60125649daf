//! Reads the body of a response: up to the limit and not a byte beyond, so that no small answer unpacks to a large one, or into an artifact, piece by piece.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use lockstep_gate::artifacts::ArtifactSink;
use lockstep_model::Failure;
use lockstep_model::request::SealedArtifact;

use crate::course::Course;
use crate::exchange::{Answer, told};
use crate::headers::Encoding;

/// What a decoder hands on at a time: so much is unpacked beyond the limit at most.
const BUFFER: usize = 16 * 1024;

/// Where a body goes.
pub(crate) enum Keep {
    /// Into memory, at most so many bytes.
    Memory(usize),
    /// Into the store.
    Artifact(ArtifactSink),
}

/// What has become of a body.
#[derive(Default)]
pub(crate) struct Body {
    /// What is kept of it in memory.
    pub(crate) bytes: Vec<u8>,
    /// Whether it was longer than that.
    pub(crate) truncated: bool,
    /// All of it, in the store.
    pub(crate) artifact: Option<SealedArtifact>,
}

/// Reads the body, unpacked as `encoding` says. Of an artifact nothing is kept unless all of it has come.
pub(crate) async fn read(answer: Answer, encoding: Encoding, keep: Keep, course: &Course) -> Result<Body, Failure> {
    let (mut incoming, connection) = answer.into_body();
    let mut unpacking = Unpacking::new(encoding, keep);
    course.enters("reading the body of the response".to_owned());
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| course.interrupted("http.protocol", &told("the server", &error)))?;
        let Ok(bytes) = frame.into_data() else { continue };
        if unpacking.take(&bytes, course)? == Room::None {
            return unpacking.kept(Room::None, course);
        }
    }
    drop(connection);
    let room = unpacking.end(course)?;
    unpacking.kept(room, course)
}

/// Whether there is room for more than what has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Some,
    None,
}

/// A body as far as it has come.
struct Unpacking {
    kept: Rc<RefCell<Kept>>,
    decoder: Decoder,
}

enum Decoder {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Brotli(Box<DecompressorWriter<Sink>>),
}

/// What is kept of it.
struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
    artifact: Option<ArtifactSink>,
    /// Why the store does not take more.
    failed: Option<Failure>,
}

/// Keeps what is written, as far as it goes, and then fails: a decoder has no other way of being told that it is enough.
struct Sink(Rc<RefCell<Kept>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Kept { bytes: kept, limit, is_full, artifact, failed } = &mut *self.0.borrow_mut();
        if let Some(artifact) = artifact {
            return artifact.append(bytes).map(|()| bytes.len()).map_err(|failure| {
                *failed = Some(failure);
                io::ErrorKind::StorageFull.into()
            });
        }
        let room = *limit - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            *is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unpacking {
    fn new(encoding: Encoding, keep: Keep) -> Self {
        let (limit, artifact) = match keep {
            Keep::Memory(limit) => (limit, None),
            Keep::Artifact(sink) => (0, Some(sink)),
        };
        let kept = Rc::new(RefCell::new(Kept { bytes: Vec::new(), limit, is_full: false, artifact, failed: None }));
        let sink = Sink(Rc::clone(&kept));
        let decoder = match encoding {
            Encoding::None => Decoder::Plain(sink),
            Encoding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Encoding::Brotli => Decoder::Brotli(Box::new(DecompressorWriter::new(sink, BUFFER))),
        };
        Self { kept, decoder }
    }

    fn take(&mut self, bytes: &[u8], course: &Course) -> Result<Room, Failure> {
        let written = match &mut self.decoder {
            Decoder::Plain(sink) => sink.write_all(bytes),
            Decoder::Gzip(decoder) => decoder.write_all(bytes),
            Decoder::Brotli(decoder) => decoder.write_all(bytes),
        };
        self.room_after(written, course)
    }

    /// That nothing more comes. What is packed must be complete by now.
    fn end(&mut self, course: &Course) -> Result<Room, Failure> {
        let ended = match &mut self.decoder {
            Decoder::Plain(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Brotli(decoder) => decoder.close(),
        };
        self.room_after(ended, course)
    }

    fn room_after(&self, written: io::Result<()>, course: &Course) -> Result<Room, Failure> {
        let Kept { is_full, failed, .. } = &mut *self.kept.borrow_mut();
        match (failed.take(), written) {
            (Some(failure), _) => Err(course.unkept(failure)),
            (None, _) if *is_full => Ok(Room::None),
            (None, Ok(())) => Ok(Room::Some),
            (None, Err(error)) => {
                let message = format!("the body of the response is not packed as its `content-encoding` says: {error}");
                Err(course.interrupted("http.protocol", &message))
            }
        }
    }

    fn kept(&self, room: Room, course: &Course) -> Result<Body, Failure> {
        let Kept { bytes, artifact, .. } = &mut *self.kept.borrow_mut();
        let artifact = artifact.take().map(ArtifactSink::finish).transpose().map_err(|failure| course.unkept(failure))?;
        Ok(Body { bytes: std::mem::take(bytes), truncated: room == Room::None, artifact })
    }
}
