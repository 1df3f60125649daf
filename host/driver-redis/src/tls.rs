//! Encrypts a connection: the server's certificate is verified against the host's name, always, by the system's authorities and those that the grant adds.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lockstep_model::Failure;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Host;

use crate::failures::{Came, late, lost};
use crate::wire::{Bounds, is_only_late};

/// The authorities of the system, read once and only when the first encrypted connection is made.
#[derive(Default)]
pub(crate) struct Trust {
    system: OnceLock<RootCertStore>,
}

fn problem(message: String) -> Failure {
    Failure::problem("redis.tls", message)
}

impl Trust {
    /// Does the handshake. `at` is what messages call the server.
    pub(crate) fn encrypt(
        &self,
        host: &Host<String>,
        at: &str,
        authorities: &[PathBuf],
        socket: TcpStream,
        bounds: Bounds<'_>,
    ) -> Result<Box<StreamOwned<ClientConnection, TcpStream>>, Failure> {
        let name = match host {
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| problem(format!("`{name}` is not a name that a certificate can be for")))?,
        };
        let config = Arc::new(self.config(authorities)?);
        let connection = ClientConnection::new(config, name).map_err(|error| problem(format!("TLS cannot be set up: {error}")))?;
        let mut stream = Box::new(StreamOwned::new(connection, socket));
        while stream.conn.is_handshaking() {
            if bounds.cut().is_some() {
                return Err(late(at, Came::Before));
            }
            let ready = stream.sock.set_read_timeout(Some(bounds.glance())).and_then(|()| stream.sock.set_write_timeout(Some(bounds.glance())));
            ready.map_err(|error| lost(at, Came::Before, &error.to_string()))?;
            let StreamOwned { conn, sock } = &mut *stream;
            match conn.complete_io(sock) {
                Err(error) if !is_only_late(&error) => return Err(refused(at, &error)),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(stream)
    }

    /// Read anew for each connection: an authority replaced in its file is believed from then on, one taken out is not.
    fn config(&self, authorities: &[PathBuf]) -> Result<ClientConfig, Failure> {
        let mut roots = self.system.get_or_init(system).clone();
        for file in authorities {
            add(&mut roots, file)?;
        }
        if roots.is_empty() {
            let message = "this host has no certificate authorities to verify a server with: install them (`ca-certificates`), or name one in `authorities` of the store in the grant";
            return Err(problem(message.to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| problem(format!("TLS cannot be set up: {error}")))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

fn system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "reading the system's certificate authorities");
    }
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(usable = roots.len(), unusable, "the system's certificate authorities");
    roots
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), Failure> {
    let unusable = |why: String| problem(format!("the certificate authorities in `{}`, which the grant names, cannot be used: {why}", file.display()));
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before { Err(unusable("no certificate in it; is it a PEM file?".to_owned())) } else { Ok(()) }
}

/// What a failed handshake means. What the server is does not change by asking again; a connection that broke may.
fn refused(at: &str, error: &io::Error) -> Failure {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) else {
        return Failure::retryable("redis.tls", format!("the TLS handshake with `{at}` broke off: {error}"));
    };
    let why = match cause {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is signed by nobody this host trusts; add the authority's certificate to `authorities` of the store in the grant".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => "its certificate has expired".to_owned(),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "its certificate is for another name".to_owned()
        }
        rustls::Error::InvalidCertificate(other) => format!("its certificate is not valid: {other}"),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
        other => other.to_string(),
    };
    problem(format!("`{at}` cannot be trusted: {why}"))
}
