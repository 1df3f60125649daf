//! The bytes of a connection as they pass: when the last of the request left, when the first of the response came.
//!
//! A library says when the head of a response has been read. Between that and its first byte a slow server can put minutes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes of preliminary answers are read before the answer: more than what HTTP/2 may send ahead of it being seen. A library reads on for ever, and
/// whoever floods it keeps the thread that looks at deadlines.
const BEFORE_HEAD: usize = 8 * 1024 * 1024;

/// A connection, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// When bytes passed. Shared between the connection and whoever asks.
#[derive(Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<Passed>>);

#[derive(Clone, Copy, Default)]
struct Passed {
    request: Option<Instant>,
    response: Option<Instant>,
    before_head: usize,
    has_head: bool,
}

impl Marks {
    /// Whether a byte of the request has left.
    pub(crate) fn anything_sent(&self) -> bool {
        self.lock().request.is_some()
    }

    /// From the request sent until the first byte of the response.
    pub(crate) fn first_byte(&self) -> Duration {
        let Passed { request, response, .. } = *self.lock();
        request.zip(response).map(|(request, response)| response.saturating_duration_since(request)).unwrap_or_default()
    }

    /// That the head of the answer has come: what follows is a body, which has limits of its own.
    pub(crate) fn head_came(&self) {
        self.lock().has_head = true;
    }

    fn lock(&self) -> MutexGuard<'_, Passed> {
        // Two instants cannot be left half-written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that marks what passes.
pub(crate) struct Wire {
    /// The connection.
    pub(crate) stream: Box<dyn Stream>,
    /// What it marks.
    pub(crate) marks: Marks,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let count = buffer.filled().len() - before;
        let mut passed = self.marks.lock();
        if count > 0 {
            passed.response.get_or_insert_with(Instant::now);
        }
        passed.before_head += if passed.has_head { 0 } else { count };
        if passed.before_head > BEFORE_HEAD {
            return Poll::Ready(Err(io::Error::other("preliminary answers without end")));
        }
        drop(passed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        let mut passed = self.marks.lock();
        if passed.response.is_none() {
            passed.request = Some(Instant::now());
        }
        drop(passed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
