//! `[http.identities.NAME]` and `[http.proxies.NAME]`: what this host shows to some servers, and by which way it goes to some.
//!
//! Nothing of it is a procedure's to choose, or to see: not so much as a marker of these secrets.

use url::Host;

use crate::http_url::HttpUrl;
use crate::judge::Side;
use crate::read::{Item, Section};
use crate::rules::SecretRule;
use crate::rules::secrets::read_placed;
use crate::url_pattern::{Purpose, UrlPattern};

/// A certificate that this host shows to some servers, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpIdentity {
    /// What messages call it.
    pub id: String,
    /// The secret that is the certificate with those above it, PEM.
    pub certificate: String,
    /// The secret that is its key, PEM.
    pub key: String,
    to: Vec<UrlPattern>,
}

/// A proxy by which some servers are reached, and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProxy {
    /// What messages call it.
    pub id: String,
    /// Whether the connection to the proxy itself is encrypted.
    pub secure: bool,
    /// Where it is.
    pub host: Host<String>,
    /// The port, named or not.
    pub port: u16,
    /// The name it is given to log in.
    pub user: Option<String>,
    /// The secret it is given to log in.
    pub password: Option<String>,
    to: Vec<UrlPattern>,
}

/// All of them, in the order of their names: the first that takes a URL is the one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ways {
    identities: Vec<HttpIdentity>,
    proxies: Vec<HttpProxy>,
}

impl Ways {
    pub(crate) fn read(section: &Section<'_, '_>, secrets: &[SecretRule]) -> Self {
        let entries = |key| section.get(key).map(|item| item.entries()).unwrap_or_default();
        Self {
            identities: entries("identities").into_iter().filter_map(|(id, item)| HttpIdentity::read(id, &item, secrets)).collect(),
            proxies: entries("proxies").into_iter().filter_map(|(id, item)| HttpProxy::read(id, &item, secrets)).collect(),
        }
    }

    pub(crate) fn identity(&self, url: &HttpUrl) -> Option<&HttpIdentity> {
        self.identities.iter().find(|identity| takes(&identity.to, url))
    }

    pub(crate) fn proxy(&self, url: &HttpUrl) -> Option<&HttpProxy> {
        self.proxies.iter().find(|proxy| takes(&proxy.to, url))
    }

    /// What is shown to whom, and by which way it goes to whom, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let to = |patterns: &[UrlPattern]| patterns.iter().map(UrlPattern::text).collect::<Vec<_>>().join(", ");
        let proxies = self.proxies.iter().map(|proxy| format!("through the proxy `{}`, {}: {}", proxy.id, proxy.origin(), to(&proxy.to)));
        let identities = self.identities.iter().map(|identity| format!("with the client certificate `{}`: {}", identity.certificate, to(&identity.to)));
        proxies.chain(identities).collect()
    }

    /// The secrets that a request to this URL needs placed.
    pub(crate) fn placed(&self, url: &HttpUrl) -> Vec<String> {
        let identity = self.identity(url).into_iter().flat_map(|identity| [identity.certificate.clone(), identity.key.clone()]);
        let password = self.proxy(url).and_then(|proxy| proxy.password.clone());
        identity.chain(password).collect()
    }
}

fn takes(to: &[UrlPattern], url: &HttpUrl) -> bool {
    to.iter().any(|pattern| pattern.matches(url, Side::Allow).is_ok())
}

impl HttpIdentity {
    const KEYS: &'static [&'static str] = &["to", "certificate", "key"];

    fn read(id: &str, item: &Item<'_, '_>, secrets: &[SecretRule]) -> Option<Self> {
        check_name(id, item);
        let (section, place) = (item.section(Self::KEYS)?, format!("http.identities.{id}"));
        let to = read_to(&section, "[\"https://api.example.com\"]");
        if let Some(item) = section.get("to").filter(|_| to.iter().any(|pattern| !pattern.is_secure())) {
            item.reject("a certificate is shown over https only");
        }
        let secret = |key, example| section.need(key, example).and_then(|item| read_placed(&item, secrets, &place));
        let (certificate, key) = (secret("certificate", "{ secret = \"CERTIFICATE\" }"), secret("key", "{ secret = \"KEY\" }"));
        Some(Self { id: id.to_owned(), certificate: certificate?, key: key?, to })
    }
}

impl HttpProxy {
    const KEYS: &'static [&'static str] = &["to", "url", "user", "password"];

    fn read(id: &str, item: &Item<'_, '_>, secrets: &[SecretRule]) -> Option<Self> {
        check_name(id, item);
        let (section, place) = (item.section(Self::KEYS)?, format!("http.proxies.{id}"));
        let to = read_to(&section, "[\"https://*.example.com\"]");
        let (user, password) = (section.get("user"), section.get("password"));
        if user.is_some() != password.is_some() {
            item.reject_with("a proxy's `user` and `password` go together", "add `user = \"…\"` and `password = { secret = \"…\" }`");
        }
        let user = user.and_then(|item| item.parsed(user_name)).map(str::to_owned);
        let password = password.and_then(|item| read_placed(&item, secrets, &place));
        let (secure, host, port) = section.need("url", "\"http://proxy.example.com:3128\"")?.parsed(parse_proxy)?;
        Some(Self { id: id.to_owned(), secure, host, port, user, password, to })
    }

    /// As messages call it: without a password, which stands nowhere in the file.
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", if self.secure { "https" } else { "http" }, self.host, self.port)
    }
}

fn check_name(id: &str, item: &Item<'_, '_>) {
    let legal = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if !legal {
        item.reject("a name is 1 to 64 letters, digits, `_` and `-`");
    }
}

fn read_to(section: &Section<'_, '_>, example: &str) -> Vec<UrlPattern> {
    let Some(item) = section.need("to", example) else { return Vec::new() };
    let items = item.items();
    if items.is_empty() {
        item.reject("what is for no server is of no use");
    }
    items.iter().filter_map(|item| item.parsed(|text| UrlPattern::parse(text, Purpose::Destination))).collect()
}

/// RFC 7617: a colon would end the name.
fn user_name(text: &str) -> Result<&str, &'static str> {
    let plain = !text.is_empty() && !text.contains(':') && !text.chars().any(char::is_control);
    if plain { Ok(text) } else { Err("expected a name without `:` and control characters") }
}

fn parse_proxy(text: &str) -> Result<(bool, Host<String>, u16), String> {
    let url = HttpUrl::parse(text).map_err(|error| error.to_string())?;
    if !url.is_bare() {
        return Err("a proxy has a host and a port, no path: write for example `http://proxy.example.com:3128`".to_owned());
    }
    Ok((url.secure, url.host, url.port))
}
