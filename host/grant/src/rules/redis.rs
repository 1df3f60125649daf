//! `[redis.NAME]`: stores by name, what may be done there, and which keys may be touched.

mod address;
mod read;

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_model::EffectClass;
use lockstep_model::request::{RedisAsk, RedisCommand, RedisKind, RedisRefusal, RedisRequest, Request as _};

use crate::explain::Watch;
use crate::glob::{self, Glob};
use crate::granted::Denial;
use crate::hint;
use crate::judge::{Mismatch, Rule, Side};
use crate::place::Place;
use crate::terms::RedisTerms;

pub use address::{RedisAddress, RedisLogin, RedisUrlError, parse_redis_url};

/// Most words of a command, as the contract says.
const WORDS_MAX: usize = 10_000;
/// Most bytes of all words of a command, as the contract says.
const WORDS_BYTES_MAX: usize = 16 << 20;

/// The stores of `[redis]`. The default has none.
#[derive(Debug, Clone, Default)]
pub struct RedisRules {
    stores: Vec<RedisRule>,
}

/// One store.
#[derive(Debug, Clone)]
pub struct RedisRule {
    /// What procedures call it.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    at: RedisAt,
    user: Option<String>,
    /// The id of a secret.
    password: Option<String>,
    rights: Vec<RedisRight>,
    prefixes: Vec<KeyPattern>,
    /// Commands in upper case.
    deny: Vec<String>,
    authorities: Arc<[PathBuf]>,
    reply_limit: usize,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisAt {
    /// As the grant file says.
    Address(RedisAddress),
    /// A secret of this id has the URL.
    Secret(String),
}

/// What may be done in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedisRight {
    /// What changes nothing.
    Read,
    /// What changes the keys that it names.
    Write,
    /// What takes away more than that, or changes the server.
    Destructive,
}

/// A key, or every key that begins so.
#[derive(Debug, Clone)]
struct KeyPattern {
    text: String,
    glob: Glob,
    /// What stands before the star, when there is one.
    before: Option<Vec<u8>>,
}

/// Why a store does not let a request through.
enum Refusal<'r> {
    BuiltIn(String, Option<String>),
    Denied(String),
    Right(RedisRight),
    Key(&'r [u8]),
    Keys,
}

impl RedisRight {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }
}

impl Rule for RedisRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        let rights: Vec<&str> = self.rights.iter().map(|right| right.word()).collect();
        let prefixes = self.prefixes.iter().map(|prefix| format!(" {}", prefix.text)).collect::<String>();
        let deny = if self.deny.is_empty() { String::new() } else { format!(", never {}", self.deny.join(", ")) };
        format!("{} {}{prefixes}{deny}", self.id, rights.join(","))
    }
}

impl RedisRules {
    /// The longest reply kept when the rule does not say.
    pub const REPLY_LIMIT: usize = 4 << 20;
    /// A reply is held in memory and in the journal's store: no grant can ask for more.
    pub const REPLY_LIMIT_MAX: u64 = 64 << 20;

    /// The stores, by name.
    pub fn stores(&self) -> &[RedisRule] {
        &self.stores
    }

    pub(crate) fn decide(&self, request: &RedisRequest, watch: &mut dyn Watch) -> Result<(&RedisRule, EffectClass, RedisTerms), Denial> {
        check_form(request).map_err(|message| Denial::built_in(message, None))?;
        let mut decision =
            Err(Denial::by_default(format!("redis store {} is not one of the grant's", hint::shown(&request.store)), store_hint(&request.store)));
        for rule in &self.stores {
            if rule.id != request.store {
                watch.considered(rule, Side::Allow, Err(Mismatch::Store));
                continue;
            }
            let allowed = rule.allows(request);
            watch.considered(rule, Side::Allow, allowed.as_ref().map(drop).map_err(Refusal::mismatch));
            decision = allowed.map(|class| (rule, class, rule.terms())).map_err(|refusal| rule.denial(request, &refusal));
        }
        decision
    }
}

impl RedisRule {
    /// What `to` of a secret calls this store.
    pub(crate) fn section(id: &str) -> String {
        format!("redis.{id}")
    }

    /// The secrets that a connection needs.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let url = match &self.at {
            RedisAt::Address(_) => None,
            RedisAt::Secret(id) => Some(id.clone()),
        };
        url.into_iter().chain(self.password.clone()).collect()
    }

    fn terms(&self) -> RedisTerms {
        let Self { at, user, password, authorities, reply_limit, .. } = self.clone();
        RedisTerms { at, user, password, authorities, reply_limit }
    }

    fn allows<'r>(&self, request: &'r RedisRequest) -> Result<EffectClass, Refusal<'r>> {
        match &request.ask {
            RedisAsk::Open => {}
            RedisAsk::Ping | RedisAsk::Info { .. } => self.has(RedisRight::Read)?,
            RedisAsk::Run { words } => return self.allows_command(words),
            RedisAsk::Scan { prefix, .. } => {
                self.has(RedisRight::Read)?;
                self.has_prefix(&prefix.0)?;
            }
            RedisAsk::DeleteByPrefix { prefix, .. } if prefix.is_empty() => {
                let hint = "name what the keys begin with; to empty the whole database run `FLUSHDB`, which is destructive".to_owned();
                return Err(Refusal::BuiltIn("an empty prefix is every key of the database".to_owned(), Some(hint)));
            }
            RedisAsk::DeleteByPrefix { prefix, .. } => {
                self.has(RedisRight::Write)?;
                if self.prefixes.is_empty() {
                    // Without a bound of the operator's it may be anything.
                    self.has(RedisRight::Destructive)?;
                }
                self.has_prefix(&prefix.0)?;
            }
        }
        Ok(request.class())
    }

    fn allows_command<'r>(&self, words: &'r [lockstep_model::Content]) -> Result<EffectClass, Refusal<'r>> {
        let Some(command) = RedisCommand::of(words) else {
            return Err(Refusal::BuiltIn(
                format!("{} is not a command whose effect is known", command_shown(words)),
                Some("commands of modules and of servers after Redis 7.0 are not sent".to_owned()),
            ));
        };
        if self.deny.iter().any(|denied| command.name == denied || command.name.strip_prefix(denied.as_str()).is_some_and(|rest| rest.starts_with(' '))) {
            return Err(Refusal::Denied(command.name.to_owned()));
        }
        match command.kind {
            RedisKind::Read => self.has(RedisRight::Read)?,
            RedisKind::Idempotent | RedisKind::Write => self.has(RedisRight::Write)?,
            RedisKind::Destructive => self.has(RedisRight::Destructive)?,
            RedisKind::Refused(reason) => return Err(Refusal::BuiltIn(format!("`{}` is never sent: {reason}", command.name), refused_hint(reason))),
        }
        if !self.prefixes.is_empty() {
            let keys = command.keys_of(words).ok_or(Refusal::Keys)?;
            if let Some(key) = keys.into_iter().find(|key| !self.prefixes.iter().any(|prefix| prefix.glob.matches(key))) {
                return Err(Refusal::Key(key));
            }
        }
        Ok(command.class())
    }

    fn has<'r>(&self, right: RedisRight) -> Result<(), Refusal<'r>> {
        if self.rights.contains(&right) { Ok(()) } else { Err(Refusal::Right(right)) }
    }

    /// Whether every key that begins with `prefix` may be touched.
    fn has_prefix<'r>(&self, prefix: &'r [u8]) -> Result<(), Refusal<'r>> {
        let within = |pattern: &KeyPattern| pattern.before.as_ref().is_some_and(|before| prefix.starts_with(before));
        if self.prefixes.is_empty() || self.prefixes.iter().any(within) { Ok(()) } else { Err(Refusal::Key(prefix)) }
    }

    fn denial(&self, request: &RedisRequest, refusal: &Refusal<'_>) -> Denial {
        let at = format!("`{}` ({}:{})", self.place.name, self.place.file, self.place.line);
        let asked = hint::shown(&request.summary());
        match refusal {
            Refusal::BuiltIn(message, hint) => Denial::built_in(message.clone(), hint.clone()),
            Refusal::Denied(command) => Denial {
                rule: self.place.to_string(),
                message: format!("redis {asked} is not allowed"),
                hint: Some(format!("a deny wins over every allow: take \"{command}\" out of `deny` of {at} to let it through")),
            },
            Refusal::Right(right) => Denial::by_default(
                format!("redis {asked} is not allowed: it needs `{}`", right.word()),
                Some(format!("add \"{}\" to `allow` of {at}", right.word())),
            ),
            Refusal::Key(key) => {
                let star = if matches!(request.ask, RedisAsk::Run { .. }) { "" } else { "*" };
                let pattern = std::str::from_utf8(key).ok().and_then(|key| hint::quoted(&format!("{}{star}", glob::escape(key))));
                Denial::by_default(
                    format!("redis {asked} is not allowed: a key outside `prefixes`"),
                    pattern.and_then(|pattern| hint::fitting(format!("add {pattern} to `prefixes` of {at}"))),
                )
            }
            Refusal::Keys => Denial::by_default(
                format!("redis {asked} is not allowed: which keys it touches cannot be told, and the store has `prefixes`"),
                Some(format!("a store without `prefixes`, declared beside {at}, may run it")),
            ),
        }
    }
}

impl Refusal<'_> {
    fn mismatch(&self) -> Mismatch {
        match self {
            Self::BuiltIn(..) => Mismatch::Never,
            Self::Denied(_) => Mismatch::Command,
            Self::Right(_) => Mismatch::StoreRight,
            Self::Key(_) | Self::Keys => Mismatch::Key,
        }
    }
}

fn refused_hint(reason: RedisRefusal) -> Option<String> {
    match reason {
        RedisRefusal::Keyspace => Some("`scan` gives the keys that begin with a text, and does not hold the server up".to_owned()),
        RedisRefusal::Blocks
        | RedisRefusal::Listens
        | RedisRefusal::Connection
        | RedisRefusal::Elsewhere
        | RedisRefusal::Code
        | RedisRefusal::Server
        | RedisRefusal::Password => None,
    }
}

fn store_hint(id: &str) -> Option<String> {
    let plain = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    plain.then(|| format!("add to the grant file:\n[redis.{id}]\nurl = \"rediss://…\"\nallow = [\"read\"]"))
}

fn command_shown(words: &[lockstep_model::Content]) -> String {
    hint::shown(words.first().and_then(|word| word.as_text()).unwrap_or("(bytes)"))
}

/// Guest-controlled: what the contract does not take.
fn check_form(request: &RedisRequest) -> Result<(), String> {
    let RedisAsk::Run { words } = &request.ask else { return Ok(()) };
    if words.is_empty() {
        return Err("a command has at least one word".to_owned());
    }
    if words.len() > WORDS_MAX || words.iter().map(lockstep_model::Content::len).sum::<usize>() > WORDS_BYTES_MAX {
        return Err(format!("a command has at most {WORDS_MAX} words of {WORDS_BYTES_MAX} bytes in all"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
