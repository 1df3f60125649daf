//! Grants of stores of Redis.

use std::path::Path;

use lockstep_model::request::{RedisAsk, RedisRequest};
use lockstep_model::{Content, EffectClass};

use super::RedisAt;
use crate::{Decision, Denial, Destination, Grant, GrantErrors, Grantable as _, Granted};

const FILE: &str = r#"
[redis.cache]
url = "rediss://cache.example.com/2"
password = { secret = "REDIS_PASSWORD" }
allow = ["read", "write"]
prefixes = ["app:cache:*", "app:version"]
deny = ["EXPIRE", "CONFIG"]

[redis.all]
url = { secret = "REDIS_URL" }
allow = ["read", "write", "destructive"]
deny = ["FLUSHALL"]

[redis.look]
url = "redis://127.0.0.1:6400"
allow = ["read"]

[secrets]
REDIS_PASSWORD = { env = "REDIS_PASSWORD", to = ["redis.cache"] }
REDIS_URL = { env = "REDIS_URL", to = ["redis.all"] }
"#;

fn parse(text: &str) -> Result<Grant, GrantErrors> {
    Grant::parse(text, "g.toml", Path::new("/etc"))
}

fn decided(request: &RedisRequest) -> Result<Granted<RedisRequest>, Denial> {
    match request.decide(&parse(FILE).unwrap()) {
        Decision::Allowed(granted) => Ok(granted),
        Decision::Denied(denial) => Err(denial),
    }
}

fn run(store: &str, line: &str) -> Result<Granted<RedisRequest>, Denial> {
    decided(&RedisRequest::run(store, &line.split(' ').collect::<Vec<_>>()))
}

fn delete(store: &str, prefix: &str) -> Result<Granted<RedisRequest>, Denial> {
    decided(&RedisRequest::of(store, RedisAsk::DeleteByPrefix { prefix: prefix.into(), most: 10 }))
}

#[test]
fn what_is_allowed_has_the_commands_class_and_the_stores_terms() {
    let granted = run("cache", "SET app:cache:1 x").unwrap();
    assert_eq!((granted.rule(), granted.class()), ("redis.cache, g.toml:2", EffectClass::Idempotent));
    let RedisAt::Address(address) = &granted.terms().at else { panic!() };
    assert_eq!((address.secure, address.port, address.database, address.host.to_string().as_str()), (true, 6379, 2, "cache.example.com"));
    assert_eq!(granted.placed().collect::<Vec<_>>(), ["REDIS_PASSWORD"]);
    assert_eq!(run("all", "INCR any").unwrap().class(), EffectClass::AtMostOnce);
    assert_eq!(run("all", "FLUSHDB").unwrap().placed().collect::<Vec<_>>(), ["REDIS_URL"]);
    assert_eq!(run("look", "GET any").unwrap().class(), EffectClass::Read);
}

#[test]
fn a_right_a_key_or_a_deny_that_stands_against_it_is_named_with_what_to_add() {
    for (store, line, hint) in [
        ("look", "SET a b", "add \"write\" to `allow` of `redis.look` (g.toml:14)"),
        ("cache", "FLUSHDB", "add \"destructive\" to `allow` of `redis.cache` (g.toml:2)"),
        ("cache", "GET sessions:1", "add \"sessions:1\" to `prefixes` of `redis.cache` (g.toml:2)"),
        ("cache", "RENAME app:cache:1 other", "add \"other\" to `prefixes` of `redis.cache` (g.toml:2)"),
        ("cache", "GET app:version2", "add \"app:version2\" to `prefixes` of `redis.cache` (g.toml:2)"),
        ("cache", "SCAN 0", "a store without `prefixes`, declared beside `redis.cache` (g.toml:2), may run it"),
        ("cache", "expire app:cache:1 10", "a deny wins over every allow: take \"EXPIRE\" out of `deny` of `redis.cache` (g.toml:2) to let it through"),
        ("cache", "config get maxmemory", "a deny wins over every allow: take \"CONFIG GET\" out of `deny` of `redis.cache` (g.toml:2) to let it through"),
        ("all", "FLUSHALL async", "a deny wins over every allow: take \"FLUSHALL\" out of `deny` of `redis.all` (g.toml:9) to let it through"),
        ("none", "PING", "add to the grant file:\n[redis.none]\nurl = \"rediss://…\"\nallow = [\"read\"]"),
    ] {
        assert_eq!(run(store, line).unwrap_err().hint.as_deref(), Some(hint), "{store} {line}");
    }
}

#[test]
fn what_no_grant_allows_is_refused_however_much_is_allowed() {
    for line in ["EVAL x 0", "KEYS *", "NOSUCH", "SUBSCRIBE a", "SHUTDOWN", "MIGRATE h 1 k 0 1", "CONFIG GET *"] {
        assert_eq!(run("all", line).unwrap_err().rule, "built-in", "{line}");
    }
    assert_eq!(decided(&RedisRequest::of("all", RedisAsk::Run { words: Vec::new() })).unwrap_err().rule, "built-in");
    assert_eq!(decided(&RedisRequest::of("all", RedisAsk::Run { words: vec![Content::default(); 10_001] })).unwrap_err().rule, "built-in");
}

#[test]
fn a_prefix_must_lie_within_the_stores_and_is_never_empty_or_everything() {
    assert_eq!(delete("cache", "app:cache:").unwrap().class(), EffectClass::Idempotent);
    delete("cache", "app:cache:users:").unwrap();
    // A star of the guest's is a star in a key.
    delete("cache", "app:cache:*").unwrap();
    for prefix in ["app:", "app:version", "sessions:", "*"] {
        assert!(delete("cache", prefix).unwrap_err().message.contains("outside"), "{prefix}");
    }
    assert_eq!(delete("all", "").unwrap_err().rule, "built-in");
    delete("all", "a").unwrap();
    assert!(delete("look", "a").unwrap_err().message.contains("`write`"));
    let writer = parse("[redis.w]\nurl = \"redis://h\"\nallow = [\"read\", \"write\"]").unwrap();
    let Decision::Denied(denial) = RedisRequest::of("w", RedisAsk::DeleteByPrefix { prefix: "a".into(), most: 1 }).decide(&writer) else { panic!() };
    assert!(denial.message.contains("`destructive`"), "without `prefixes` it might be anything: {denial:?}");
    let scan = |prefix: &str| decided(&RedisRequest::of("cache", RedisAsk::Scan { prefix: prefix.into(), most: 10 }));
    scan("app:cache:").unwrap();
    scan("").unwrap_err();
}

#[test]
fn a_secret_may_go_to_the_store_that_it_names_and_no_other() {
    let grant = parse(FILE).unwrap();
    let secret = grant.secret("REDIS_URL").unwrap();
    assert!(secret.may_go_to(&Destination::Section("redis.all".into())) && !secret.may_go_to(&Destination::Section("redis.cache".into())));
    assert_eq!(RedisRequest::run("all", &["PING"]).destination(), Some(Destination::Section("redis.all".into())));
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_never_with_a_password() {
    for (text, message) in [
        ("[redis.a]\nurl = \"redis://:hunter2@h\"\nallow = [\"read\"]", "g.toml:2:1: redis.a.url: a password does not stand in a grant file"),
        ("[redis.a]\nurl = \"http://hunter2\"\nallow = [\"read\"]", "g.toml:2:1: redis.a.url: expected `redis://HOST:PORT/DATABASE`"),
        ("[redis.a]\nurl = { secret = \"U\" }\nallow = [\"read\"]", "g.toml:2:9: redis.a.url.secret: secret `U` is not declared"),
        ("[redis.a]\nurl = { secret = \"U\" }\nallow = [\"read\"]\n[secrets]\nU = { env = \"U\", to = [\"redis.b\"] }", "secret `U` may not go to `redis.a`"),
        ("[redis.a]\nurl = \"redis://h\"\npassword = \"hunter2\"\nallow = [\"read\"]", "g.toml:3:1: redis.a.password: a secret does not stand in a grant file"),
        ("[redis.a]\nurl = \"redis://h\"\nallow = [\"delete\"]", "unknown word `delete`"),
        ("[redis.a]\nurl = \"redis://h\"\nallow = [\"read\"]\nprefixes = [\"*\"]", "g.toml:4:13: redis.a.prefixes[0]: a `*` stands at the end only"),
        ("[redis.a]\nurl = \"redis://h\"\nallow = [\"read\"]\nprefixes = [\"a*b\"]", "a `*` stands at the end only"),
        ("[redis.a]\nurl = \"redis://h\"\nallow = [\"read\"]\ndeny = [\"FLUSH\"]", "`FLUSH` is no command of Redis"),
        ("[redis.a]\nurl = \"redis://h\"", "`redis.a` has no `allow`"),
        ("[redis.\"a b\"]\nurl = \"redis://h\"\nallow = [\"read\"]", "a store's name is"),
    ] {
        let errors = parse(text).unwrap_err().to_string();
        assert!(errors.contains(message) && !errors.contains("hunter2"), "{text}\n{errors}");
    }
}
