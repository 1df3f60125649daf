//! Whom an encrypted connection believes, and what a failed handshake means: the same for every driver.
//!
//! # Guarantees
//! A server's certificate is verified against the host's name, always, by the system's authorities and those that the grant adds. There is no way around it.

mod refused;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_model::Failure;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

/// Whom one driver believes.
pub struct Trust {
    code: &'static str,
    table: &'static str,
    system: OnceLock<System>,
}

/// What this host shows of itself.
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// The authorities of the system, read once and only when the first encrypted connection is made.
struct System {
    certificates: Vec<CertificateDer<'static>>,
    roots: RootCertStore,
}

impl Trust {
    /// `code` is that of its failures, `http.tls`; `table` is what messages call the part of the grant that names authorities, `the database`.
    pub const fn new(code: &'static str, table: &'static str) -> Self {
        Self { code, table, system: OnceLock::new() }
    }

    /// The configuration of a connection, which shows `identity` to a server that asks. Files are read anew for each: an authority replaced in its file is believed from then on, one taken out is not.
    ///
    /// # Errors
    /// When a file of `authorities` holds no usable certificate, or when there is nobody to believe.
    pub fn config(&self, authorities: &[PathBuf], identity: Option<Identity>) -> Result<ClientConfig, Failure> {
        let mut roots = self.system().roots.clone();
        for file in authorities {
            for certificate in self.certificates_in(file)? {
                roots.add(certificate).map_err(|error| self.unusable(file, &error))?;
            }
        }
        if roots.is_empty() {
            return Err(self.nobody());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| self.not_set_up(&error))?;
        let config = config.with_root_certificates(roots);
        match identity {
            None => Ok(config.with_no_client_auth()),
            Some(Identity { certificates, key }) => config.with_client_auth_cert(certificates, key).map_err(|error| self.no_identity(&error)),
        }
    }

    /// The certificates of all authorities, for a client that makes its configuration by itself.
    ///
    /// # Errors
    /// As `config`.
    pub fn certificates(&self, authorities: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Failure> {
        let mut all = self.system().certificates.clone();
        for file in authorities {
            all.extend(self.certificates_in(file)?);
        }
        if all.is_empty() { Err(self.nobody()) } else { Ok(all) }
    }

    /// The same as text, for programs that read it from a file.
    ///
    /// # Errors
    /// As `config`.
    pub fn pem(&self, authorities: &[PathBuf]) -> Result<String, Failure> {
        const LINE: usize = 64;
        let mut pem = String::new();
        for certificate in self.certificates(authorities)? {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            for line in STANDARD.encode(&certificate).as_bytes().chunks(LINE) {
                pem.push_str(&String::from_utf8_lossy(line));
                pem.push('\n');
            }
            pem.push_str("-----END CERTIFICATE-----\n");
        }
        Ok(pem)
    }

    /// What the certificate of a host must be for: a name or an address, as it stands in a URL.
    ///
    /// # Errors
    /// When no certificate can be for such a name.
    pub fn name(&self, host: &str) -> Result<ServerName<'static>, Failure> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        ServerName::try_from(bare.to_owned()).map_err(|_| self.problem(format!("`{host}` is not a name that a certificate can be for")))
    }

    /// That a library cannot make a connection of the configuration.
    pub fn not_set_up(&self, error: &rustls::Error) -> Failure {
        self.problem(format!("TLS cannot be set up: {error}"))
    }

    /// What this host is to show, as PEM: its certificate with those above it, and the key. No message has anything of either.
    ///
    /// # Errors
    /// When they are none.
    pub fn identity(&self, certificate: &[u8], key: &[u8]) -> Result<Identity, Failure> {
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(|_| self.no_identity(&"no certificate in PEM"))?;
        if certificates.is_empty() {
            return Err(self.no_identity(&"no certificate in PEM"));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| self.no_identity(&"no private key in PEM"))?;
        Ok(Identity { certificates, key })
    }

    fn no_identity(&self, why: &dyn std::fmt::Display) -> Failure {
        self.problem(format!("what this host is to show of itself, by the grant, cannot be used: {why}"))
    }

    fn problem(&self, message: String) -> Failure {
        Failure::problem(self.code, message)
    }

    fn nobody(&self) -> Failure {
        self.problem(format!(
            "this host has no certificate authorities to verify a server with: install them (`ca-certificates`), or name one in `authorities` of {} in the grant",
            self.table
        ))
    }

    fn unusable(&self, file: &Path, why: &dyn std::fmt::Display) -> Failure {
        self.problem(format!("the certificate authorities in `{}`, which the grant names, cannot be used: {why}", file.display()))
    }

    fn certificates_in(&self, file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
        let found = CertificateDer::pem_file_iter(file).map_err(|error| self.unusable(file, &error))?;
        let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| self.unusable(file, &error))?;
        if found.is_empty() { Err(self.unusable(file, &"no certificate in it; is it a PEM file?")) } else { Ok(found) }
    }

    fn system(&self) -> &System {
        self.system.get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "reading the system's certificate authorities");
            }
            let mut roots = RootCertStore::empty();
            let (_, unusable) = roots.add_parsable_certificates(found.certs.iter().cloned());
            tracing::debug!(usable = roots.len(), unusable, "the system's certificate authorities");
            System { certificates: found.certs, roots }
        })
    }
}
