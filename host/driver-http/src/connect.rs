//! Connects to one of the checked addresses, and encrypts where the URL says so.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lockstep_model::Failure;
use tokio::net::TcpStream;

use crate::course::Course;
use crate::exchange::Reach;
use crate::hop::Hop;
use crate::resolve::resolve;
use crate::wire::Stream;

/// How long one of several addresses is tried before the next: a dead one must not use up the whole deadline.
const ATTEMPT: Duration = Duration::from_secs(5);

/// A connection.
pub(crate) struct Connected {
    /// Its bytes.
    pub(crate) stream: Box<dyn Stream>,
    /// Whether both sides speak HTTP/2 over it, which is agreed in the handshake of TLS.
    pub(crate) two: bool,
}

/// A connection to a request's host, over which it can be sent.
pub(crate) async fn connect(hop: &Hop, reach: &Reach<'_>, course: &Course) -> Result<Connected, Failure> {
    let addresses = resolve(hop, reach.names, &reach.terms.private_addresses, course).await?;
    let started = Instant::now();
    let connected = first_to_answer(&addresses, course).await;
    course.took(started, |timing| &mut timing.connect);
    let stream = connected.map_err(|why| {
        let message = format!("cannot connect to `{}`: {why}; is it running, and does a firewall let this host through?", hop.origin());
        Failure::retryable("http.connect", message)
    })?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection that waits for more before it sends");
    }
    if !hop.is_secure() {
        return Ok(Connected { stream: Box::new(stream), two: false });
    }
    course.enters(format!("waiting for the TLS handshake with `{}`", hop.origin()));
    let started = Instant::now();
    let encrypted = reach.trust.encrypt(hop, &reach.terms.authorities, stream).await;
    course.took(started, |timing| &mut timing.tls);
    encrypted
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
