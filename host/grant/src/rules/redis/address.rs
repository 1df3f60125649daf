//! Where a store is: `rediss://host:port/db`, read without ever repeating it, for it may hold a password.

use url::{Host, Url};

/// A server of Redis and a database in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// `rediss`: the connection is encrypted, and the certificate is verified.
    pub secure: bool,
    /// A name or an address.
    pub host: Host<String>,
    /// 6379 when nothing is said.
    pub port: u16,
    /// 0 when nothing is said.
    pub database: u32,
}

/// What stands before the host.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RedisLogin {
    /// None: the default user.
    pub user: Option<String>,
    /// As it is sent.
    pub password: Option<String>,
}

/// Why a text is no address of a store. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `redis://HOST:PORT/DATABASE`, or `rediss://` for an encrypted connection")]
pub struct RedisUrlError;

/// An address, and the login that a URL may carry.
///
/// # Errors
/// When it is no URL of a store.
pub fn parse_redis_url(text: &str) -> Result<(RedisAddress, RedisLogin), RedisUrlError> {
    let url = Url::parse(text).map_err(|_| RedisUrlError)?;
    let secure = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => return Err(RedisUrlError),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(RedisUrlError);
    }
    // A scheme that the library does not know keeps its host as text.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RedisUrlError)?;
    let host = Host::parse(host).map_err(|_| RedisUrlError)?;
    let database = match url.path().trim_start_matches('/') {
        "" => 0,
        number => number.parse().map_err(|_| RedisUrlError)?,
    };
    let decoded = |text: &str| percent_decoded(text).ok_or(RedisUrlError);
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
    let password = url.password().map(decoded).transpose()?;
    Ok((RedisAddress { secure, host, port: url.port().unwrap_or(6379), database }, RedisLogin { user, password }))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(rest.next())? << 4 | digit(rest.next())?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
