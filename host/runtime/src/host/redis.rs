//! `redis`: a store by its id, and replies behind handles. What a guest passes is checked here; what a command means is the grant's to say.

use lockstep_model::request::{RedisAsk, RedisReply, RedisRequest, RedisResponse, Scanned};
use lockstep_model::{Content, Failure};
use serde_json::{Value, json};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::redis;
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::text::as_text;
use super::unexpected;

/// No grant has a longer one.
const LONGEST_ID: usize = 64;
const LONGEST_SECTION: usize = 64;
const LONGEST_PREFIX: usize = 1 << 10;
const MOST_KEYS: u32 = 1_000_000;
const MOST_WORDS: usize = 10_000;
const LONGEST_WORDS: usize = 16 << 20;
const LONGEST_TIMEOUT: u32 = 86_400_000;

/// A store that the grant has.
pub struct Store {
    id: String,
    timeout: Option<u32>,
    /// A wrong deadline; the next call says so.
    wrong: Option<Failure>,
}

impl Kept for Store {
    fn size(&self) -> usize {
        self.id.len()
    }
}

impl Kept for RedisReply {
    fn size(&self) -> usize {
        Self::size(self)
    }
}

impl Kept for Scanned {
    fn size(&self) -> usize {
        self.keys.iter().map(|key| key.len() + size_of::<Content>()).sum()
    }
}

fn limit<T>(what: String) -> Result<T, Failure> {
    Err(Failure::fixed_limit("redis.limit", what))
}

fn words(words: Vec<Vec<u8>>) -> Result<RedisAsk, Failure> {
    let total: usize = words.iter().map(Vec::len).sum();
    if words.is_empty() {
        return Err(Failure::problem("redis.argument", "a command has at least one word"));
    }
    if words.len() > MOST_WORDS || total > LONGEST_WORDS {
        return limit(format!("a command of {} words with {total} bytes in all, at most {MOST_WORDS} words of {LONGEST_WORDS}", words.len()));
    }
    Ok(RedisAsk::Run { words: words.into_iter().map(Content).collect() })
}

fn prefix(prefix: Vec<u8>, most: u32) -> Result<(Content, u32), Failure> {
    if prefix.len() > LONGEST_PREFIX {
        return limit(format!("a prefix of {} bytes, at most {LONGEST_PREFIX}", prefix.len()));
    }
    if most > MOST_KEYS {
        return limit(format!("{most} keys, at most {MOST_KEYS} in one call"));
    }
    Ok((Content(prefix), most))
}

impl Context {
    /// Asks a store, unless what is asked is wrong already.
    fn ask_store(&mut self, function: &'static str, store: &Resource<Store>, ask: Result<RedisAsk, Failure>) -> Result<RedisResponse, Refusal> {
        self.gate(function)?;
        let Store { id, timeout, wrong } = self.kept(store)?;
        if let Some(wrong) = wrong {
            return Err(wrong.clone().into());
        }
        let request = RedisRequest { store: id.clone(), ask: ask?, timeout_milliseconds: *timeout };
        self.ask(function, request)
    }

    fn run_words(&mut self, function: &'static str, store: &Resource<Store>, given: Vec<Vec<u8>>) -> Result<Resource<RedisReply>, Refusal> {
        match self.ask_store(function, store, words(given))? {
            RedisResponse::Reply(reply) => Ok(self.keep(reply)?),
            _ => Err(unexpected(function).into()),
        }
    }
}

impl redis::Host for Context {}

impl redis::HostStore for Context {
    fn open(&mut self, id: String) -> Result<Resource<Store>, Refusal> {
        self.gate("redis.store.open")?;
        if id.len() > LONGEST_ID {
            return Err(Failure::problem("redis.argument", format!("an id of {} bytes: no store has one of more than {LONGEST_ID}", id.len())).into());
        }
        match self.ask("redis.store.open", RedisRequest::of(&id, RedisAsk::Open))? {
            RedisResponse::Opened => Ok(self.keep(Store { id, timeout: None, wrong: None })?),
            _ => Err(unexpected("redis.store.open").into()),
        }
    }

    fn timeout(&mut self, store: Resource<Store>, milliseconds: u32) -> Result<()> {
        self.change(&store, |store| {
            if milliseconds > LONGEST_TIMEOUT {
                let what = format!("a timeout of {milliseconds} milliseconds, at most {LONGEST_TIMEOUT}");
                store.wrong.get_or_insert(Failure::fixed_limit("redis.limit", what));
            } else {
                store.timeout = Some(milliseconds);
            }
        })
    }

    fn run(&mut self, store: Resource<Store>, words: Vec<Vec<u8>>) -> Result<Resource<RedisReply>, Refusal> {
        self.run_words("redis.store.run", &store, words)
    }

    fn run_text(&mut self, store: Resource<Store>, words: Vec<String>) -> Result<Resource<RedisReply>, Refusal> {
        self.run_words("redis.store.run-text", &store, words.into_iter().map(String::into_bytes).collect())
    }

    fn ping(&mut self, store: Resource<Store>) -> Result<u32, Refusal> {
        match self.ask_store("redis.store.ping", &store, Ok(RedisAsk::Ping))? {
            RedisResponse::Latency(microseconds) => Ok(microseconds),
            _ => Err(unexpected("redis.store.ping").into()),
        }
    }

    fn info(&mut self, store: Resource<Store>, section: String) -> Result<String, Refusal> {
        let fits = section.len() <= LONGEST_SECTION;
        let ask = if fits { Ok(RedisAsk::Info { section }) } else { limit(format!("a section of {} bytes, at most {LONGEST_SECTION}", section.len())) };
        match self.ask_store("redis.store.info", &store, ask)? {
            RedisResponse::Info(text) => Ok(as_text(&text.0, "redis.invalid-utf8", "the answer")?),
            _ => Err(unexpected("redis.store.info").into()),
        }
    }

    fn scan(&mut self, store: Resource<Store>, begins: Vec<u8>, most: u32) -> Result<Resource<Scanned>, Refusal> {
        let ask = prefix(begins, most).map(|(prefix, most)| RedisAsk::Scan { prefix, most });
        match self.ask_store("redis.store.scan", &store, ask)? {
            RedisResponse::Keys(scanned) => Ok(self.keep(scanned)?),
            _ => Err(unexpected("redis.store.scan").into()),
        }
    }

    fn delete_by_prefix(&mut self, store: Resource<Store>, begins: Vec<u8>, most: u32) -> Result<u32, Refusal> {
        let ask = prefix(begins, most).map(|(prefix, most)| RedisAsk::DeleteByPrefix { prefix, most });
        match self.ask_store("redis.store.delete-by-prefix", &store, ask)? {
            RedisResponse::Deleted(count) => Ok(count),
            _ => Err(unexpected("redis.store.delete-by-prefix").into()),
        }
    }

    fn drop(&mut self, store: Resource<Store>) -> Result<()> {
        self.forget(store)
    }
}

impl redis::HostScanned for Context {
    fn keys(&mut self, scanned: Resource<Scanned>) -> Result<Vec<Vec<u8>>> {
        Ok(self.kept(&scanned)?.keys.iter().map(|key| key.0.clone()).collect())
    }

    fn total(&mut self, scanned: Resource<Scanned>) -> Result<u32> {
        Ok(self.kept(&scanned)?.total)
    }

    fn slowest(&mut self, scanned: Resource<Scanned>) -> Result<u32> {
        Ok(self.kept(&scanned)?.slowest)
    }

    fn drop(&mut self, scanned: Resource<Scanned>) -> Result<()> {
        self.forget(scanned)
    }
}

impl redis::HostReply for Context {
    fn kind(&mut self, reply: Resource<RedisReply>) -> Result<String> {
        Ok(self.kept(&reply)?.kind().to_owned())
    }

    fn text(&mut self, reply: Resource<RedisReply>) -> Result<String, Refusal> {
        Ok(as_text(&bytes(self.kept(&reply)?)?, "redis.invalid-utf8", "the reply")?)
    }

    fn bytes(&mut self, reply: Resource<RedisReply>) -> Result<Vec<u8>, Refusal> {
        Ok(bytes(self.kept(&reply)?)?)
    }

    fn integer(&mut self, reply: Resource<RedisReply>) -> Result<String, Refusal> {
        Ok(integer(self.kept(&reply)?)?)
    }

    fn count(&mut self, reply: Resource<RedisReply>) -> Result<u32> {
        Ok(u32::try_from(self.kept(&reply)?.items().len()).unwrap_or(u32::MAX))
    }

    fn part(&mut self, reply: Resource<RedisReply>, index: u32) -> Result<Resource<RedisReply>, Refusal> {
        let items = self.kept(&reply)?.items();
        let Some(part) = items.get(index as usize).map(|part| (*part).clone()) else {
            return Err(Failure::problem("redis.reply", format!("the reply has {} parts, and none at {index}", items.len())).into());
        };
        Ok(self.keep(part)?)
    }

    fn json(&mut self, reply: Resource<RedisReply>) -> Result<String> {
        Ok(rendered(self.kept(&reply)?).to_string())
    }

    fn drop(&mut self, reply: Resource<RedisReply>) -> Result<()> {
        self.forget(reply)
    }
}

fn another_kind(reply: &RedisReply, wanted: &str) -> Failure {
    Failure::problem("redis.reply", format!("the reply is `{}`, not {wanted}", reply.kind()))
}

fn bytes(reply: &RedisReply) -> Result<Vec<u8>, Failure> {
    match reply {
        RedisReply::Text(bytes) => Ok(bytes.0.clone()),
        RedisReply::Integer(text) | RedisReply::Number(text) | RedisReply::Error(text) => Ok(text.clone().into_bytes()),
        RedisReply::Boolean(flag) => Ok(flag.to_string().into_bytes()),
        RedisReply::Nil | RedisReply::List(_) | RedisReply::Map(_) => Err(another_kind(reply, "a text")),
    }
}

fn integer(reply: &RedisReply) -> Result<String, Failure> {
    let digits = match reply {
        RedisReply::Integer(digits) => Some(digits.clone()),
        RedisReply::Text(bytes) => bytes.as_text().and_then(|text| text.parse::<i64>().ok()).map(|number| number.to_string()),
        RedisReply::Nil | RedisReply::Number(_) | RedisReply::Boolean(_) | RedisReply::List(_) | RedisReply::Map(_) | RedisReply::Error(_) => None,
    };
    digits.ok_or_else(|| another_kind(reply, "a whole number"))
}

/// As JSON.
fn rendered(reply: &RedisReply) -> Value {
    match reply {
        RedisReply::Nil => Value::Null,
        RedisReply::Integer(digits) | RedisReply::Number(digits) => digits.parse().map_or_else(|_| Value::String(digits.clone()), Value::Number),
        RedisReply::Text(bytes) => serde_json::to_value(bytes).unwrap_or_default(),
        RedisReply::Boolean(flag) => Value::Bool(*flag),
        RedisReply::List(items) => items.iter().map(rendered).collect(),
        RedisReply::Map(pairs) => {
            let named = pairs.iter().map(|(key, value)| match key {
                RedisReply::Text(key) => Some((key.as_text()?.to_owned(), rendered(value))),
                _ => None,
            });
            let object: Option<serde_json::Map<String, Value>> = named.collect();
            object.map_or_else(|| pairs.iter().map(|(key, value)| json!([rendered(key), rendered(value)])).collect(), Value::Object)
        }
        RedisReply::Error(text) => json!({ "error": text }),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::Content;
    use lockstep_model::request::RedisReply as Reply;

    use super::{integer, prefix, rendered, words};

    fn text(text: &str) -> Reply {
        Reply::Text(Content::from(text))
    }

    #[test]
    fn a_reply_is_json_that_loses_nothing() {
        let large = Reply::Integer("9007199254740993".to_owned());
        let list = Reply::List(vec![Reply::Nil, Reply::Boolean(true), Reply::Text(Content(vec![0xff])), Reply::Error("ERR no".to_owned())]);
        let map = Reply::Map(vec![(text("n"), large.clone()), (text("l"), list)]);
        let json = rendered(&map);
        assert_eq!(json["n"].to_string(), "9007199254740993");
        assert_eq!(json["l"].to_string(), r#"[null,true,{"base64":"/w=="},{"error":"ERR no"}]"#);
        assert_eq!(rendered(&Reply::Map(vec![(large, text("a"))])).to_string(), r#"[[9007199254740993,"a"]]"#);
        assert_eq!(integer(&text("-7")).unwrap(), "-7");
        assert_eq!(integer(&text("x")).unwrap_err().code(), "redis.reply");
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_becomes_a_request() {
        assert_eq!(words(Vec::new()).unwrap_err().code(), "redis.argument");
        assert_eq!(words(vec![Vec::new(); 10_001]).unwrap_err().code(), "redis.limit");
        assert_eq!(words(vec![vec![0; (16 << 20) + 1]]).unwrap_err().code(), "redis.limit");
        assert_eq!(prefix(vec![0; 1_025], 1).unwrap_err().code(), "redis.limit");
        assert_eq!(prefix(vec![0; 1], 1_000_001).unwrap_err().code(), "redis.limit");
    }
}
