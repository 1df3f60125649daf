//! What an operator sees of a call while it is under way. Whole lines, so that a secret split over two chunks is still taken out.

use std::sync::{Mutex, PoisonError};

use lockstep_journal::LeaseKept;
use lockstep_journal::event::CallId;
use lockstep_model::Timestamp;

use super::RunPassage;
use crate::driver::{LiveOutput, Stream};

/// A line longer than this is shown in parts.
const LONGEST_LINE: usize = 8 << 10;

/// Sees calls and output as they come. Nothing it sees contains a secret.
pub trait Live: Send + Sync {
    /// A call is about to be performed; replayed ones are not seen.
    fn call_begins(&self, id: &CallId, what: &str);

    /// A line of output of the call.
    fn output(&self, id: &CallId, stream: Stream, line: &str);

    /// The environment belongs to another run, or the run is driven by another process, and this one waits for it until then.
    fn environment_taken(&self, kept: &LeaseKept, until: Timestamp);
}

/// Sees nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLive;

impl Live for NoLive {
    fn call_begins(&self, _: &CallId, _: &str) {}

    fn output(&self, _: &CallId, _: Stream, _: &str) {}

    fn environment_taken(&self, _: &LeaseKept, _: Timestamp) {}
}

/// Gathers a call's output into lines.
pub(super) struct Lines<'a> {
    id: &'a CallId,
    run: &'a RunPassage,
    partial: Mutex<[Vec<u8>; 2]>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(id: &'a CallId, run: &'a RunPassage) -> Self {
        Self { id, run, partial: Mutex::default() }
    }

    fn show(&self, stream: Stream, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        self.run.live.output(self.id, stream, &self.run.secrets.scrub_text(text.trim_end_matches(['\n', '\r'])));
    }
}

impl LiveOutput for Lines<'_> {
    fn output(&self, stream: Stream, bytes: &[u8]) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = match stream {
            Stream::Stdout => &mut partial[0],
            Stream::Stderr => &mut partial[1],
        };
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            buffer.extend_from_slice(piece);
            if buffer.ends_with(b"\n") {
                self.show(stream, buffer);
                buffer.clear();
            } else if buffer.len() > LONGEST_LINE {
                // What may be the beginning of a value waits for the rest of it.
                let (shown, kept) = self.run.secrets.scrub_beginning(buffer);
                self.show(stream, &shown);
                buffer.drain(..buffer.len() - kept);
            }
        }
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        let partial = std::mem::take(&mut *self.partial.lock().unwrap_or_else(PoisonError::into_inner));
        for (stream, rest) in [Stream::Stdout, Stream::Stderr].into_iter().zip(partial) {
            if !rest.is_empty() {
                self.show(stream, &rest);
            }
        }
    }
}
