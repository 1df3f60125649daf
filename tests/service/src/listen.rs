//! Taking connections on loopback, and letting go of them gracefully.
//!
//! A connection carries one request: a client that comes through the front after a switch must meet the new version, and must not be held by an old one.
//! Limits are hyper's, set tight: it answers a bad request line with 400 and a huge head with 431 before a handler sees anything.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::reply::Reply;

/// Largest head of a request: enough for any header of ours, too little to fill memory with.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// How long a client may take to send the head, and again for the body.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// Connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;
/// How long after a stop the connections that the kernel has already accepted are still taken.
const ACCEPT_GRACE: Duration = Duration::from_millis(50);
/// How long requests in flight may take after a stop; less than the five seconds after which `stop` kills.
const DRAIN_LIMIT: Duration = Duration::from_secs(4);

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// Takes the port.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Answers until `stop` turns true and what is in flight has been answered.
pub(crate) async fn serve<H: Handler>(listener: TcpListener, handler: Arc<H>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            // Fails when the sender is gone, which means the same.
            _ = stop.wait_for(|asked| *asked) => break,
            taken = take(&listener, &places) => if let Some((stream, place)) = taken {
                open.spawn(converse(stream, Arc::clone(&handler), place));
            },
            Some(_) = open.join_next() => {}
        }
    }
    // A client whose connection the kernel has accepted believes itself served: closing the listener now would reset it.
    let grace = Instant::now() + ACCEPT_GRACE;
    while let Ok(taken) = timeout_at(grace, take(&listener, &places)).await {
        if let Some((stream, place)) = taken {
            open.spawn(converse(stream, Arc::clone(&handler), place));
        }
    }
    drop(listener);
    let drained = timeout(DRAIN_LIMIT, async { while open.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        crate::note(&format!("{} connections were still open after {DRAIN_LIMIT:?}", open.len()));
    }
}

async fn take(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(cause) => {
            crate::note(&format!("cannot take a connection: {cause}"));
            // Most likely out of descriptors: trying again at once would only spin.
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}

async fn converse<H: Handler>(stream: TcpStream, handler: Arc<H>, _place: OwnedSemaphorePermit) {
    // An answer is one small write: waiting for more to send only delays it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| async { Ok::<_, Infallible>(handler.answer(request).await) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_LIMIT)
        .keep_alive(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes away or talks nonsense has been answered by hyper as well as it can be.
    let _ = connection.await;
}

/// The whole body, or the status that says why not.
pub(crate) async fn body(incoming: Incoming, limit: usize) -> Result<Bytes, StatusCode> {
    match timeout(READ_LIMIT, Limited::new(incoming, limit).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
