//! Connects to one of the checked addresses, by the way that the grant says, and encrypts where the URL says so.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use lockstep_model::Failure;
use tokio::net::TcpStream;
use url::Host;

use crate::course::Course;
use crate::exchange::Reach;
use crate::hop::Hop;
use crate::proxy;
use crate::resolve::resolve;
use crate::tls;
use crate::wire::Stream;

/// How long one of several addresses is tried before the next: a dead one must not use up the whole deadline.
const ATTEMPT: Duration = Duration::from_secs(5);

/// A connection.
pub(crate) struct Connected {
    /// Its bytes.
    pub(crate) stream: Box<dyn Stream>,
    /// What is spoken over it.
    pub(crate) spoken: Spoken,
}

/// What is spoken over a connection.
pub(crate) enum Spoken {
    /// HTTP/1.1.
    One,
    /// HTTP/1.1, to a proxy that reads along and passes it on.
    ByProxy {
        /// Its name in the grant.
        id: String,
        /// How one logs in there.
        login: Option<HeaderValue>,
    },
    /// HTTP/2, which is agreed in the handshake of TLS.
    Two,
}

/// A connection to a request's host, over which it can be sent.
pub(crate) async fn connect(hop: &Hop, reach: &Reach<'_>, course: &Course) -> Result<Connected, Failure> {
    let origin = hop.origin();
    let (stream, spoken) = match reach.terms.rules.proxy(hop.url.as_str()) {
        None => (reached((hop.host()?, hop.port()), &origin, reach, course).await?, Spoken::One),
        Some(proxy) => proxy::connect(proxy, hop, reach, course).await?,
    };
    if !hop.is_secure() {
        return Ok(Connected { stream, spoken });
    }
    course.enters(format!("waiting for the TLS handshake with `{origin}`"));
    let started = Instant::now();
    let encrypted = tls::encrypt(hop, reach, stream).await;
    course.took(started, |timing| &mut timing.tls);
    encrypted
}

/// A connection to one of the addresses of a host, each checked. `at` is what messages call it.
pub(crate) async fn reached(to: (Host<&str>, u16), at: &str, reach: &Reach<'_>, course: &Course) -> Result<Box<dyn Stream>, Failure> {
    let addresses = resolve(to, at, reach.names, &reach.terms.private_addresses, course).await?;
    let started = Instant::now();
    let connected = first_to_answer(&addresses, course).await;
    course.took(started, |timing| &mut timing.connect);
    let stream = connected.map_err(|why| {
        let message = format!("cannot connect to `{at}`: {why}; is it running, and does a firewall let this host through?");
        Failure::retryable("http.connect", message)
    })?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection that waits for more before it sends");
    }
    Ok(Box::new(stream))
}

/// Tries one address after the other. The error says what each answered.
async fn first_to_answer(addresses: &[SocketAddr], course: &Course) -> Result<TcpStream, String> {
    let mut answers = Vec::new();
    for (position, address) in addresses.iter().enumerate() {
        course.enters(format!("connecting to {address}"));
        let is_last = position + 1 == addresses.len();
        let attempt = TcpStream::connect(address);
        // The last one has all the time that is left: the deadline around all of this ends it.
        let outcome =
            if is_last { attempt.await } else { tokio::time::timeout(ATTEMPT, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) };
        match outcome {
            Ok(stream) => return Ok(stream),
            Err(error) => answers.push(format!("{address}: {error}")),
        }
    }
    Err(answers.join(", "))
}
