//! `[http]`: methods and URL patterns, and which addresses, authorities and sizes go with them.

use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use lockstep_model::EffectClass;

use crate::address::{AddressError, address_allowed};
use crate::explain::{Unwatched, Watch};
use crate::granted::Denial;
use crate::hint;
use crate::http_url::HttpUrl;
use crate::judge::{Judgement, Mismatch, Rule, Side, judge};
use crate::place::Place;
use crate::read::{Item, Section};
use crate::url_pattern::{Purpose, UrlPattern};

/// The methods of the contract. `*` in a rule means these: never `CONNECT` or `TRACE`.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// `[http]`, compiled. The default allows nothing.
#[derive(Debug, Clone)]
pub struct HttpRules {
    allow: Vec<HttpRule>,
    deny: Vec<HttpRule>,
    /// The list of `http.allow`, to say where to add to it.
    allow_place: Option<Place>,
    file: String,
    pub(crate) private_addresses: Arc<[IpNet]>,
    pub(crate) authorities: Arc<[PathBuf]>,
    pub(crate) body_limit: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct HttpRule {
    place: Place,
    text: String,
    methods: Vec<&'static str>,
    url: UrlPattern,
    pub(crate) class: Option<EffectClass>,
}

impl Rule for HttpRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        self.text.clone()
    }
}

impl HttpRules {
    /// The longest body kept when the grant does not say.
    pub const BODY_LIMIT: usize = 4 << 20;
    /// A body is held in memory and in the journal's store: no grant can ask for more.
    pub const BODY_LIMIT_MAX: u64 = 64 << 20;

    pub(crate) const KEYS: &'static [&'static str] = &["allow", "deny", "private-addresses", "authorities", "body-limit"];

    pub(crate) fn read(section: &Section<'_, '_>, file: &str) -> Self {
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
            file: file.to_owned(),
            private_addresses: items("private-addresses").iter().filter_map(|item| item.parsed(range)).collect(),
            authorities: items("authorities").iter().filter_map(Item::host_path).collect(),
            body_limit: size.and_then(|size| usize::try_from(size).ok()).unwrap_or(Self::BODY_LIMIT),
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
        self.decide(method, url, &mut Unwatched).map(|rule| rule.place.to_string())
    }

    pub(crate) fn decide(&self, method: &str, url: &str, watch: &mut dyn Watch) -> Result<&HttpRule, Denial> {
        let Some(method) = METHODS.into_iter().find(|known| *known == method) else {
            let message = format!("{} is not a method that a procedure may use", hint::shown(method));
            return Err(Denial::built_in(message, Some(format!("use one of {}", METHODS.join(", ")))));
        };
        let url = HttpUrl::parse(url).map_err(|error| Denial::built_in(error.to_string(), None))?;
        match judge(&self.deny, &self.allow, |rule, side| rule.matches(method, &url, side), watch) {
            Judgement::Allowed(rule) => self.check_literal(&url).map(|()| rule),
            Judgement::Denied(rule) => Err(Denial::by_rule(&rule.place, not_allowed(method, &url))),
            Judgement::Default => Err(Denial::by_default(not_allowed(method, &url), self.hint(method, &url))),
        }
    }

    /// A host that is an address needs no resolving: it is refused before anything is sent.
    fn check_literal(&self, url: &HttpUrl) -> Result<(), Denial> {
        let Some(address) = url.address() else {
            return Ok(());
        };
        address_allowed(address, &self.private_addresses).map_err(|error| Denial::by_address(&error))
    }

    fn hint(&self, method: &str, url: &HttpUrl) -> Option<String> {
        if let Some(near) = self.allow.iter().find(|rule| rule.matches(method, url, Side::Allow) == Err(Mismatch::Query)) {
            let any = near.url.text().split('?').next().unwrap_or_default();
            return hint::fitting(format!("{} allows no such query; `\"{method} {any}?*\"` allows any", near.place));
        }
        let entry = hint::quoted(&format!("{method} {}", hint::pattern_of(url)))?;
        hint::fitting(match &self.allow_place {
            Some(place) => format!("add {entry} to `http.allow` ({}:{})", place.file, place.line),
            None if self.file.is_empty() => format!("add to the grant file:\n[http]\nallow = [{entry}]"),
            None => format!("add to `[http]` of {}:\nallow = [{entry}]", self.file),
        })
    }
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            allow_place: None,
            file: String::new(),
            private_addresses: Arc::new([]),
            authorities: Arc::new([]),
            body_limit: Self::BODY_LIMIT,
        }
    }
}

impl HttpRule {
    const KEYS: &'static [&'static str] = &["rule", "class"];

    fn read(item: &Item<'_, '_>, purpose: Purpose) -> Option<Self> {
        if !item.is_table() {
            return Self::parse(item, item, purpose, None);
        }
        if purpose == Purpose::Deny {
            item.reject("a deny is a text such as `\"* https://example.com/admin/**\"`");
            return None;
        }
        let section = item.section(Self::KEYS)?;
        let class = section.get("class").and_then(|item| item.class());
        Self::parse(item, &section.need("rule", "\"GET https://example.com/health\"")?, purpose, class)
    }

    fn parse(item: &Item<'_, '_>, text: &Item<'_, '_>, purpose: Purpose, class: Option<EffectClass>) -> Option<Self> {
        let written = text.text()?;
        let Some((methods, url)) = written.split_once(' ') else {
            text.reject_with("expected a method, a blank and a URL", "for example `\"GET https://api.example.com/health\"`");
            return None;
        };
        let methods = text.parsed(|_| parse_methods(methods));
        let url = text.parsed(|_| UrlPattern::parse(url, purpose));
        Some(Self { place: item.place(), text: written.to_owned(), methods: methods?, url: url?, class })
    }

    fn matches(&self, method: &str, url: &HttpUrl, side: Side) -> Result<(), Mismatch> {
        if !self.methods.contains(&method) {
            return Err(Mismatch::Method);
        }
        self.url.matches(url, side)
    }
}

impl Denial {
    fn by_address(error: &AddressError) -> Self {
        match error {
            AddressError::Metadata(_) => Self::built_in(error.to_string(), None),
            AddressError::NotPublic { address, .. } => {
                Self::by_default(error.to_string(), Some(format!("add \"{}\" to `private-addresses` in `[http]`", IpNet::from(*address))))
            }
        }
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
