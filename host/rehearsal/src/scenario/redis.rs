//! `[[redis]]`: which asks of a store are answered, and with what.

use lockstep_grant::Glob;
use lockstep_grant::read::{Item, Section};
use lockstep_model::Content;
use lockstep_model::request::RedisReply;
use serde_json::Value;

use super::answers::{Known, answer, failure, rest};
use super::json::json;
use super::{Answer, RedisMatch, Rule};

/// What an answer can fail with, and whether the driver says that trying again may help.
const FAILURES: &[(&str, bool)] = &[
    ("redis.connect", true),
    ("redis.connection-lost", true),
    ("redis.busy", true),
    ("redis.auth", false),
    ("redis.tls", false),
    ("redis.denied-by-server", false),
    ("redis.readonly", false),
    ("redis.wrong-type", false),
    ("redis.too-many", false),
    ("redis.unknown-command", false),
    ("redis.server", false),
];

const KEYS: &[&str] = &["store", "words", "when", "answers", "reply", "delay", "fail", "set", "times"];
const ANSWER_KEYS: &[&str] = &["reply", "delay", "fail", "set", "times"];

pub(super) fn rule(item: &Item<'_, '_>, known: &Known) -> Option<Rule<RedisMatch, RedisReply>> {
    let section = item.section(KEYS)?;
    let store = section.need("store", "\"cache\"").and_then(|item| item.text()).map(str::to_owned);
    let words = section.need("words", "[\"GET\", \"app:cache:*\"]").map(|item| item.items()).unwrap_or_default();
    let all = words.last().is_some_and(|last| last.value().as_str() == Some("**"));
    let patterns = words.iter().take(words.len() - usize::from(all)).filter_map(|word| word.parsed(Glob::parse)).collect();
    let (when, answers) = rest(item, &section, known, ANSWER_KEYS, given);
    Some(Rule { place: item.place(), matches: RedisMatch { store: store?, words: patterns, rest: all }, when, answers })
}

fn given(section: &Section<'_, '_>, known: &Known) -> Answer<RedisReply> {
    let value = section.get("reply").and_then(|item| json(item.value()).map_err(|error| item.reject(error)).ok());
    let gives = value.map_or(RedisReply::Nil, reply);
    answer(section, known, failure(section, FAILURES, &["reply"]).map_or(Ok(gives), Err))
}

/// What a server would give for it: a table is a map, a list a list.
fn reply(value: Value) -> RedisReply {
    match value {
        Value::Null => RedisReply::Nil,
        Value::Bool(flag) => RedisReply::Boolean(flag),
        Value::Number(number) if number.is_i64() => RedisReply::Integer(number.to_string()),
        Value::Number(number) => RedisReply::Number(number.to_string()),
        Value::String(text) => RedisReply::Text(Content(text.into_bytes())),
        Value::Array(items) => RedisReply::List(items.into_iter().map(reply).collect()),
        Value::Object(entries) => {
            RedisReply::Map(entries.into_iter().map(|(key, value)| (RedisReply::Text(Content(key.into_bytes())), reply(value))).collect())
        }
    }
}
