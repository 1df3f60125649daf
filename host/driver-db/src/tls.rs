//! Whom to trust: the system's authorities and those that the grant adds. The certificate is verified against the server's name, always.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use lockstep_model::Failure;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::fault;

/// The authorities of the system, read once and only when the first encrypted connection is made.
#[derive(Default)]
pub(crate) struct Trust {
    system: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Trust {
    /// Every authority; those of files are read anew for each connection.
    pub(crate) fn certificates(&self, authorities: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Failure> {
        let mut all = self.system.get_or_init(|| rustls_native_certs::load_native_certs().certs).clone();
        for file in authorities {
            let unusable = |why: String| {
                fault::plain("db.tls", format!("the certificate authorities in `{}`, which the grant names, cannot be used: {why}", file.display()))
            };
            let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?.collect();
            let found = found.map_err(|error| unusable(error.to_string()))?;
            if found.is_empty() {
                return Err(unusable("no certificate in it; is it a PEM file?".to_owned()));
            }
            all.extend(found);
        }
        if all.is_empty() {
            return Err(fault::plain(
                "db.tls",
                "this host has no certificate authorities to verify a server with: name one in `authorities` of the database in the grant",
            ));
        }
        Ok(all)
    }

    pub(crate) fn config(&self, authorities: &[PathBuf]) -> Result<ClientConfig, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.certificates(authorities)?);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| fault::plain("db.tls", format!("TLS cannot be set up: {error}")))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Why a handshake failed, when TLS is why.
pub(crate) fn refused(error: &(dyn std::error::Error + 'static), server: &str) -> Option<Failure> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(fault::plain(
                "db.tls",
                format!("`{server}` cannot be trusted: {tls}; authorities are named in `authorities` of the database in the grant"),
            ));
        }
        // An I/O error hides what it was made of from `source`.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}
