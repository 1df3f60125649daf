//! Encrypts a connection within the bounds of a call.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_model::Failure;
use lockstep_tls::Trust;
use rustls::{ClientConnection, StreamOwned};
use url::Host;

use crate::failures::{Came, late, lost};
use crate::wire::{Bounds, is_only_late};

/// Whom commands believe.
pub(crate) const fn trust() -> Trust {
    Trust::new("redis.tls", "the store")
}

/// Does the handshake. `at` is what messages call the server.
pub(crate) fn encrypt(
    trust: &Trust,
    host: &Host<String>,
    at: &str,
    authorities: &[PathBuf],
    socket: TcpStream,
    bounds: Bounds<'_>,
) -> Result<Box<StreamOwned<ClientConnection, TcpStream>>, Failure> {
    let (name, config) = (trust.name(&host.to_string())?, Arc::new(trust.config(authorities, None)?));
    let connection = ClientConnection::new(config, name).map_err(|error| trust.not_set_up(&error))?;
    let mut stream = Box::new(StreamOwned::new(connection, socket));
    while stream.conn.is_handshaking() {
        if bounds.cut().is_some() {
            return Err(late(at, Came::Before));
        }
        let ready = stream.sock.set_read_timeout(Some(bounds.glance())).and_then(|()| stream.sock.set_write_timeout(Some(bounds.glance())));
        ready.map_err(|error| lost(at, Came::Before, &error.to_string()))?;
        let StreamOwned { conn, sock } = &mut *stream;
        match conn.complete_io(sock) {
            Err(error) if !is_only_late(&error) => return Err(trust.broke_off(at, &error)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(stream)
}
