//! The proxy: a listener, and a pair of sockets for every connection.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use rustix::net::Shutdown;

use crate::fault::Fault;
use crate::link::Link;

/// Stands before a server on loopback, and does to connections what a test asks. Gone, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Option<Listening>>,
}

#[derive(Debug)]
struct Listening {
    listener: Arc<TcpListener>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    standing: Fault,
    next: VecDeque<Fault>,
    /// Not held: a connection is closed when its threads let go of it.
    links: Vec<Weak<Link>>,
    accepted: usize,
}

impl FaultProxy {
    /// Listens on a port of 127.0.0.1 and passes connections on to `upstream`, unharmed for now.
    ///
    /// # Errors
    ///
    /// When `upstream` is no address, or there is no port.
    pub fn before(upstream: impl ToSocketAddrs) -> io::Result<Self> {
        Self::at(Ipv4Addr::LOCALHOST, upstream)
    }

    /// The same, on another address of the loopback network: no certificate of the test servers names 127.0.0.2, for example.
    ///
    /// # Errors
    ///
    /// As [`before`](Self::before).
    pub fn at(own: impl Into<IpAddr>, upstream: impl ToSocketAddrs) -> io::Result<Self> {
        let upstream = upstream.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let listener = TcpListener::bind((own.into(), 0))?;
        let address = listener.local_addr()?;
        let plan = Plan { standing: Fault::Pass, next: VecDeque::new(), links: Vec::new(), accepted: 0 };
        let shared = Arc::new(Shared { upstream, plan: Mutex::new(plan) });
        let listening = Mutex::new(Some(Listening::start(listener, &shared)));
        Ok(Self { address, shared, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection after those that were promised a fault already has this one; what comes after it has the one that stands.
    pub fn next(&self, fault: Fault) {
        self.shared.plan().next.push_back(fault);
    }

    /// From now on every connection has this fault, those that are open included.
    pub fn now(&self, fault: Fault) {
        let mut plan = self.shared.plan();
        for link in plan.links.iter().filter_map(Weak::upgrade) {
            link.set(fault.clone());
        }
        plan.standing = fault;
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.plan().accepted
    }

    /// As a server that is killed: open connections are reset and new ones refused, until [`up`](Self::up).
    pub fn down(&self) {
        let listening = lock(&self.listening).take();
        if let Some(listening) = listening {
            // This wakes the thread; the port is given back when both have let go of the listener.
            let _ = rustix::net::shutdown(&listening.listener, Shutdown::Both);
            let _ = listening.thread.join();
        }
        for link in self.shared.plan().links.drain(..).filter_map(|link| link.upgrade()) {
            link.reset();
        }
    }

    /// Listens again, at the same address.
    ///
    /// # Errors
    ///
    /// When the port has been taken by somebody else meanwhile.
    pub fn up(&self) -> io::Result<()> {
        let mut listening = lock(&self.listening);
        if listening.is_none() {
            *listening = Some(Listening::start(TcpListener::bind(self.address)?, &self.shared));
        }
        Ok(())
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.down();
    }
}

impl Listening {
    fn start(listener: TcpListener, shared: &Arc<Shared>) -> Self {
        let listener = Arc::new(listener);
        let (accepting, shared) = (Arc::clone(&listener), Arc::clone(shared));
        // Accepting fails when the socket was shut down, which is the end.
        let thread = std::thread::spawn(move || {
            while let Ok((client, _)) = accepting.accept() {
                shared.connect(client);
            }
        });
        Self { listener, thread }
    }
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    /// A server that is not there resets, as seen from the client: it has a connection already.
    fn connect(&self, client: TcpStream) {
        let upstream = TcpStream::connect(self.upstream);
        let mut plan = self.plan();
        plan.accepted += 1;
        let fault = plan.next.pop_front().unwrap_or_else(|| plan.standing.clone());
        match upstream {
            Ok(upstream) if fault != Fault::Reset => {
                plan.links.retain(|link| link.strong_count() > 0);
                if let Ok(link) = Link::start(client, upstream, fault) {
                    plan.links.push(Arc::downgrade(&link));
                }
            }
            _ => {
                let _ = rustix::net::sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO));
            }
        }
    }
}

/// A test that panicked says so itself: another's lock is good all the same.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
