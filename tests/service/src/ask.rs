//! Asking an HTTP server on loopback: what the front, the poller and `start` do.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Largest answer taken.
const MAX_BODY_BYTES: usize = 64 << 20;
/// How long a simple question may take.
const GET_LIMIT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The request was never sent: asking again does no harm.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("no answer: {0}")]
    Exchange(#[from] hyper::Error),
    #[error("no whole answer: {0}")]
    Body(String),
    #[error("no answer in time")]
    TimedOut,
    #[error("not a path: {0}")]
    Path(#[from] hyper::http::Error),
}

/// Asks for one path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<Response<Bytes>, AskError> {
    let request = Request::get(path).header(HOST, address.to_string()).body(Full::default())?;
    ask(address, request, GET_LIMIT).await
}

/// Sends a request and waits for the whole answer.
pub(crate) async fn ask(address: SocketAddr, request: Request<Full<Bytes>>, limit: Duration) -> Result<Response<Bytes>, AskError> {
    timeout(limit, exchange(address, request)).await.unwrap_or(Err(AskError::TimedOut))
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, AskError> {
    let stream = TcpStream::connect(address).await.map_err(AskError::Connect)?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends by itself when `sender` and the answer are dropped; what goes wrong in it is seen by them.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|cause| AskError::Body(cause.to_string()))?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
