//! The encrypted stream, in the form in which the client wants it.

use std::future::Future;
use std::io;
use std::pin::Pin;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Encrypted;

use super::bounded::{Bounded, TooLong};

/// Does the handshake; messages are measured above it.
pub(super) struct Rustls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
    pub(super) most: usize,
    pub(super) too_long: TooLong,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Rustls {
    type Stream = Bounded<Encrypted<S>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Stream>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(|stream| Bounded::new(stream, self.most, self.too_long)) })
    }
}

/// The certificate is verified against the name: nothing is bound to the channel besides.
impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Bounded<Encrypted<S>> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
