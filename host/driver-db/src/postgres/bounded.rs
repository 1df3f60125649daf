//! Looks at the length that each message of the server announces, and ends the connection before one is read that is longer than the grant allows: the
//! client would take it into memory whole.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A kind and a length, which counts itself.
const HEADER: usize = 5;
const LENGTH: usize = 4;

/// The length of a message that ended the connection; 0 when none did. The client only hears that the connection ended.
#[derive(Debug, Clone, Default)]
pub(super) struct TooLong(Arc<AtomicUsize>);

impl TooLong {
    pub(super) fn length(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A stream of messages of at most so many bytes each.
pub(super) struct Bounded<S> {
    inner: S,
    most: usize,
    too_long: TooLong,
    header: [u8; HEADER],
    /// Bytes of the header that are there.
    have: usize,
    /// Bytes of the message that are still to come.
    body: usize,
}

impl<S> Bounded<S> {
    pub(super) fn new(inner: S, most: usize, too_long: TooLong) -> Self {
        Self { inner, most, too_long, header: [0; HEADER], have: 0, body: 0 }
    }

    fn look(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEADER - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEADER {
                let [_, length @ ..] = self.header;
                let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_sub(LENGTH);
                if length > self.most {
                    self.too_long.0.store(length, Ordering::SeqCst);
                    return Err(io::Error::other("a message that is longer than the grant allows"));
                }
                (self.have, self.body) = (0, length);
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            self.look(&buffer.filled()[before..])?;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounded, TooLong};

    fn message(length: usize) -> Vec<u8> {
        let mut message = vec![b'D'];
        message.extend_from_slice(&u32::try_from(length + 4).unwrap().to_be_bytes());
        message.resize(message.len() + length, 0);
        message
    }

    #[test]
    fn a_message_is_measured_wherever_it_is_split_and_refused_by_its_length_alone() {
        let bytes = [message(0), message(10), message(7)].concat();
        for size in 1..bytes.len() {
            let mut bounded = Bounded::new((), 10, TooLong::default());
            assert!(bytes.chunks(size).all(|chunk| bounded.look(chunk).is_ok()), "{size}");
            let refused = message(11);
            assert!(refused[..5].chunks(size).any(|chunk| bounded.look(chunk).is_err()), "{size}");
        }
        assert!(Bounded::new((), 10, TooLong::default()).look(&[b'D', 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
