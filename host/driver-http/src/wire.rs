//! The bytes of a connection as they pass: when the last of the request left, when the first of the response came.
//!
//! A library says when the head of a response has been read. Between that and its first byte a slow server can put minutes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
}

impl Marks {
    /// Whether a byte of the request has left.
    pub(crate) fn anything_sent(&self) -> bool {
        self.lock().request.is_some()
    }

    /// From the request sent until the first byte of the response.
    pub(crate) fn first_byte(&self) -> Duration {
        let Passed { request, response } = *self.lock();
        request.zip(response).map(|(request, response)| response.saturating_duration_since(request)).unwrap_or_default()
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
        if buffer.filled().len() > before {
            self.marks.lock().response.get_or_insert_with(Instant::now);
        }
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
