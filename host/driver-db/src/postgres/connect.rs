//! Connections to PostgreSQL, in a session that reads statements as the grant has read them.

use std::sync::Arc;
use std::time::Duration;

use lockstep_grant::DbTerms;
use lockstep_model::Failure;
use lockstep_tls::Trust;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config, NoTls, SimpleQueryMessage};
use tokio_rustls::TlsConnector;

use super::bounded::{Bounded, TooLong};
use super::encrypted::Rustls;
use crate::server::Server;
use crate::{fault, rows, servers_deadline};

/// The limit of the login, which is not made longer.
const LIMIT: &str = "SELECT (extract(epoch FROM current_setting('statement_timeout')::interval) * 1000)::bigint";
/// What its transactions do when they are not told, and from now on that they only read.
const FENCE: &str = "SELECT current_setting('default_transaction_read_only'); SET SESSION default_transaction_read_only = on";
/// What a message may have besides a row's bytes.
const OVERHEAD: usize = 64 << 10;

/// A connection.
pub(crate) struct Session {
    pub(super) client: Client,
    /// Whether a message was too long for it.
    pub(super) too_long: TooLong,
    /// How long the server lets a statement of this login take, in milliseconds; 0 for as long as it likes.
    limit: u64,
    /// Whether the login's transactions only read, unless they say otherwise; none do, then.
    only_reads: bool,
    cancel: CancelToken,
}

pub(super) async fn connect(trust: &Trust, server: &Server, terms: &DbTerms) -> Result<Session, Failure> {
    let url = &server.url;
    let mut config = Config::new();
    config.host(&url.host).port(url.port).user(&url.user).dbname(&url.database).application_name("lockstep");
    config.options("-c standard_conforming_strings=on -c TimeZone=UTC -c DateStyle=ISO -c lock_timeout=0");
    if let Some(password) = &server.password {
        config.password(password.expose());
    }
    let stream = server.connect().await?;
    let most = terms.bytes.saturating_add(OVERHEAD);
    let too_long = TooLong::default();
    let refused = |error| refused(trust, &error, server, &too_long);
    let client = if server.encrypted {
        config.ssl_mode(SslMode::Require);
        let (client, connection) = config.connect_raw(stream, rustls(trust, server, terms, most, too_long.clone())?).await.map_err(refused)?;
        tokio::spawn(async move { note_end(connection.await) });
        client
    } else {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect_raw(Bounded::new(stream, most, too_long.clone()), NoTls).await.map_err(refused)?;
        tokio::spawn(async move { note_end(connection.await) });
        client
    };
    let limit = client.simple_query(LIMIT).await.map_err(refused)?;
    let limit = limit.iter().find_map(|message| if let SimpleQueryMessage::Row(row) = message { row.get(0)?.parse().ok() } else { None });
    Ok(Session { cancel: client.cancel_token(), client, too_long, limit: limit.unwrap_or_default(), only_reads: false })
}

fn note_end(end: Result<(), tokio_postgres::Error>) {
    if let Err(error) = end {
        tracing::debug!(%error, "a connection to PostgreSQL ended");
    }
}

fn rustls(trust: &Trust, server: &Server, terms: &DbTerms, most: usize, too_long: TooLong) -> Result<Rustls, Failure> {
    let (name, config) = (trust.name(&server.url.host)?, trust.config(&terms.authorities, None)?);
    Ok(Rustls { connector: TlsConnector::from(Arc::new(config)), name, most, too_long })
}

impl Session {
    /// From here on nothing is changed but in a transaction that was begun for it. A statement is sent behind its BEGIN, before that is answered: were BEGIN
    /// refused, the server would take the statement for a transaction of its own, and keep what it does.
    pub(super) async fn fence(&mut self) -> Result<(), tokio_postgres::Error> {
        let said = self.client.simple_query(FENCE).await?;
        self.only_reads = said.iter().any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("on")));
        Ok(())
    }

    /// Begins a transaction, of which no statement may take longer than this host will wait, and tells the id of one that may change something.
    pub(super) fn begin(&self, reads: bool, left: Duration) -> String {
        let (how, id) = match (reads, self.only_reads) {
            (true, _) => ("READ ONLY", ""),
            (false, true) => ("", "; SELECT pg_current_xact_id()::text"),
            (false, false) => ("READ WRITE", "; SELECT pg_current_xact_id()::text"),
        };
        format!("BEGIN {how}; SET LOCAL statement_timeout = {}{id}", self.limited(left))
    }

    /// How long a statement may take that this host will wait so long for: in milliseconds, and no longer than the login may.
    pub(super) fn limited(&self, left: Duration) -> u64 {
        let longest = u64::try_from(servers_deadline(left).as_millis()).unwrap_or(u64::MAX);
        if self.limit == 0 { longest } else { longest.min(self.limit) }
    }

    /// Tells the server to stop what it does for this connection, and lets go of it.
    pub(super) async fn cancel(self, trust: &Trust, server: &Server, terms: &DbTerms) {
        let asked = async {
            let stream = server.connect().await.map_err(|failure| failure.to_string())?;
            if server.encrypted {
                let rustls = rustls(trust, server, terms, OVERHEAD, TooLong::default()).map_err(|failure| failure.to_string())?;
                self.cancel.cancel_query_raw(stream, rustls).await.map_err(|error| error.to_string())
            } else {
                self.cancel.cancel_query_raw(stream, NoTls).await.map_err(|error| error.to_string())
            }
        };
        match tokio::time::timeout(std::time::Duration::from_secs(1), asked).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error, "a statement could not be cancelled; it ends with its connection"),
            Err(_) => tracing::warn!("a statement could not be cancelled in time; it ends with its connection"),
        }
    }
}

fn refused(trust: &Trust, error: &tokio_postgres::Error, server: &Server, too_long: &TooLong) -> Failure {
    let place = format!("{}:{}", server.url.host, server.url.port);
    if let Some(said) = error.as_db_error() {
        return fault::by_state(said.code().code(), said.message());
    }
    if let Some(failure) = trust.refused(&place, error) {
        return failure;
    }
    if too_long.length() > 0 {
        return rows::too_many(format!("`{place}` does not speak PostgreSQL's protocol"));
    }
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("{error}{cause}");
    if text.contains("server does not support TLS") {
        return fault::plain("db.tls", format!("`{place}` does not encrypt; if it need not, say `tls = \"off\"` in the grant"));
    }
    if text.contains("password") || text.contains("authentication") {
        return fault::plain("db.auth", format!("`{place}` does not let `{}` in: {text}", server.url.user));
    }
    Failure::retryable("db.connect", format!("cannot connect to `{place}`: {text}"))
}
