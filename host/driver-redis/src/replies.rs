//! From the library's values to the journal's.

use lockstep_model::request::RedisReply;
use lockstep_model::{Content, Failure};
use redis::Value;

use crate::failures::{self, protocol};

/// A reply; an error at its outside is a failure.
pub(crate) fn reply(at: &str, value: Value) -> Result<RedisReply, Failure> {
    match value {
        Value::ServerError(error) => Err(failures::of_server(&error)),
        value => part(value).ok_or_else(|| protocol(at, "it pushes what nobody asked for")),
    }
}

fn part(value: Value) -> Option<RedisReply> {
    Some(match value {
        Value::Nil => RedisReply::Nil,
        Value::Int(number) => RedisReply::Integer(number.to_string()),
        Value::BulkString(bytes) => RedisReply::Text(Content(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => RedisReply::Text(Content(text.into_bytes())),
        Value::Okay => RedisReply::Text(Content::from("OK")),
        Value::Array(items) | Value::Set(items) => RedisReply::List(items.into_iter().map(part).collect::<Option<_>>()?),
        Value::Map(pairs) => RedisReply::Map(pairs.into_iter().map(|(key, value)| Some((part(key)?, part(value)?))).collect::<Option<_>>()?),
        Value::Attribute { data, .. } => part(*data)?,
        Value::Double(number) => RedisReply::Number(number.to_string()),
        Value::Boolean(flag) => RedisReply::Boolean(flag),
        Value::BigNumber(digits) => RedisReply::Integer(String::from_utf8_lossy(&digits).into_owned()),
        Value::ServerError(error) => RedisReply::Error(failures::shown(&format!("{} {}", error.code(), error.details().unwrap_or_default()))),
        // Of the library, which may have more kinds one day.
        _ => return None,
    })
}

/// A reply that is a text.
pub(crate) fn text(reply: RedisReply) -> Result<Vec<u8>, Failure> {
    match reply {
        RedisReply::Text(text) => Ok(text.0),
        other => Err(Failure::problem("redis.protocol", format!("a reply is `{}` where a text was expected", other.kind()))),
    }
}

/// A reply that is a list.
pub(crate) fn list(reply: RedisReply) -> Result<Vec<RedisReply>, Failure> {
    match reply {
        RedisReply::List(items) => Ok(items),
        other => Err(Failure::problem("redis.protocol", format!("a reply is `{}` where a list was expected", other.kind()))),
    }
}

/// A reply that is a number.
pub(crate) fn number(reply: &RedisReply) -> Result<u32, Failure> {
    let digits = match reply {
        RedisReply::Integer(digits) => digits.parse().ok(),
        _ => None,
    };
    digits.ok_or_else(|| Failure::problem("redis.protocol", format!("a reply is `{}` where a number was expected", reply.kind())))
}
