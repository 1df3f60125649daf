//! From the grant's terms to a connection: the address and the login, a secret's if the grant says so, resolved and connected within the deadline.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, channel};

use lockstep_grant::{Granted, RedisAddress, RedisAt, RedisLogin, parse_redis_url};
use lockstep_model::Failure;
use lockstep_model::request::RedisRequest;
use lockstep_tls::Trust;
use url::Host;

use crate::failures::{Came, late, lost};
use crate::tls;
use crate::wire::{Bounds, Cut, Stream};

/// Where a call goes, and as whom.
pub(crate) struct Goal {
    pub(crate) address: RedisAddress,
    pub(crate) login: RedisLogin,
    /// For messages: scheme, host and port.
    pub(crate) at: String,
}

impl Goal {
    /// Of a call whose secrets have been put in.
    pub(crate) fn of(call: &Granted<RedisRequest>) -> Result<Self, Failure> {
        let terms = call.terms();
        let (address, mut login) = match &terms.at {
            RedisAt::Address(address) => (address.clone(), RedisLogin::default()),
            RedisAt::Secret(id) => parse_redis_url(text_of(call, id)?).map_err(|error| {
                Failure::problem("redis.connect", format!("secret `{id}`, which the grant names as the URL of this store, is none: {error}"))
            })?,
        };
        if let Some(user) = &terms.user {
            login.user = Some(user.clone());
        }
        if let Some(id) = &terms.password {
            login.password = Some(text_of(call, id)?.to_owned());
        }
        let scheme = if address.secure { "rediss" } else { "redis" };
        let at = format!("{scheme}://{}:{}", address.host, address.port);
        Ok(Self { address, login, at })
    }

    /// A connection to the first of its addresses that takes one.
    pub(crate) fn connect(&self, trust: &Trust, call: &Granted<RedisRequest>, bounds: Bounds<'_>) -> Result<Stream, Failure> {
        let mut refused = None;
        for address in self.addresses(bounds)? {
            match self.reach(address, bounds) {
                Ok(socket) => {
                    // A command waits for its reply: nothing is gained by gathering.
                    let _ = socket.set_nodelay(true);
                    return Ok(if self.address.secure {
                        Stream::Secure(tls::encrypt(trust, &self.address.host, &self.at, &call.terms().authorities, socket, bounds)?)
                    } else {
                        Stream::Plain(socket)
                    });
                }
                Err(failure) => refused = Some(failure),
            }
        }
        Err(refused.unwrap_or_else(|| lost(&self.at, Came::Before, "its name has no address")))
    }

    fn reach(&self, address: SocketAddr, bounds: Bounds<'_>) -> Result<TcpStream, Failure> {
        if let Some(cut) = bounds.cut() {
            return Err(self.over(cut));
        }
        let left = bounds.deadline.saturating_duration_since(std::time::Instant::now()).max(std::time::Duration::from_millis(1));
        TcpStream::connect_timeout(&address, left).map_err(|error| lost(&self.at, Came::Before, &error.to_string()))
    }

    fn over(&self, cut: Cut) -> Failure {
        match cut {
            Cut::Cancelled => Failure::TimedOut("cancelled by the operator".to_owned()),
            Cut::Late | Cut::TooLong => late(&self.at, Came::Before),
        }
    }

    fn addresses(&self, bounds: Bounds<'_>) -> Result<Vec<SocketAddr>, Failure> {
        let port = self.address.port;
        let name = match &self.address.host {
            Host::Ipv4(address) => return Ok(vec![SocketAddr::new(IpAddr::V4(*address), port)]),
            Host::Ipv6(address) => return Ok(vec![SocketAddr::new(IpAddr::V6(*address), port)]),
            Host::Domain(name) => name.clone(),
        };
        // The system's resolver knows no deadline: it is left behind when ours has passed.
        let (send, receive) = channel();
        std::thread::spawn(move || send.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect)));
        loop {
            if let Some(cut) = bounds.cut() {
                return Err(self.over(cut));
            }
            match receive.recv_timeout(bounds.glance()) {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => return Err(lost(&self.at, Came::Before, &format!("its name cannot be resolved: {error}"))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(lost(&self.at, Came::Before, "its name cannot be resolved")),
            }
        }
    }
}

/// The value of a secret that the grant places, as text.
fn text_of<'c>(call: &'c Granted<RedisRequest>, id: &str) -> Result<&'c str, Failure> {
    let value = call.secret(id).ok_or_else(|| Failure::problem("secret.missing", format!("secret `{id}`, which the grant names, has no value")))?;
    std::str::from_utf8(value.expose()).map_err(|_| Failure::problem("redis.connect", format!("secret `{id}`, which the grant names, is not text")))
}
