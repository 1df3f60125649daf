//! What a failed handshake means. What a server is does not change by asking again; a connection that broke may.

use std::error::Error;
use std::io;

use lockstep_model::Failure;
use rustls::{AlertDescription, CertificateError};

use crate::Trust;

impl Trust {
    /// The failure of a handshake. `at` is what messages call the server.
    pub fn broke_off(&self, at: &str, error: &io::Error) -> Failure {
        self.refused(at, error).unwrap_or_else(|| Failure::retryable(self.code, format!("the TLS handshake with `{at}` broke off: {error}")))
    }

    /// The failure when TLS is the cause of an error that a library gives, however deep below it. None when it is not.
    pub fn refused(&self, at: &str, error: &(dyn Error + 'static)) -> Option<Failure> {
        let tls = cause_of(error)?;
        Some(self.unwelcome(at, error).unwrap_or_else(|| self.problem(format!("`{at}` cannot be trusted: {}", self.why(tls)))))
    }

    /// The failure when the far side does not take what this host shows of itself: then the handshake has not come to its end there, whatever was sent after it.
    pub fn unwelcome(&self, at: &str, error: &(dyn Error + 'static)) -> Option<Failure> {
        let rustls::Error::AlertReceived(alert) = cause_of(error)? else { return None };
        let what = match alert {
            AlertDescription::CertificateRequired => "wants to be shown a certificate",
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => "does not take the certificate that it is shown",
            _ => return None,
        };
        Some(self.problem(format!("`{at}` {what} ({alert:?})")))
    }

    fn why(&self, error: &rustls::Error) -> String {
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                CertificateError::UnknownIssuer => format!(
                    "its certificate is signed by nobody this host trusts; add the authority's certificate to `authorities` of {} in the grant",
                    self.table
                ),
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "its certificate is for another name".to_owned(),
                other => format!("its certificate is not valid: {other}"),
            },
            rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
            other => other.to_string(),
        }
    }
}

/// What TLS itself says, however deep below an error.
fn cause_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error hides what it was made of from `source`.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
