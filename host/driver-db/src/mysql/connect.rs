//! Connections to MariaDB and MySQL, in a session that reads statements as the grant has read them.

use std::time::{Duration, Instant};

use lockstep_grant::{DbTerms, Engine};
use lockstep_model::Failure;
use lockstep_tls::Trust;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, IoError, OptsBuilder, SslOpts};

use crate::server::Server;
use crate::{fault, rows, servers_deadline};

/// What a session is told: with another mode, quotes and backslashes would mean something else to the server than to the grant.
const SETUP: [&str; 2] = ["SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'", "SET SESSION time_zone = '+00:00'"];
/// How many statements a connection keeps prepared: a server has a limit for all of them together, and another one takes the place of that which was not used
/// for longest. What a table has become since, the server finds out at each use.
const MOST_PREPARED: usize = 32;
/// For how long a session that was heard of is taken to be there. One that has gone meanwhile breaks under the statement, and the caller hears of it.
pub(crate) const FRESH: Duration = Duration::from_millis(500);
/// What a message may have besides a row's bytes.
const OVERHEAD: usize = 64 << 10;

pub(super) async fn connect(trust: &Trust, server: &Server, terms: &DbTerms) -> Result<Conn, Failure> {
    let url = &server.url;
    let place = format!("{}:{}", url.host, url.port);
    let mut options = OptsBuilder::default()
        .ip_or_hostname(url.host.clone())
        .tcp_port(url.port)
        .user(Some(url.user.clone()))
        .pass(server.password.as_ref().map(|password| password.expose().clone()))
        .db_name(Some(url.database.clone()))
        .prefer_socket(false)
        .tcp_nodelay(true)
        .stmt_cache_size(MOST_PREPARED)
        .client_found_rows(true)
        .max_allowed_packet(Some(terms.bytes.saturating_add(OVERHEAD)))
        .setup(SETUP.map(str::to_owned).to_vec());
    if server.encrypted {
        let roots = trust.certificates(&terms.authorities)?.into_iter().map(|certificate| certificate.to_vec().into()).collect();
        options = options.ssl_opts(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true));
    }
    let mut conn = Conn::new(options).await.map_err(|error| refused(trust, error, &place))?;
    let version: Option<String> = conn.query_first("SELECT VERSION()").await.map_err(|error| lost(error, terms))?;
    let version = version.unwrap_or_default();
    let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
    if !matches!((terms.engine, is_mariadb), (Engine::Mariadb, true) | (Engine::Mysql, false)) {
        let message = format!("`{place}` is version `{version}`, and the grant says that it is {}", terms.engine.word());
        return Err(fault::plain("db.engine", message));
    }
    Ok(conn)
}

/// A connection on which nothing is kept without a COMMIT, but what commits by itself.
pub(crate) struct Session {
    pub(super) conn: Conn,
    /// How long the server lets a statement take, as it was told last.
    pub(super) limit: Option<Duration>,
    /// When the server was last heard of.
    pub(super) heard: Instant,
}

impl Session {
    pub(super) async fn open(trust: &Trust, server: &Server, terms: &DbTerms) -> Result<Self, Failure> {
        let mut conn = connect(trust, server, terms).await?;
        let set = format!("SET @lockstep_limit = @@SESSION.{}, SESSION autocommit = 0", limit_of(terms.engine));
        conn.query_drop(set).await.map_err(|error| lost(error, terms))?;
        Ok(Self { conn, limit: None, heard: Instant::now() })
    }

    /// Whether it is taken to be there without being asked.
    pub(super) fn is_fresh(&self) -> bool {
        self.heard.elapsed() < FRESH
    }

    /// What tells the server how long each statement may take from now on, unless it has been told. The limit that the login has is not made longer.
    pub(super) fn limited(&self, engine: Engine, longest: Duration) -> Option<String> {
        let number = match engine {
            Engine::Mysql => longest.as_millis().to_string(),
            Engine::Mariadb | Engine::Postgresql | Engine::Sqlite => longest.as_secs().to_string(),
        };
        let set = || format!("SET SESSION {} = IF(@lockstep_limit > 0, LEAST(@lockstep_limit, {number}), {number})", limit_of(engine));
        (self.limit != Some(longest)).then(set)
    }
}

/// How long the server lets a statement take that this host will wait so long for: in whole seconds, rounded up, so that one call after the other has the same.
pub(super) fn longest(left: Duration) -> Duration {
    servers_deadline(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
}

/// Where a session has the limit of a statement: MariaDB's in seconds and of every statement, MySQL's in milliseconds and of what reads.
fn limit_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql => "max_execution_time",
        Engine::Mariadb | Engine::Postgresql | Engine::Sqlite => "max_statement_time",
    }
}

/// Tells the server to stop what it does for a connection, and lets go of it.
pub(super) async fn kill(trust: &Trust, server: &Server, terms: &DbTerms, conn: Conn) {
    let id = conn.id();
    let asked = async {
        let mut other = connect(trust, server, terms).await.map_err(|failure| failure.to_string())?;
        other.query_drop(format!("KILL {id}")).await.map_err(|error| error.to_string())
    };
    match tokio::time::timeout(std::time::Duration::from_secs(1), asked).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error, "a statement could not be stopped; it ends with its connection"),
        Err(_) => tracing::warn!("a statement could not be stopped in time; it ends with its connection"),
    }
    drop(conn);
}

fn refused(trust: &Trust, error: Error, place: &str) -> Failure {
    match &error {
        Error::Server(said) => return fault::by_number(said.code, &said.message),
        Error::Io(IoError::Tls(tls)) => {
            return trust.refused(place, tls).unwrap_or_else(|| fault::plain("db.tls", format!("`{place}` cannot be trusted: {tls}")));
        }
        Error::Driver(driver) if driver.to_string().contains("TLS") || driver.to_string().contains("SSL") => {
            return fault::plain("db.tls", format!("`{place}` does not encrypt; if it need not, say `tls = \"off\"` in the grant"));
        }
        Error::Driver(_) | Error::Io(_) | Error::Other(_) | Error::Url(_) => {}
    }
    trust.refused(place, &error).unwrap_or_else(|| Failure::retryable("db.connect", format!("cannot connect to `{place}`: {error}")))
}

/// What an error of the client means while nothing has been committed.
pub(super) fn lost(error: Error, terms: &DbTerms) -> Failure {
    match error {
        Error::Server(said) => fault::by_number(said.code, &said.message),
        error if error.to_string().contains("larger than max_allowed_packet") => {
            rows::too_many(format!("a row has more than `bytes` of the database in the grant ({})", terms.bytes))
        }
        error => Failure::retryable("db.connection-lost", format!("the connection to database `{}` broke, and nothing was committed: {error}", terms.id)),
    }
}
