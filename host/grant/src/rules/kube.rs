//! `[kube]`, `[[kube.allow]]` and `[[kube.deny]]`: which cluster, who asks it, and which verbs on which objects.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_model::Request as _;
use lockstep_model::request::KubeRequest;

use crate::explain::Watch;
use crate::glob::{self, Glob};
use crate::granted::Denial;
use crate::hint;
use crate::http_url::HttpUrl;
use crate::judge::{Judgement, Mismatch, Rule, Side, judge};
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Section};
use crate::rules::secrets::{SecretRule, read_placed};

/// What a procedure may ask to be done, as the contract names it. Waiting is `get`.
const VERBS: [&str; 12] = ["get", "list", "apply", "patch", "delete", "scale", "set-image", "restart", "rollout-undo", "rollout-status", "logs", "events"];
/// Longest part of an object's address, as Kubernetes says.
const PART_MAX: usize = 253;

/// `[kube]`, compiled. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct KubeRules {
    allow: Vec<KubeRule>,
    deny: Vec<KubeRule>,
    access: Option<Arc<KubeAccess>>,
    /// None: what the contract says.
    list_limit: Option<u32>,
    log_limit: Option<usize>,
}

/// Which cluster, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KubeAccess {
    /// What a kubeconfig's context says.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// Its context: never the current one, which another terminal may change.
        context: String,
        /// The user that the context may impersonate; none: it must not.
        impersonate: Option<String>,
        /// Programs that it may get credentials from, absolute.
        plugins: Vec<PathBuf>,
    },
    /// The pod's own service account.
    InCluster,
    /// A server with a token of a secret.
    Server {
        /// `https://…`.
        url: String,
        /// The secret's id.
        token: String,
        /// PEM file with the authority of its certificate; none: the system's.
        authority: Option<PathBuf>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct KubeRule {
    place: Place,
    text: String,
    /// Empty: any.
    verbs: Vec<&'static str>,
    kinds: Vec<Glob>,
    namespaces: Vec<Glob>,
    names: Vec<Glob>,
    destructive: bool,
}

impl Rule for KubeRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        self.text.clone()
    }
}

impl KubeRules {
    /// A list is held in memory and in the journal's store: no grant can ask for more, and the contract neither.
    pub const LIST_LIMIT_MAX: u32 = 5_000;
    /// How many bytes of logs are kept when the grant does not say.
    pub const LOG_LIMIT: usize = 64 << 10;
    /// No grant can ask for more.
    pub const LOG_LIMIT_MAX: u64 = 4 << 20;

    pub(crate) const KEYS: &'static [&'static str] =
        &["kubeconfig", "context", "impersonate", "plugins", "in-cluster", "server", "token", "authority", "list-limit", "log-limit", "allow", "deny"];

    pub(crate) fn read(section: &Section<'_, '_>, secrets: &[SecretRule]) -> Self {
        let rules = |key, side| section.get(key).map(|item| item.items()).unwrap_or_default().iter().filter_map(|item| KubeRule::read(item, side)).collect();
        Self {
            allow: rules("allow", Side::Allow),
            deny: rules("deny", Side::Deny),
            access: read_access(section, secrets).map(Arc::new),
            list_limit: section.get("list-limit").and_then(|item| item.number(1..=Self::LIST_LIMIT_MAX.into())).and_then(|limit| u32::try_from(limit).ok()),
            log_limit: section.get("log-limit").and_then(|item| item.size(1..=Self::LOG_LIMIT_MAX)).and_then(|limit| usize::try_from(limit).ok()),
        }
    }

    /// Whether anything at all is allowed.
    pub(crate) fn allows_something(&self) -> bool {
        !self.allow.is_empty() && self.access.is_some()
    }

    /// Which cluster; none when nothing is said of one.
    pub fn access(&self) -> Option<&Arc<KubeAccess>> {
        self.access.as_ref()
    }

    pub(crate) fn list_limit(&self) -> u32 {
        self.list_limit.unwrap_or(Self::LIST_LIMIT_MAX)
    }

    pub(crate) fn log_limit(&self) -> usize {
        self.log_limit.unwrap_or(Self::LOG_LIMIT)
    }

    pub(crate) fn decide(&self, request: &KubeRequest, watch: &mut dyn Watch) -> Result<(&KubeRule, &Arc<KubeAccess>), Denial> {
        check_form(request).map_err(|message| Denial::built_in(message, None))?;
        let denied = || format!("{} is not allowed", hint::shown(&request.summary()));
        match judge(&self.deny, &self.allow, |rule, side| rule.matches(request, side), watch) {
            Judgement::Allowed(rule) => match &self.access {
                Some(access) => Ok((rule, access)),
                None => Err(Denial::by_default(
                    format!("{}: the grant names no cluster", denied()),
                    Some("add to `[kube]`: `kubeconfig = \"…\"` and `context = \"…\"`".to_owned()),
                )),
            },
            Judgement::Denied(rule) => Err(Denial::by_rule(&rule.place, denied())),
            Judgement::Default => Err(Denial::by_default(denied(), self.hint(request))),
        }
    }

    fn hint(&self, request: &KubeRequest) -> Option<String> {
        let misses = |rule: &KubeRule, wanted: Mismatch| rule.matches(request, Side::Allow) == Err(wanted);
        if let Some(rule) = self.allow.iter().find(|rule| misses(rule, Mismatch::Destructive)) {
            return hint::fitting(format!("it destroys: add `destructive = true` to {}, or better a rule of its own for it", rule.place));
        }
        let quoted = |text: &str| hint::quoted(&glob::escape(text));
        let kind = quoted(&format!("{}/{}", request.api_version, request.kind))?;
        let (namespace, id) = (quoted(&request.namespace)?, quoted(&request.id)?);
        let names = if request.id.is_empty() { String::new() } else { format!("\nnames = [{id}]") };
        let destructive = if request.is_destructive() { "\ndestructive = true" } else { "" };
        hint::fitting(format!(
            "add to the grant file:\n[[kube.allow]]\nverbs = [\"{}\"]\nkinds = [{kind}]\nnamespaces = [{namespace}]{names}{destructive}",
            request.verb()
        ))
    }
}

impl KubeRule {
    const ALLOW_KEYS: &'static [&'static str] = &["verbs", "kinds", "namespaces", "names", "destructive"];
    const DENY_KEYS: &'static [&'static str] = &["verbs", "kinds", "namespaces", "names"];

    fn read(item: &Item<'_, '_>, side: Side) -> Option<Self> {
        let section = match side {
            Side::Allow => item.section(Self::ALLOW_KEYS)?,
            Side::Deny => item.section(Self::DENY_KEYS)?,
        };
        // In an allow everything that widens has to be said; a deny is as wide as it does not say otherwise.
        let list = |key, example| match side {
            Side::Allow => section.need(key, example),
            Side::Deny => section.get(key),
        };
        let verbs = list("verbs", "[\"get\"]").map(|item| read_verbs(&item));
        let kinds = list("kinds", "[\"apps/v1/Deployment\"]").map(|item| globs(&item));
        let namespaces = list("namespaces", "[\"shop\"]").map(|item| globs(&item));
        let names = section.get("names").map(|item| globs(&item)).unwrap_or_default();
        let destructive = section.get("destructive").and_then(|item| item.flag()).unwrap_or(false);
        let complete = verbs.is_some() && kinds.is_some() && namespaces.is_some();
        let said = |key: &str| -> Vec<&str> { section.get(key).map(|item| item.items()).unwrap_or_default().iter().filter_map(Item::text).collect() };
        let part = |key| Some(said(key).join(",")).filter(|text| !text.is_empty()).unwrap_or_else(|| "*".to_owned());
        let text = format!("{} {} {}/{}{}", part("verbs"), part("kinds"), part("namespaces"), part("names"), if destructive { " (destructive)" } else { "" });
        if side == Side::Allow && !complete {
            return None;
        }
        let [kinds, namespaces] = [kinds, namespaces].map(Option::unwrap_or_default);
        Some(Self { place: item.place(), text, verbs: verbs.unwrap_or_default(), kinds, namespaces, names, destructive })
    }

    fn matches(&self, request: &KubeRequest, side: Side) -> Result<(), Mismatch> {
        if !self.verbs.is_empty() && !self.verbs.contains(&request.verb()) {
            return Err(Mismatch::Verb);
        }
        if !fits(&self.kinds, &format!("{}/{}", request.api_version, request.kind)) {
            return Err(Mismatch::Kind);
        }
        // A list over all namespaces has objects of each: only a rule for all of them lets it through, and any deny stops it.
        let everywhere = request.verb() == "list" && request.namespace.is_empty();
        let namespaces = match side {
            Side::Allow if everywhere => self.namespaces.iter().any(Glob::is_star),
            Side::Deny if everywhere => true,
            Side::Allow | Side::Deny => fits(&self.namespaces, &request.namespace),
        };
        if !namespaces {
            return Err(Mismatch::Namespace);
        }
        // A list is of all names.
        let names = match (request.verb(), side) {
            ("list", Side::Allow) => self.names.is_empty() || self.names.iter().any(Glob::is_star),
            ("list", Side::Deny) => true,
            (_, Side::Allow | Side::Deny) => fits(&self.names, &request.id),
        };
        if !names {
            return Err(Mismatch::ObjectName);
        }
        match side {
            Side::Allow if request.is_destructive() && !self.destructive => Err(Mismatch::Destructive),
            Side::Allow | Side::Deny => Ok(()),
        }
    }
}

/// No pattern at all is any text.
fn fits(patterns: &[Glob], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text.as_bytes()))
}

fn globs(item: &Item<'_, '_>) -> Vec<Glob> {
    let items = item.items();
    if items.is_empty() {
        item.reject_with("an empty list matches nothing", "leave it out for any, or say `\"*\"`");
    }
    items.iter().filter_map(|item| item.parsed(Glob::parse)).collect()
}

fn read_verbs(item: &Item<'_, '_>) -> Vec<&'static str> {
    let items = item.items();
    if items.is_empty() {
        item.reject_with("a rule without a verb matches nothing", format!("known: {}", VERBS.join(", ")));
    }
    items.iter().filter_map(|item| item.word(&VERBS.map(|verb| (verb, verb)))).collect()
}

fn read_access(section: &Section<'_, '_>, secrets: &[SecretRule]) -> Option<KubeAccess> {
    let sources: Vec<(&str, Item<'_, '_>)> = ["kubeconfig", "in-cluster", "server"].into_iter().filter_map(|key| Some((key, section.get(key)?))).collect();
    let (key, source) = match sources.as_slice() {
        [one] => one,
        [] => {
            section.item().reject_with("expected a cluster: `kubeconfig`, `in-cluster` or `server`", "for example `kubeconfig = \"cluster.yaml\"`");
            return None;
        }
        [_, (_, second), ..] => {
            second.reject("one cluster: `kubeconfig`, `in-cluster` or `server`");
            return None;
        }
    };
    let (keys, access): (&[&str], Option<KubeAccess>) = match *key {
        "kubeconfig" => (&["context", "impersonate", "plugins"], read_kubeconfig(section, source)),
        "server" => (&["token", "authority"], read_server(section, source, secrets)),
        _ => (&[], read_in_cluster(source)),
    };
    // A field that is not enforced does not parse.
    for key in ["context", "impersonate", "plugins", "token", "authority"].into_iter().filter(|key| !keys.contains(key)) {
        if let Some(item) = section.get(key) {
            item.reject(format_args!("is of no use with `{}`", source.name));
        }
    }
    access
}

fn read_kubeconfig(section: &Section<'_, '_>, source: &Item<'_, '_>) -> Option<KubeAccess> {
    let context = section.need("context", "\"production\"").and_then(|item| item.text()).map(str::to_owned);
    let impersonate = section.get("impersonate").and_then(|item| item.text()).map(str::to_owned);
    let items = section.get("plugins").map(|item| item.items()).unwrap_or_default();
    let plugins = items.iter().filter_map(|item| item.parsed(paths::normalised)).map(PathBuf::from).collect();
    Some(KubeAccess::Kubeconfig { file: source.host_path()?, context: context?, impersonate, plugins })
}

fn read_server(section: &Section<'_, '_>, source: &Item<'_, '_>, secrets: &[SecretRule]) -> Option<KubeAccess> {
    let url = source.parsed(|text| match HttpUrl::parse(text) {
        Ok(_) if text.starts_with("https://") => Ok(text.to_owned()),
        Ok(_) => Err("expected `https://…`: a token is sent to no other".to_owned()),
        Err(error) => Err(error.to_string()),
    });
    let token = section.need("token", "{ secret = \"KUBE_TOKEN\" }").and_then(|item| read_placed(&item, secrets, "kube"));
    let authority = section.get("authority").and_then(|item| item.host_path());
    Some(KubeAccess::Server { url: url?, token: token?, authority })
}

fn read_in_cluster(source: &Item<'_, '_>) -> Option<KubeAccess> {
    if source.flag()? {
        return Some(KubeAccess::InCluster);
    }
    source.reject("leave `in-cluster` out instead of saying `false`");
    None
}

/// Guest-controlled: each part becomes one of a path, and must not become several, or another.
fn check_form(request: &KubeRequest) -> Result<(), String> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_')) && !matches!(text, "." | "..");
    let part = |what: &str, text: &str| {
        if text.len() <= PART_MAX && plain(text) {
            Ok(())
        } else {
            Err(format!("{what} {}: expected at most {PART_MAX} of letters, digits and `-._:`", hint::shown(text)))
        }
    };
    match request.api_version.split('/').collect::<Vec<_>>()[..] {
        [version] => part("api-version", version)?,
        [group, version] if !group.is_empty() => part("api-version", group).and_then(|()| part("api-version", version))?,
        _ => return Err(format!("api-version {}: expected `v1` or `group/version`", hint::shown(&request.api_version))),
    }
    part("kind", &request.kind)?;
    part("namespace", &request.namespace)?;
    part("id", &request.id)?;
    if request.api_version.is_empty() || request.api_version.ends_with('/') || request.kind.is_empty() {
        return Err("an object has an api-version and a kind".to_owned());
    }
    if request.id.is_empty() != (request.verb() == "list") {
        return Err("an object has an id, and a selection has none".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
