//! Encrypts a connection, and agrees in the handshake on what is spoken over it.

use std::sync::Arc;

use lockstep_model::Failure;
use lockstep_tls::Trust;
use tokio_rustls::TlsConnector;

use crate::connect::{Connected, Spoken};
use crate::exchange::Reach;
use crate::hop::Hop;
use crate::proxy::placed;
use crate::wire::Stream;

/// What HTTP/2 is called in a handshake.
const HTTP_2: &[u8] = b"h2";

/// Whom requests believe.
pub(crate) const fn trust() -> Trust {
    Trust::new("http.tls", "`[http]`")
}

/// Does the handshake for a request's host, and shows it what the grant says.
pub(crate) async fn encrypt(hop: &Hop, reach: &Reach<'_>, stream: Box<dyn Stream>) -> Result<Connected, Failure> {
    let trust = reach.trust;
    let identity = match reach.terms.rules.identity(hop.url.as_str()) {
        Some(identity) => Some(trust.identity(placed(reach.call, &identity.certificate, hop)?, placed(reach.call, &identity.key, hop)?)?),
        None => None,
    };
    let name = trust.name(hop.url.host_str().unwrap_or_default())?;
    let mut config = trust.config(&reach.terms.authorities, identity)?;
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    let encrypted = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = encrypted.map_err(|error| trust.broke_off(&hop.origin(), &error))?;
    let spoken = if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) { Spoken::Two } else { Spoken::One };
    Ok(Connected { stream: Box::new(stream), spoken })
}

/// Does the handshake with a proxy, which is believed as servers are. `at` is what messages call it.
pub(crate) async fn to_proxy(host: &str, at: &str, reach: &Reach<'_>, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Failure> {
    let (name, config) = (reach.trust.name(host)?, reach.trust.config(&reach.terms.authorities, None)?);
    let encrypted = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    Ok(Box::new(encrypted.map_err(|error| reach.trust.broke_off(at, &error))?))
}
