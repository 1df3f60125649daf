//! `[secrets]`: where each secret comes from and where it may go. No value is ever here.

use std::fmt;
use std::path::PathBuf;

use crate::granted::{Denial, Destination};
use crate::hint;
use crate::http_url::HttpUrl;
use crate::judge::Side;
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Section};
use crate::rules::KubeAccess;
use crate::url_pattern::{Purpose, UrlPattern};

/// One secret as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRule {
    /// The id that procedures ask for.
    pub id: String,
    /// Where its value comes from.
    pub source: SecretSource,
    /// Where it stands.
    pub place: Place,
    to: Vec<To>,
}

/// Where a secret's value comes from: described here, read by the command that starts the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// This variable of the host's environment.
    Env(String),
    /// All of this file but one newline at its end.
    File(PathBuf),
    /// All of the file that is called as the secret is, in this directory, but one newline at its end: only its owner may read it.
    Directory(PathBuf),
    /// What this program of the host writes to its standard output, but one newline at its end. An absolute path and its arguments.
    Command(Vec<String>),
    /// A key of a Secret in the cluster of `[kube]`, with the rights of who asks there.
    Kube {
        /// The Secret's namespace.
        namespace: String,
        /// The Secret's name.
        object: String,
        /// The key of its `data`.
        key: String,
    },
    /// A response of this run: nothing until one was captured.
    Capture,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum To {
    Url(UrlPattern),
    Program(String),
    /// A connection of this file: `redis.cache`.
    Section(String),
}

/// What sections with connections begin with.
const CONNECTIONS: [&str; 4] = ["redis.", "db.", "http.identities.", "http.proxies."];
/// The one section with the one cluster.
const CLUSTER: &str = "kube";

impl SecretRule {
    /// Whether the secret may be put into a request that goes there.
    pub fn may_go_to(&self, destination: &Destination) -> bool {
        match destination {
            Destination::Url(url) => HttpUrl::parse(url).is_ok_and(|url| self.to.iter().any(|to| to.takes_url(&url))),
            Destination::Program(program) => self.to.iter().any(|to| to.takes_program(program)),
            Destination::Section(section) => self.to.iter().any(|to| to.takes_section(section)),
        }
    }

    /// Whether a response may be captured into it.
    pub fn may_be_captured(&self) -> bool {
        match self.source {
            SecretSource::Capture => true,
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Directory(_) | SecretSource::Command(_) | SecretSource::Kube { .. } => false,
        }
    }

    /// Where it may go, as the file says it.
    pub fn destinations(&self) -> Vec<&str> {
        let texts = self.to.iter().map(|to| match to {
            To::Url(pattern) => pattern.text(),
            To::Program(text) | To::Section(text) => text.as_str(),
        });
        texts.collect()
    }

    /// Why it may not be put into a request that goes to `destination`, and what to add.
    pub fn refusal(&self, destination: &Destination) -> Denial {
        let (shown, entry) = match destination {
            Destination::Url(url) => match HttpUrl::parse(url) {
                Ok(url) => (hint::shown(url.as_str()), hint::url(&url)),
                Err(_) => ("a URL that is not valid".to_owned(), None),
            },
            Destination::Program(program) => (hint::shown(program), hint::quoted(program)),
            Destination::Section(section) => (hint::shown(section), hint::quoted(section)),
        };
        Denial {
            rule: self.place.to_string(),
            message: format!("secret `{}` may not go to {shown}", self.id),
            hint: entry.map(|entry| format!("add {entry} to `to` of `{}` ({}:{})", self.place.name, self.place.file, self.place.line)),
        }
    }
}

/// For a person, behind `from`.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Directory(path) => write!(f, "its file in {}", path.display()),
            Self::Command(words) => write!(f, "the output of {}", words.first().map(String::as_str).unwrap_or_default()),
            Self::Kube { namespace, object, key } => write!(f, "the key {key} of the cluster's Secret {namespace}/{object}"),
            Self::Capture => f.write_str("a response of the run"),
        }
    }
}

impl To {
    fn parse(item: &Item<'_, '_>) -> Option<Self> {
        let text = item.text()?;
        if text.starts_with('/') {
            item.parsed(paths::normalised).map(|path| Self::Program(path.to_owned()))
        } else if text == CLUSTER || CONNECTIONS.iter().any(|kind| text.starts_with(kind)) && !text.contains(':') {
            Some(Self::Section(text.to_owned()))
        } else {
            item.parsed(|text| UrlPattern::parse(text, Purpose::Destination)).map(Self::Url)
        }
    }

    fn takes_url(&self, url: &HttpUrl) -> bool {
        match self {
            Self::Url(pattern) => pattern.matches(url, Side::Allow).is_ok(),
            Self::Program(_) | Self::Section(_) => false,
        }
    }

    fn takes_program(&self, asked: &str) -> bool {
        match self {
            Self::Url(_) | Self::Section(_) => false,
            Self::Program(program) => program == asked,
        }
    }

    fn takes_section(&self, asked: &str) -> bool {
        match self {
            Self::Url(_) | Self::Program(_) => false,
            Self::Section(section) => section == asked,
        }
    }
}

const KEYS: &[&str] = &["env", "file", "directory", "command", "kube", "key", "capture", "to"];
/// Those of them that say where a value comes from.
const SOURCES: [&str; 6] = ["env", "file", "directory", "command", "kube", "capture"];
/// Longest name that Kubernetes gives.
const KUBE_MAX: usize = 253;

/// `{ secret = "ID" }`: a secret that the grant itself places in the connection `section`. It must be declared, and may go there.
pub(crate) fn read_placed(item: &Item<'_, '_>, secrets: &[SecretRule], section: &str) -> Option<String> {
    if !item.is_table() {
        item.reject_with("a secret does not stand in a grant file", "declare it under `[secrets]` and write `{ secret = \"ID\" }`");
        return None;
    }
    let named = item.section(&["secret"])?.need("secret", "\"ID\"")?;
    let id = named.text()?;
    let Some(rule) = secrets.iter().find(|rule| rule.id == id) else {
        named.reject_with(format_args!("secret `{id}` is not declared"), format_args!("add to `[secrets]`: {id} = {{ env = \"{id}\", to = [\"{section}\"] }}"));
        return None;
    };
    if !rule.may_go_to(&Destination::Section(section.to_owned())) {
        named.reject_with(format_args!("secret `{id}` may not go to `{section}`"), format_args!("add \"{section}\" to `to` of `{}`", rule.place.name));
    }
    Some(id.to_owned())
}

pub(crate) fn read_secrets(table: &Item<'_, '_>) -> Vec<SecretRule> {
    table.entries().into_iter().filter_map(|(id, item)| read(id, &item)).collect()
}

fn read(id: &str, item: &Item<'_, '_>) -> Option<SecretRule> {
    let legal = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !legal {
        item.reject("a secret's id is 1 to 64 letters, digits, `_`, `-` and `.`");
    }
    let section = item.section(KEYS)?;
    let to = section.need("to", "[\"https://api.example.com\"]").map(|item| read_destinations(&item)).unwrap_or_default();
    Some(SecretRule { id: id.to_owned(), source: read_source(&section)?, place: item.place(), to })
}

fn read_destinations(item: &Item<'_, '_>) -> Vec<To> {
    let items = item.items();
    if items.is_empty() {
        item.reject("a secret that may go nowhere is of no use: name a URL or an absolute program");
    }
    items.iter().filter_map(To::parse).collect()
}

fn read_source(section: &Section<'_, '_>) -> Option<SecretSource> {
    let given: Vec<(&str, Item<'_, '_>)> = SOURCES.into_iter().filter_map(|key| Some((key, section.get(key)?))).collect();
    let [(key, item)] = given.as_slice() else {
        section.item().reject_with("expected one source: `env`, `file`, `directory`, `command`, `kube` or `capture`", "for example `env = \"API_KEY\"`");
        return None;
    };
    if let Some(of_kube) = section.get("key").filter(|_| *key != "kube") {
        of_kube.reject(format_args!("is of no use with `{key}`"));
    }
    match *key {
        "env" => item.parsed(env_name).map(SecretSource::Env),
        "file" => item.host_path().map(SecretSource::File),
        "directory" => item.host_path().map(SecretSource::Directory),
        "command" => read_command(item).map(SecretSource::Command),
        "kube" => read_kube(section, item),
        _ => {
            if item.flag()? {
                return Some(SecretSource::Capture);
            }
            item.reject("leave `capture` out instead of saying `false`");
            None
        }
    }
}

fn read_command(item: &Item<'_, '_>) -> Option<Vec<String>> {
    let items = item.items();
    let Some(program) = items.first() else {
        item.reject_with("expected a program and its arguments", "for example `[\"/usr/bin/pass\", \"show\", \"api-key\"]`");
        return None;
    };
    program.parsed(paths::normalised)?;
    items.iter().map(|item| item.text().map(str::to_owned)).collect()
}

fn read_kube(section: &Section<'_, '_>, item: &Item<'_, '_>) -> Option<SecretSource> {
    let named = item.parsed(|text| match text.split_once('/') {
        Some((namespace, object)) if is_kube_name(namespace) && is_kube_name(object) => Ok((namespace.to_owned(), object.to_owned())),
        _ => Err("expected a namespace and a Secret's name: `shop/database`"),
    });
    let key = section
        .need("key", "\"password\"")
        .and_then(|item| item.parsed(|text| if is_kube_name(text) { Ok(text) } else { Err("expected a key of the Secret") }));
    let ((namespace, object), key) = named.zip(key)?;
    Some(SecretSource::Kube { namespace, object, key: key.to_owned() })
}

/// Each becomes a part of a path, or is looked up: letters, digits, `-`, `_` and `.`, and not nothing but dots.
fn is_kube_name(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=KUBE_MAX).contains(&text.len()) && text.bytes().all(legal) && text.bytes().any(|b| b != b'.')
}

/// What only the whole file tells: values that are to come from a cluster need one, and its own token cannot be among them.
pub(crate) fn check_kube(table: &Item<'_, '_>, secrets: &[SecretRule], access: Option<&KubeAccess>) {
    for (id, item) in table.entries() {
        let Some(SecretRule { source: SecretSource::Kube { .. }, .. }) = secrets.iter().find(|rule| rule.id == id) else { continue };
        match access {
            None => item.reject_with("the grant names no cluster", "add to `[kube]`: `kubeconfig = \"…\"` and `context = \"…\"`"),
            Some(KubeAccess::Server { token, .. }) if token == id => item.reject("the cluster's token cannot come from the cluster"),
            Some(KubeAccess::Server { .. } | KubeAccess::Kubeconfig { .. } | KubeAccess::InCluster) => {}
        }
    }
}

fn env_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.contains(['=', '\0']) { Err("expected the name of a variable") } else { Ok(text.to_owned()) }
}
