//! A reply of Redis, in the form that the journal keeps.

use serde::{Deserialize, Serialize};

use crate::Content;
use crate::request::TextPlace;

/// What a command gave. An error at the outside is a failure of the call; one within a list is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "of", rename_all = "kebab-case")]
pub enum RedisReply {
    /// Nothing there.
    Nil,
    /// A whole number, in decimal digits: some languages lose large ones.
    Integer(String),
    /// A text or bytes.
    Text(Content),
    /// A number that is not whole, as it is written.
    Number(String),
    /// Yes or no.
    Boolean(bool),
    /// In the server's order; a set, too.
    List(Vec<RedisReply>),
    /// Pairs, in the server's order.
    Map(Vec<(RedisReply, RedisReply)>),
    /// Of one part of what was asked.
    Error(String),
}

impl RedisReply {
    /// The word for what it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Integer(_) => "integer",
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::Boolean(_) => "boolean",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Error(_) => "error",
        }
    }

    /// Roughly how many bytes it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Nil | Self::Boolean(_) => 0,
                Self::Integer(text) | Self::Number(text) | Self::Error(text) => text.len(),
                Self::Text(bytes) => bytes.len(),
                Self::List(items) => items.iter().map(Self::size).sum(),
                Self::Map(pairs) => pairs.iter().map(|(key, value)| key.size() + value.size()).sum(),
            }
    }

    /// Parts in a list, values in a map twice: key, value, key, value.
    pub fn items(&self) -> Vec<&Self> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
            Self::Nil | Self::Integer(_) | Self::Text(_) | Self::Number(_) | Self::Boolean(_) | Self::Error(_) => Vec::new(),
        }
    }

    pub(super) fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        match self {
            Self::Nil | Self::Boolean(_) => {}
            // Digits may be a secret as well as a text may.
            Self::Integer(text) | Self::Number(text) | Self::Error(text) => visit(TextPlace::Text(text)),
            Self::Text(bytes) => visit(TextPlace::Bytes(&mut bytes.0)),
            Self::List(items) => items.iter_mut().for_each(|item| item.visit_texts(visit)),
            Self::Map(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                key.visit_texts(visit);
                value.visit_texts(visit);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RedisReply as R;
    use crate::Content;

    #[test]
    fn a_reply_is_stored_without_loss() {
        let text = |text: &str| R::Text(Content::from(text));
        let reply = R::Map(vec![
            (text("n"), R::Integer("9007199254740993".into())),
            (text("b"), R::Text(Content(vec![0xff]))),
            (text("l"), R::List(vec![R::Nil, R::Boolean(true), R::Number("1.5".into()), R::Error("ERR no".into())])),
        ]);
        let stored = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<R>(&stored).unwrap(), reply, "{stored}");
        assert_eq!(reply.items().len(), 6);
    }
}
