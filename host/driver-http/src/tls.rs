//! Encrypts a connection: the server's certificate is verified against the host's name, always, by the system's authorities and those that the grant adds.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lockstep_model::Failure;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use crate::connect::Connected;
use crate::hop::Hop;

/// What HTTP/2 is called in a handshake.
const HTTP_2: &[u8] = b"h2";

/// The authorities of the system, read once and only when the first encrypted connection is made.
#[derive(Default)]
pub(crate) struct Trust {
    system: OnceLock<RootCertStore>,
}

impl Trust {
    /// Does the handshake for a request's host.
    pub(crate) async fn encrypt(&self, hop: &Hop, authorities: &[PathBuf], stream: TcpStream) -> Result<Connected, Failure> {
        let name = match hop.host()? {
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
            Host::Domain(name) => {
                let invalid = |_| Failure::problem("http.tls", format!("`{name}` is not a name that a certificate can be for"));
                ServerName::try_from(name).map_err(invalid)?.to_owned()
            }
        };
        let connector = TlsConnector::from(Arc::new(self.config(authorities)?));
        match connector.connect(name, stream).await {
            Ok(stream) => {
                let two = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
                Ok(Connected { stream: Box::new(stream), two })
            }
            Err(error) => Err(refused(&hop.origin(), &error)),
        }
    }

    /// Read anew for each connection: an authority replaced in its file is believed from then on, one taken out is not.
    fn config(&self, authorities: &[PathBuf]) -> Result<ClientConfig, Failure> {
        let mut roots = self.system.get_or_init(system).clone();
        for file in authorities {
            add(&mut roots, file)?;
        }
        if roots.is_empty() {
            let message = "this host has no certificate authorities to verify a server with: install them (`ca-certificates`), or name one in `authorities` of `[http]` in the grant";
            return Err(Failure::problem("http.tls", message));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::problem("http.tls", format!("TLS cannot be set up: {error}")))?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
        Ok(config)
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
    let unusable = |why: String| {
        Failure::problem("http.tls", format!("the certificate authorities in `{}`, which the grant names, cannot be used: {why}", file.display()))
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before { Err(unusable("no certificate in it; is it a PEM file?".to_owned())) } else { Ok(()) }
}

/// What a failed handshake means. What the server is does not change by asking again; a connection that broke may.
fn refused(origin: &str, error: &io::Error) -> Failure {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) else {
        return Failure::retryable("http.tls", format!("the TLS handshake with `{origin}` broke off: {error}"));
    };
    let why = match cause {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => {
                "its certificate is signed by nobody this host trusts; add the authority's certificate to `authorities` of `[http]` in the grant".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "its certificate is for another name".to_owned(),
            other => format!("its certificate is not valid: {other}"),
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
        other => other.to_string(),
    };
    Failure::problem("http.tls", format!("`{origin}` cannot be trusted: {why}"))
}
