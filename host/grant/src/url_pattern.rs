//! Patterns of URLs in a grant file, matched against parsed URLs, part by part.

use std::net::IpAddr;

use url::Host;

use crate::glob::Glob;
use crate::http_url::{HttpUrl, known_addresses, percent_decode, plain_domain};
use crate::judge::{Mismatch, Side};

/// `https://*.example.com:8443/api/*/status?page=*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlPattern {
    text: String,
    secure: bool,
    host: HostPattern,
    port: Option<u16>,
    path: PathOf,
    query: QueryOf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Exact(Host<String>),
    /// One or more labels before this domain.
    Below(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathOf {
    /// Every path: a destination that is a whole origin.
    Any,
    Parts {
        parts: Vec<Glob>,
        rest: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum QueryOf {
    None,
    Any,
    Pairs(Vec<Glob>),
}

/// What a pattern is for: the same text may be too little to say in one place and enough in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `http.allow`: has a path, and a query only where it is written.
    Allow,
    /// `http.deny`: has a path; holds for every query.
    Deny,
    /// `to` of a secret: without a path it is the whole origin.
    Destination,
}

/// Why a text is no such pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlPatternError {
    #[error("expected `http://` or `https://`")]
    Scheme,
    #[error("a blank, a control character or a backslash does not belong in a URL")]
    Character,
    #[error("credentials do not belong in a grant: declare a secret")]
    Credentials,
    #[error("a fragment is never sent, so it cannot be matched")]
    Fragment,
    #[error("`{0}` is not a host: write a name, an address, or `*.` and a name for all names below it")]
    Host(String),
    #[error("`{0}` is not a port: write a number, or `*` for any")]
    Port(String),
    #[error("say which path: `/` for the root alone, `/**` for every path")]
    NoPath,
    #[error("`.` and `..` do not belong in a path")]
    Dots,
    #[error("`**` stands alone and last: it is all the rest, none included")]
    Rest,
    #[error("`%` stands before two hexadecimal digits only")]
    Escape,
    #[error("a deny holds for every query: leave the query out")]
    DenyQuery,
}

impl UrlPattern {
    pub(crate) fn parse(text: &str, purpose: Purpose) -> Result<Self, UrlPatternError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(UrlPatternError::Character);
        }
        if text.contains('#') {
            return Err(UrlPatternError::Fragment);
        }
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(UrlPatternError::Scheme),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (host, port) = parse_authority(authority)?;
        let port = match port {
            Some("*") => None,
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(|| UrlPatternError::Port(port.to_owned()))?),
            None => Some(if secure { 443 } else { 80 }),
        };
        let (path, query) = match (path, purpose) {
            (Some(path), _) => (parse_path(path)?, parse_query(query, purpose)?),
            (None, Purpose::Destination) if query.is_none() => (PathOf::Any, QueryOf::Any),
            (None, _) => return Err(UrlPatternError::NoPath),
        };
        Ok(Self { text: text.to_owned(), secure, host: parse_host(host)?, port, path, query })
    }

    /// Whether it is for `https`.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// As written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The addresses that its host surely has, without asking anybody.
    pub(crate) fn known_addresses(&self) -> Vec<IpAddr> {
        match &self.host {
            HostPattern::Exact(host) => known_addresses(host),
            HostPattern::Below(_) => Vec::new(),
        }
    }

    /// Whether `url` is one of these, and if not, what the first difference is.
    pub(crate) fn matches(&self, url: &HttpUrl, side: Side) -> Result<(), Mismatch> {
        let checks = [
            (self.secure == url.secure, Mismatch::Scheme),
            (self.host_matches(&url.host), Mismatch::Host),
            (self.port.is_none_or(|port| port == url.port), Mismatch::Port),
            (self.path_matches(url, side), Mismatch::Path),
            (self.query_matches(url.query.as_deref(), side), Mismatch::Query),
        ];
        checks.into_iter().find(|(same, _)| !same).map_or(Ok(()), |(_, mismatch)| Err(mismatch))
    }

    fn host_matches(&self, host: &Host<String>) -> bool {
        match (&self.host, host) {
            (HostPattern::Exact(exact), host) => exact == host,
            (HostPattern::Below(domain), Host::Domain(host)) => host.strip_suffix(domain.as_str()).is_some_and(|labels| labels.ends_with('.')),
            (HostPattern::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        }
    }

    fn path_matches(&self, url: &HttpUrl, side: Side) -> bool {
        let PathOf::Parts { parts, rest } = &self.path else {
            return true;
        };
        let length_fits = if *rest { url.parts.len() > parts.len() } else { url.parts.len() == parts.len() };
        let one = |glob: &Glob, part: &crate::http_url::Part| {
            let wild = glob.as_literal().is_none();
            let unclear = part.odd && side == Side::Allow;
            // `*` is one part: the nothing after a last slash is none.
            let missing = part.bytes.is_empty() && glob.is_star();
            !(wild && (unclear || missing)) && glob.matches(&part.bytes)
        };
        length_fits
            && parts.iter().zip(&url.parts).all(|(glob, part)| one(glob, part))
            && url.parts.iter().skip(parts.len()).all(|part| side == Side::Deny || !part.odd)
    }

    fn query_matches(&self, query: Option<&str>, side: Side) -> bool {
        match (&self.query, query, side) {
            (_, _, Side::Deny) | (QueryOf::Any, _, Side::Allow) | (QueryOf::None, None, Side::Allow) => true,
            (QueryOf::None, Some(_), Side::Allow) | (QueryOf::Pairs(_), None, Side::Allow) => false,
            (QueryOf::Pairs(globs), Some(query), Side::Allow) => {
                let pairs: Vec<&str> = query.split('&').collect();
                let fits = |(glob, pair): (&Glob, &&str)| percent_decode(pair).is_some_and(|pair| glob.matches(&pair));
                globs.len() == pairs.len() && globs.iter().zip(&pairs).all(fits)
            }
        }
    }
}

/// Host and port, apart. An IPv6 address has colons of its own, in brackets.
fn parse_authority(authority: &str) -> Result<(&str, Option<&str>), UrlPatternError> {
    if authority.contains('@') {
        return Err(UrlPatternError::Credentials);
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Ok((host, Some(port))),
        _ => Ok((authority, None)),
    }
}

fn parse_host(text: &str) -> Result<HostPattern, UrlPatternError> {
    let wrong = || UrlPatternError::Host(text.to_owned());
    let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
    if name.contains('*') {
        return Err(wrong());
    }
    match (below, Host::parse(name).map_err(|_| wrong())?) {
        (below, Host::Domain(domain)) => {
            let domain = plain_domain(&domain).ok_or_else(wrong)?.to_owned();
            Ok(if below { HostPattern::Below(domain) } else { HostPattern::Exact(Host::Domain(domain)) })
        }
        (false, address) => Ok(HostPattern::Exact(address)),
        (true, _) => Err(wrong()),
    }
}

fn parse_path(path: &str) -> Result<PathOf, UrlPatternError> {
    let mut parts = Vec::new();
    let mut texts = path.split('/').peekable();
    while let Some(text) = texts.next() {
        if text == "**" && texts.peek().is_none() {
            return Ok(PathOf::Parts { parts, rest: true });
        }
        let glob = parse_glob(text)?;
        if glob.as_literal().is_some_and(|literal| literal == b"." || literal == b"..") {
            return Err(UrlPatternError::Dots);
        }
        parts.push(glob);
    }
    Ok(PathOf::Parts { parts, rest: false })
}

fn parse_query(query: Option<&str>, purpose: Purpose) -> Result<QueryOf, UrlPatternError> {
    match (query, purpose) {
        (None, _) => Ok(QueryOf::None),
        (Some(_), Purpose::Deny) => Err(UrlPatternError::DenyQuery),
        (Some("*"), Purpose::Allow | Purpose::Destination) => Ok(QueryOf::Any),
        (Some(query), Purpose::Allow | Purpose::Destination) => query.split('&').map(parse_glob).collect::<Result<_, _>>().map(QueryOf::Pairs),
    }
}

/// A glob in which everything but `*` may be percent-encoded, `*` itself as `%2A`.
fn parse_glob(text: &str) -> Result<Glob, UrlPatternError> {
    if text.contains("**") {
        return Err(UrlPatternError::Rest);
    }
    let pieces: Option<Vec<Vec<u8>>> = text.split('*').map(percent_decode).collect();
    pieces.map(Glob::of_pieces).ok_or(UrlPatternError::Escape)
}

#[cfg(test)]
mod tests;
