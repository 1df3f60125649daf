//! Bytes to and from a server, bounded by one deadline, the operator's wish and a limit.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lockstep_gate::Interrupt;
use rustls::{ClientConnection, StreamOwned};

/// How often deadline and wish are looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// Why a wire gives nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The deadline passed.
    Late,
    /// The operator cancelled.
    Cancelled,
    /// More came than is taken.
    TooLong,
}

/// When a call has to be over.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) deadline: Instant,
    pub(crate) interrupt: &'a Interrupt,
}

impl Bounds<'_> {
    /// Whether it is over by now.
    pub(crate) fn cut(&self) -> Option<Cut> {
        if self.interrupt.is_cancelled() {
            return Some(Cut::Cancelled);
        }
        (Instant::now() >= self.deadline).then_some(Cut::Late)
    }

    /// How long to wait before the next look.
    pub(crate) fn glance(&self) -> Duration {
        // A wait of nothing would be one without end.
        self.deadline.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(1), GLANCE)
    }
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection.
pub(crate) struct Wire<'a> {
    stream: Stream,
    bounds: Bounds<'a>,
    /// Bytes that may still come.
    left: usize,
    cut: Option<Cut>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(stream: Stream, bounds: Bounds<'a>) -> Self {
        Self { stream, bounds, left: 0, cut: None }
    }

    /// Lets this many bytes come from now on.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }

    /// Why it was cut, when it was.
    pub(crate) fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Sends all of it.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.once(|stream| stream.write(bytes))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                sent => bytes = &bytes[sent..],
            }
        }
        self.once(|stream| stream.flush().map(|()| 0)).map(drop)
    }

    /// Tries until something comes of it or it is over.
    fn once(&mut self, mut attempt: impl FnMut(&mut Stream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            if let Some(cut) = self.bounds.cut() {
                self.cut = Some(cut);
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.wait_at_most(self.bounds.glance())?;
            match attempt(&mut self.stream) {
                Err(error) if is_only_late(&error) => {}
                done => return done,
            }
        }
    }
}

/// Whether an attempt came to nothing and may be made again.
pub(crate) fn is_only_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.cut = Some(Cut::TooLong);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let read = self.once(|stream| stream.read(&mut buffer[..most]))?;
        self.left -= read;
        Ok(read)
    }
}

impl Stream {
    fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Secure(stream) => &stream.sock,
        };
        socket.set_read_timeout(Some(time))?;
        socket.set_write_timeout(Some(time))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Secure(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Secure(stream) => stream.flush(),
        }
    }
}
