//! Where a server is and how one logs in there, once the values of secrets are in.

use lockstep_grant::{DbTerms, DbUrl, DbWhere};
use lockstep_model::{Digest, Failure, Secret};
use tokio::net::TcpStream;

use crate::fault;

/// A server, ready to be connected to. Nothing of it but host, port and database is ever shown.
pub(crate) struct Server {
    pub(crate) url: DbUrl,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) encrypted: bool,
}

impl Server {
    /// `secret`: the value of one that the grant places.
    pub(crate) fn of<'s>(terms: &DbTerms, secret: impl Fn(&str) -> Option<&'s str>) -> Result<Self, Failure> {
        let missing = || fault::plain("db.auth", format!("the secret of database `{}` has no value that is text", terms.id));
        let (url, password) = match &terms.at {
            DbWhere::Server { url, password } => {
                let password = password.as_ref().map(|id| secret(id).ok_or_else(missing)).transpose()?;
                (url.clone(), password.map(str::to_owned))
            }
            DbWhere::Secret(id) => {
                let invalid = |why| fault::plain("db.connect", format!("the URL of database `{}`, a secret, cannot be used: {why}", terms.id));
                let mut url = DbUrl::parse(secret(id).ok_or_else(missing)?.trim(), terms.engine).map_err(invalid)?;
                let password = url.password.take();
                (url, password)
            }
            DbWhere::File(_) => return Err(fault::plain("db.connect", "a file has no server")),
        };
        let encrypted = terms.tls.unwrap_or(!url.is_loopback());
        Ok(Self { url, password: password.map(Secret::new), encrypted })
    }

    /// What tells connections apart that may be used for one another.
    pub(crate) fn key(&self, terms: &DbTerms) -> String {
        let password = self.password.as_ref().map_or("", |password| password.expose());
        let parts = format!("{:?}\0{password}\0{}\0{:?}\0{}\0{}", self.url, self.encrypted, terms.authorities, terms.engine.word(), terms.bytes);
        Digest::of(parts.as_bytes()).hex()
    }

    /// The same server's other database.
    pub(crate) fn with_database(&self, database: &str) -> Self {
        let password = self.password.as_ref().map(|password| Secret::new(password.expose().clone()));
        Self { url: DbUrl { database: database.to_owned(), ..self.url.clone() }, password, encrypted: self.encrypted }
    }

    pub(crate) async fn connect(&self) -> Result<TcpStream, Failure> {
        let DbUrl { host, port, .. } = &self.url;
        let refused = |error| {
            Failure::retryable("db.connect", format!("cannot connect to `{host}:{port}`: {error}; is it running, and does a firewall let this host through?"))
        };
        let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(refused)?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection that waits for more before it sends");
        }
        Ok(stream)
    }
}
