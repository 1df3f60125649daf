//! `[http]`: methods and URL patterns, and which addresses, authorities and sizes go with them.

mod ways;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use lockstep_model::EffectClass;

use crate::address::{AddressError, address_allowed};
use crate::explain::{Unwatched, Watch};
use crate::granted::Denial;
use crate::hint;
use crate::http_url::{HttpUrl, known_addresses};
use crate::judge::{Judgement, Mismatch, Rule, Side, judge};
use crate::place::Place;
use crate::read::{Item, Section};
use crate::rules::SecretRule;
use crate::url_pattern::{Purpose, UrlPattern};

use ways::Ways;

pub use ways::{HttpIdentity, HttpProxy};

/// The methods of the contract. `*` in a rule means these: never `CONNECT` or `TRACE`.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// `[http]`, compiled. The default allows nothing.
#[derive(Debug, Clone)]
pub struct HttpRules {
    allow: Vec<HttpRule>,
    deny: Vec<HttpRule>,
    /// The list of `http.allow`, to say where to add to it.
    allow_place: Option<Place>,
    /// The list of `http.private-addresses`, likewise.
    private_place: Option<Place>,
    file: String,
    pub(crate) private_addresses: Arc<[IpNet]>,
    pub(crate) authorities: Arc<[PathBuf]>,
    pub(crate) body_limit: usize,
    ways: Ways,
}

#[derive(Debug, Clone)]
pub(crate) struct HttpRule {
    place: Place,
    pattern: HttpPattern,
    pub(crate) class: Option<EffectClass>,
}

/// Which requests are meant: `GET,HEAD https://*.example.com/**`.
#[derive(Debug, Clone)]
pub struct HttpPattern {
    text: String,
    methods: Vec<&'static str>,
    url: UrlPattern,
}

impl Rule for HttpRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        self.pattern.text.clone()
    }

    fn class(&self) -> Option<EffectClass> {
        self.class
    }
}

impl HttpRules {
    /// The longest body kept when the grant does not say.
    pub const BODY_LIMIT: usize = 4 << 20;
    /// A body is held in memory and in the journal's store: no grant can ask for more.
    pub const BODY_LIMIT_MAX: u64 = 64 << 20;

    pub(crate) const KEYS: &'static [&'static str] = &["allow", "deny", "private-addresses", "authorities", "body-limit", "identities", "proxies"];

    pub(crate) fn read(section: &Section<'_, '_>, secrets: &[SecretRule], file: &str) -> Self {
        let rules = |key, purpose| {
            let items = section.get(key).map(|item| item.items()).unwrap_or_default();
            items.iter().filter_map(|item| HttpRule::read(item, purpose)).collect()
        };
        let items = |key| section.get(key).map(|item| item.items()).unwrap_or_default();
        let size = section.get("body-limit").and_then(|item| item.size(1..=Self::BODY_LIMIT_MAX));
        Self {
            allow: rules("allow", Purpose::Allow),
            deny: rules("deny", Purpose::Deny),
            allow_place: section.get("allow").map(|item| item.place()),
            private_place: section.get("private-addresses").map(|item| item.place()),
            file: file.to_owned(),
            private_addresses: items("private-addresses").iter().filter_map(|item| item.parsed(range)).collect(),
            authorities: items("authorities").iter().filter_map(Item::host_path).collect(),
            body_limit: size.and_then(|size| usize::try_from(size).ok()).unwrap_or(Self::BODY_LIMIT),
            ways: Ways::read(section, secrets),
        }
    }

    /// Whether anything at all is allowed.
    pub(crate) fn allows_something(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether this request is allowed, and by which rule: for each redirect before it is followed.
    ///
    /// # Errors
    /// What the guest gets instead.
    pub fn allows(&self, method: &str, url: &str) -> Result<String, Denial> {
        self.decide(method, url, &mut Unwatched).map(|(rule, _)| rule.place.to_string())
    }

    /// What this host shows to the server of a URL, if it does.
    pub fn identity(&self, url: &str) -> Option<&HttpIdentity> {
        HttpUrl::parse(url).ok().and_then(|url| self.ways.identity(&url))
    }

    /// The proxy by which a URL is reached, if it is by one.
    pub fn proxy(&self, url: &str) -> Option<&HttpProxy> {
        HttpUrl::parse(url).ok().and_then(|url| self.ways.proxy(&url))
    }

    /// Its proxies and what it shows of this host, each with the servers that it is for: a line each, for a person.
    pub fn ways(&self) -> Vec<String> {
        self.ways.lines()
    }

    /// The rule that allows a request, and the secrets that one to this URL needs placed.
    pub(crate) fn decide(&self, method: &str, url: &str, watch: &mut dyn Watch) -> Result<(&HttpRule, Vec<String>), Denial> {
        let Some(method) = METHODS.into_iter().find(|known| *known == method) else {
            let message = format!("{} is not a method that a procedure may use", hint::shown(method));
            return Err(Denial::built_in(message, Some(format!("use one of {}", METHODS.join(", ")))));
        };
        let url = HttpUrl::parse(url).map_err(|error| Denial::built_in(error.to_string(), None))?;
        match judge(&self.deny, &self.allow, |rule, side| rule.pattern.matches_url(method, &url, side), watch) {
            Judgement::Allowed(rule) => match url.address().map_or(Ok(()), |address| self.reaches(&[address])) {
                // A host that is an address needs no resolving: it is refused before anything is sent.
                Err(error) => Err(self.by_address(&error, error.to_string())),
                Ok(()) => Ok((rule, self.ways.placed(&url))),
            },
            Judgement::Denied(rule) => Err(Denial::by_rule(&rule.place, not_allowed(method, &url))),
            Judgement::Default => Err(match self.reaches(&known_addresses(&url.host)) {
                // Nothing that could be added would help.
                Err(error @ AddressError::Metadata(_)) => self.by_address(&error, error.to_string()),
                Err(AddressError::NotPublic { address, .. }) => Denial::by_default(not_allowed(method, &url), self.hint(method, &url, Some(address))),
                Ok(()) => Denial::by_default(not_allowed(method, &url), self.hint(method, &url, None)),
            }),
        }
    }

    /// The rules that can never let a request through, because the address they are for is refused.
    pub(crate) fn unreachable(&self) -> Vec<Denial> {
        let refused = self.allow.iter().filter_map(|rule| Some((rule, self.reaches(&rule.pattern.url.known_addresses()).err()?)));
        let denials = refused.map(|(rule, error)| {
            let denial = self.by_address(&error, format!("`{}` can never apply: {error}", rule.pattern.text));
            Denial { rule: rule.place.to_string(), ..denial }
        });
        denials.collect()
    }

    /// Whether one of these addresses may be connected to; also when there is none.
    fn reaches(&self, addresses: &[IpAddr]) -> Result<(), AddressError> {
        let mut refused = addresses.iter().map(|address| address_allowed(*address, &self.private_addresses));
        match refused.next() {
            Some(Err(error)) if !refused.any(|other| other.is_ok()) => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    fn by_address(&self, error: &AddressError, message: String) -> Denial {
        match error {
            AddressError::Metadata(_) => Denial::built_in(message, None),
            AddressError::NotPublic { address, .. } => Denial::by_default(message, Some(self.address_hint(*address))),
        }
    }

    /// What to add so that an address which is not public may be connected to.
    fn address_hint(&self, address: IpAddr) -> String {
        match &self.private_place {
            Some(place) => format!("add \"{address}\" to `http.private-addresses` ({}:{})", place.file, place.line),
            None => format!("add to `[http]` of {}:\nprivate-addresses = [\"{address}\"]", self.file),
        }
    }

    /// Everything that has to be added, also for an address that is not public, so that it need not be found out one refusal after the other.
    fn hint(&self, method: &str, url: &HttpUrl, private: Option<IpAddr>) -> Option<String> {
        if let Some(near) = self.allow.iter().find(|rule| rule.pattern.matches_url(method, url, Side::Allow) == Err(Mismatch::Query)) {
            let any = near.pattern.url.text().split('?').next().unwrap_or_default();
            return hint::fitting(format!("{} allows no such query; `\"{method} {any}?*\"` allows any", near.place));
        }
        let entry = hint::quoted(&format!("{method} {}", hint::pattern_of(url)))?;
        let rule = match &self.allow_place {
            Some(place) => format!("add {entry} to `http.allow` ({}:{})", place.file, place.line),
            None if self.file.is_empty() => format!("add to the grant file:\n[http]\nallow = [{entry}]"),
            None => format!("add to `[http]` of {}:\nallow = [{entry}]", self.file),
        };
        hint::fitting(match private {
            None => rule,
            Some(address) if self.allow_place.is_none() && self.private_place.is_none() => format!("{rule}\nprivate-addresses = [\"{address}\"]"),
            Some(address) => format!("{rule}\nand {}", self.address_hint(address)),
        })
    }
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            allow_place: None,
            private_place: None,
            file: String::new(),
            private_addresses: Arc::new([]),
            authorities: Arc::new([]),
            body_limit: Self::BODY_LIMIT,
            ways: Ways::default(),
        }
    }
}

impl HttpRule {
    const KEYS: &'static [&'static str] = &["rule", "class"];

    fn read(item: &Item<'_, '_>, purpose: Purpose) -> Option<Self> {
        if !item.is_table() {
            return Some(Self { place: item.place(), pattern: HttpPattern::parse(item, purpose)?, class: None });
        }
        if purpose == Purpose::Deny {
            item.reject("a deny is a text such as `\"* https://example.com/admin/**\"`");
            return None;
        }
        let section = item.section(Self::KEYS)?;
        let class = section.get("class").and_then(|item| item.class());
        let text = section.need("rule", "\"GET https://example.com/health\"")?;
        Some(Self { place: item.place(), pattern: HttpPattern::parse(&text, purpose)?, class })
    }
}

impl HttpPattern {
    /// As in `http.allow`.
    pub fn read(item: &Item<'_, '_>) -> Option<Self> {
        Self::parse(item, Purpose::Allow)
    }

    /// Whether it is one of these. What is no URL is none.
    pub fn matches(&self, method: &str, url: &str) -> bool {
        HttpUrl::parse(url).is_ok_and(|url| self.matches_url(method, &url, Side::Allow).is_ok())
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn parse(text: &Item<'_, '_>, purpose: Purpose) -> Option<Self> {
        let written = text.text()?;
        let Some((methods, url)) = written.split_once(' ') else {
            text.reject_with("expected a method, a blank and a URL", "for example `\"GET https://api.example.com/health\"`");
            return None;
        };
        let methods = text.parsed(|_| parse_methods(methods));
        let url = text.parsed(|_| UrlPattern::parse(url, purpose));
        Some(Self { text: written.to_owned(), methods: methods?, url: url? })
    }

    fn matches_url(&self, method: &str, url: &HttpUrl, side: Side) -> Result<(), Mismatch> {
        if !self.methods.contains(&method) {
            return Err(Mismatch::Method);
        }
        self.url.matches(url, side)
    }
}

fn not_allowed(method: &str, url: &HttpUrl) -> String {
    format!("{} is not allowed", hint::shown(&format!("{method} {}", url.as_str())))
}

fn parse_methods(text: &str) -> Result<Vec<&'static str>, String> {
    if text == "*" {
        return Ok(METHODS.to_vec());
    }
    let known = |word: &str| METHODS.into_iter().find(|known| *known == word).ok_or_else(|| format!("`{word}` is not one of {} or `*`", METHODS.join(", ")));
    text.split(',').map(known).collect()
}

/// `10.0.0.0/8`, or one address.
fn range(text: &str) -> Result<IpNet, String> {
    let range = match text.parse::<IpNet>() {
        Ok(range) => range,
        Err(_) => text.parse::<std::net::IpAddr>().map(IpNet::from).map_err(|_| "expected a range such as `10.0.0.0/8` or an address".to_owned())?,
    };
    if range.trunc() == range { Ok(range) } else { Err(format!("bits are set behind the prefix: did you mean `{}`?", range.trunc())) }
}

#[cfg(test)]
mod tests;
