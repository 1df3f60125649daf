//! Reads a body up to the limit, and not a byte beyond: the limit is on what is kept, so that no small answer unpacks to a large one.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use lockstep_model::Failure;

use crate::course::Course;
use crate::exchange::{Answer, told};
use crate::headers::Encoding;

/// What a decoder hands on at a time: so much is unpacked beyond the limit at most.
const BUFFER: usize = 16 * 1024;

/// The body, unpacked as `encoding` says, and whether it was longer than `limit` and has been cut.
pub(crate) async fn read(answer: Answer, encoding: Encoding, limit: usize, course: &Course) -> Result<(Vec<u8>, bool), Failure> {
    let (mut incoming, connection) = answer.into_body();
    let mut body = Body::packed(encoding, limit);
    course.enters("reading the body of the response".to_owned());
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| course.interrupted("http.protocol", &told("the server", &error)))?;
        let Ok(bytes) = frame.into_data() else { continue };
        if body.take(&bytes).map_err(|error| broken(&error, course))? == Room::None {
            return Ok((body.kept(), true));
        }
    }
    drop(connection);
    let room = body.end().map_err(|error| broken(&error, course))?;
    Ok((body.kept(), room == Room::None))
}

fn broken(error: &io::Error, course: &Course) -> Failure {
    course.interrupted("http.protocol", &format!("the body of the response is not packed as its `content-encoding` says: {error}"))
}

/// Whether there is room for more than what has come.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Some,
    None,
}

/// A body as far as it has come.
struct Body {
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
}

/// Keeps what is written, up to the limit, and then fails: a decoder has no other way of being told that it is enough.
struct Sink(Rc<RefCell<Kept>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.borrow_mut();
        let room = kept.limit - kept.bytes.len();
        kept.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            kept.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    fn packed(encoding: Encoding, limit: usize) -> Self {
        let kept = Rc::new(RefCell::new(Kept { bytes: Vec::new(), limit, is_full: false }));
        let sink = Sink(Rc::clone(&kept));
        let decoder = match encoding {
            Encoding::None => Decoder::Plain(sink),
            Encoding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Encoding::Brotli => Decoder::Brotli(Box::new(DecompressorWriter::new(sink, BUFFER))),
        };
        Self { kept, decoder }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<Room> {
        let written = match &mut self.decoder {
            Decoder::Plain(sink) => sink.write_all(bytes),
            Decoder::Gzip(decoder) => decoder.write_all(bytes),
            Decoder::Brotli(decoder) => decoder.write_all(bytes),
        };
        self.room_after(written)
    }

    /// That nothing more comes. What is packed must be complete by now.
    fn end(&mut self) -> io::Result<Room> {
        let ended = match &mut self.decoder {
            Decoder::Plain(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Brotli(decoder) => decoder.close(),
        };
        self.room_after(ended)
    }

    fn room_after(&self, written: io::Result<()>) -> io::Result<Room> {
        if self.kept.borrow().is_full { Ok(Room::None) } else { written.map(|()| Room::Some) }
    }

    fn kept(&self) -> Vec<u8> {
        std::mem::take(&mut self.kept.borrow_mut().bytes)
    }
}
