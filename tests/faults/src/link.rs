//! One connection through the proxy: two sockets, and a thread for each direction.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::fault::{Fault, Way};
use crate::proxy::lock;

/// How long a thread sits in the kernel before it looks whether it is still wanted: what a test waits for a fault at most.
const LOOK: Duration = Duration::from_millis(20);
/// What is moved at a time.
const CHUNK: usize = 64 << 10;

/// One connection. It is over when both threads have let go of it.
#[derive(Debug)]
pub(crate) struct Link {
    client: TcpStream,
    upstream: TcpStream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    fault: Fault,
    /// Grows with every fault that is set.
    version: u64,
    /// What has passed the cut's way since the fault was set.
    passed: u64,
    ended: bool,
}

/// The connection is over, for both directions.
struct Over;

impl Link {
    /// Moves bytes in two threads of its own.
    pub(crate) fn start(client: TcpStream, upstream: TcpStream, fault: Fault) -> io::Result<Arc<Self>> {
        for stream in [&client, &upstream] {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(LOOK))?;
            stream.set_write_timeout(Some(LOOK))?;
        }
        let state = Mutex::new(State { fault, version: 0, passed: 0, ended: false });
        let link = Arc::new(Self { client, upstream, state, changed: Condvar::new() });
        for way in [Way::Up, Way::Down] {
            let link = Arc::clone(&link);
            std::thread::spawn(move || {
                if link.pump(way).is_err() {
                    link.end();
                }
            });
        }
        Ok(link)
    }

    pub(crate) fn set(&self, fault: Fault) {
        if fault == Fault::Reset {
            self.reset();
        }
        let mut state = lock(&self.state);
        state.fault = fault;
        state.version += 1;
        state.passed = 0;
        self.changed.notify_all();
    }

    fn has_ended(&self) -> bool {
        lock(&self.state).ended
    }

    /// Ends both sides with RST: a socket that lingers for no time sends it when it is closed, which is when the threads let go.
    pub(crate) fn reset(&self) {
        for stream in [&self.client, &self.upstream] {
            let _ = set_socket_linger(stream, Some(Duration::ZERO));
        }
        self.end();
    }

    fn end(&self) {
        lock(&self.state).ended = true;
        self.changed.notify_all();
    }

    /// From one side to the other, until this side says no more (then the other is told so, and may go on talking) or the connection is over.
    fn pump(&self, way: Way) -> Result<(), Over> {
        let (mut from, to) = match way {
            Way::Up => (&self.client, &self.upstream),
            Way::Down => (&self.upstream, &self.client),
        };
        let mut chunk = vec![0; CHUNK];
        loop {
            if self.has_ended() {
                return Err(Over);
            }
            match from.read(&mut chunk) {
                Ok(0) => {
                    // A server that has closed while the connection hangs is not heard of.
                    self.pass(way, &[])?;
                    let _ = to.shutdown(Shutdown::Write);
                    return if way == Way::Down { Err(Over) } else { Ok(()) };
                }
                Ok(length) => self.pass(way, &chunk[..length])?,
                Err(error) if is_time_up(&error) => {}
                // One side was reset: so is the other.
                Err(_) => {
                    self.reset();
                    return Err(Over);
                }
            }
        }
    }

    /// Hands on what one side has said, as the fault of the moment will have it. Nothing said is the end of what it says.
    fn pass(&self, way: Way, mut said: &[u8]) -> Result<(), Over> {
        loop {
            let (fault, version, passed) = self.fault();
            match fault {
                Fault::Hang => {
                    self.hold(version, None)?;
                    continue;
                }
                Fault::Delay(by) => {
                    if self.hold(version, Some(by))? {
                        continue;
                    }
                }
                Fault::Pass | Fault::Reset | Fault::Cut(..) | Fault::Throttle(_) | Fault::Garbage | Fault::Endless { .. } => {}
            }
            if said.is_empty() {
                return Ok(());
            }
            let length = match &fault {
                Fault::Pass | Fault::Hang | Fault::Reset | Fault::Delay(_) => self.write(way, said, version)?,
                Fault::Cut(cut, after) if *cut == way => {
                    let room = usize::try_from(after.saturating_sub(passed)).unwrap_or(usize::MAX).min(said.len());
                    if room == 0 {
                        self.reset();
                        return Err(Over);
                    }
                    let length = self.write(way, &said[..room], version)?;
                    self.count(version, length);
                    length
                }
                Fault::Throttle(rate) => {
                    let share = usize::try_from(rate * Fault::TICK.as_millis() as u64 / 1_000).unwrap_or(usize::MAX).clamp(1, said.len());
                    let length = self.write(way, &said[..share], version)?;
                    self.hold(version, Some(Fault::TICK))?;
                    length
                }
                Fault::Garbage if way == Way::Down => self.write(way, &nonsense(said.len()), version)?,
                Fault::Endless { head, again, bytes } if way == Way::Down => return self.endless(head, again, *bytes),
                Fault::Cut(..) | Fault::Garbage | Fault::Endless { .. } => self.write(way, said, version)?,
            };
            said = &said[length..];
            if said.is_empty() {
                return Ok(());
            }
        }
    }

    fn endless(&self, head: &[u8], again: &[u8], bytes: u64) -> Result<(), Over> {
        // Whole pieces a write, since a small one costs as much as a large one.
        let piece = again.repeat((CHUNK / again.len().max(1)).max(1));
        let mut left = bytes;
        let mut rest = head;
        loop {
            let version = self.fault().1;
            let length = self.write(Way::Down, rest, version)?;
            left = left.saturating_sub(length as u64);
            rest = &rest[length..];
            if rest.is_empty() {
                if left == 0 || piece.is_empty() {
                    return Err(Over);
                }
                rest = &piece;
            }
        }
    }

    fn fault(&self) -> (Fault, u64, u64) {
        let state = lock(&self.state);
        (state.fault.clone(), state.version, state.passed)
    }

    fn count(&self, version: u64, length: usize) {
        let mut state = lock(&self.state);
        if state.version == version {
            state.passed += length as u64;
        }
    }

    /// Waits until another fault was set (true) or so much time is over (false).
    fn hold(&self, version: u64, time: Option<Duration>) -> Result<bool, Over> {
        let state = lock(&self.state);
        let same = |state: &mut State| state.version == version && !state.ended;
        let state = match time {
            Some(time) => self.changed.wait_timeout_while(state, time, same).map(|(state, _)| state).map_err(|_| Over)?,
            None => self.changed.wait_while(state, same).map_err(|_| Over)?,
        };
        if state.ended { Err(Over) } else { Ok(state.version != version) }
    }

    /// Writes some of it, however long the other side takes to read. Gives up for nothing when another fault was set meanwhile.
    fn write(&self, way: Way, bytes: &[u8], version: u64) -> Result<usize, Over> {
        let mut to = if way == Way::Up { &self.upstream } else { &self.client };
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            // Asked each time: a client that reads on and on would never let a write wait.
            if self.has_ended() {
                return Err(Over);
            }
            match to.write(bytes) {
                Ok(length) => return Ok(length),
                Err(error) if is_time_up(&error) => {
                    if self.fault().1 != version {
                        return Ok(0);
                    }
                }
                Err(_) => {
                    self.reset();
                    return Err(Over);
                }
            }
        }
    }
}

fn is_time_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Bytes that mean nothing in any protocol, the same ones each time, no two next to each other alike.
fn nonsense(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 167 + 0xA5) as u8).collect()
}
