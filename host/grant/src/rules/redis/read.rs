//! Reading `[redis]`: every problem with its place.

use lockstep_model::request::RedisCommand;

use super::{KeyPattern, RedisAt, RedisRight, RedisRule, RedisRules, parse_redis_url};
use crate::glob::Glob;
use crate::read::Item;
use crate::rules::SecretRule;
use crate::rules::secrets::read_placed;

const KEYS: &[&str] = &["url", "user", "password", "allow", "prefixes", "deny", "authorities", "reply-limit"];

impl RedisRules {
    pub(crate) fn read(table: &Item<'_, '_>, secrets: &[SecretRule]) -> Self {
        Self { stores: table.entries().into_iter().filter_map(|(id, item)| RedisRule::read(id, &item, secrets)).collect() }
    }

    /// Whether anything at all is allowed.
    pub(crate) fn allows_something(&self) -> bool {
        !self.stores.is_empty()
    }
}

impl RedisRule {
    fn read(id: &str, item: &Item<'_, '_>, secrets: &[SecretRule]) -> Option<Self> {
        let legal = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !legal {
            item.reject("a store's name is 1 to 64 letters, digits, `_` and `-`");
        }
        let section = item.section(KEYS)?;
        let to = Self::section(id);
        let list = |key| section.get(key).map(|item| item.items()).unwrap_or_default();
        let at = section.need("url", "\"rediss://cache.example.com:6379/0\"").and_then(|item| read_url(&item, secrets, &to));
        let user = section.get("user").and_then(|item| item.text()).map(str::to_owned);
        let password = section.get("password").and_then(|item| read_placed(&item, secrets, &to));
        if let (Some(item), None) = (section.get("user"), section.get("password")) {
            item.reject_with("a user without a password", "add `password = { secret = \"…\" }`");
        }
        let rights = section.need("allow", "[\"read\"]").map(|item| read_rights(&item)).unwrap_or_default();
        let prefixes = section.get("prefixes").map(|item| read_prefixes(&item)).unwrap_or_default();
        let deny = list("deny").iter().filter_map(read_command).collect();
        let authorities: Vec<_> = list("authorities").iter().filter_map(Item::host_path).collect();
        let reply = section.get("reply-limit").and_then(|item| item.size(1..=RedisRules::REPLY_LIMIT_MAX));
        let reply_limit = reply.and_then(|size| usize::try_from(size).ok()).unwrap_or(RedisRules::REPLY_LIMIT);
        Some(Self { id: id.to_owned(), place: item.place(), at: at?, user, password, rights, prefixes, deny, authorities: authorities.into(), reply_limit })
    }
}

fn read_url(item: &Item<'_, '_>, secrets: &[SecretRule], to: &str) -> Option<RedisAt> {
    if item.is_table() {
        return read_placed(item, secrets, to).map(RedisAt::Secret);
    }
    let (address, login) = item.parsed(parse_redis_url)?;
    if login.user.is_some() || login.password.is_some() {
        item.reject_with("a password does not stand in a grant file", "use `user = \"…\"` and `password = { secret = \"…\" }`, or `url = { secret = \"…\" }`");
        return None;
    }
    Some(RedisAt::Address(address))
}

fn read_rights(item: &Item<'_, '_>) -> Vec<RedisRight> {
    let items = item.items();
    if items.is_empty() {
        item.reject("a store in which nothing may be done is of no use");
    }
    let words = [RedisRight::Read, RedisRight::Write, RedisRight::Destructive].map(|right| (right.word(), right));
    items.iter().filter_map(|item| item.word(&words)).collect()
}

fn read_prefixes(item: &Item<'_, '_>) -> Vec<KeyPattern> {
    let items = item.items();
    if items.is_empty() {
        item.reject("no key may be touched: leave `prefixes` out to allow every key");
    }
    items.iter().filter_map(KeyPattern::read).collect()
}

impl KeyPattern {
    fn read(item: &Item<'_, '_>) -> Option<Self> {
        let text = item.text()?;
        let glob = item.parsed(Glob::parse)?;
        let before = match glob.pieces() {
            [_] => None,
            [before, after] if after.is_empty() && !before.is_empty() => Some(before.clone()),
            _ => {
                item.reject_with("a `*` stands at the end only, after something", "for example \"app:cache:*\"; leave `prefixes` out to allow every key");
                return None;
            }
        };
        Some(Self { text: text.to_owned(), glob, before })
    }
}

fn read_command(item: &Item<'_, '_>) -> Option<String> {
    let name = item.text()?.to_ascii_uppercase();
    if !RedisCommand::is_known(&name) {
        item.reject_with(format_args!("`{name}` is no command of Redis"), "for example \"FLUSHDB\" or \"CONFIG SET\"");
        return None;
    }
    Some(name)
}
