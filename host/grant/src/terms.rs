//! What a grant says about how an allowed request is performed: all that a driver needs to know of the grant file.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use lockstep_model::Digest;

use crate::address::{AddressError, address_allowed};
use crate::rules::HttpRules;

/// For `http`.
#[derive(Debug, Clone)]
pub struct HttpTerms {
    /// Private, loopback or link-local ranges that may be connected to; every other non-public address is refused.
    pub private_addresses: Arc<[IpNet]>,
    /// PEM files with certificate authorities to trust besides the system's.
    pub authorities: Arc<[PathBuf]>,
    /// The rules again, for each redirect: `rules.allows(method, url)`.
    pub rules: Arc<HttpRules>,
    /// The longest body kept, in bytes.
    pub body_limit: usize,
}

impl HttpTerms {
    /// Whether a resolved address may be connected to: see [`address_allowed`].
    ///
    /// # Errors
    /// Says what the address is.
    pub fn address_allowed(&self, address: IpAddr) -> Result<(), AddressError> {
        address_allowed(address, &self.private_addresses)
    }
}

/// For `shell`.
#[derive(Debug, Clone)]
pub struct ShellTerms {
    /// Variables that the grant sets, before those of the command.
    pub env: Arc<[(String, String)]>,
    /// The working directory.
    pub directory: Option<PathBuf>,
    /// The program's digest, when the rule pins it: checked before it is started.
    pub digest: Option<Digest>,
    /// The longest output kept of each stream, in bytes.
    pub output_limit: usize,
}

/// For `files`.
#[derive(Debug, Clone)]
pub struct FilesTerms {
    /// The mount's directory on the host.
    pub root: PathBuf,
    /// The path below it, normalised, without a leading slash; empty for the mount itself.
    pub relative: String,
}
