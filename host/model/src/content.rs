//! Bytes that a person may have to read in a journal: text where they are text, base64 where they are not.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A body, an output or a file. Serialises as a JSON string when it is text, else as `{"base64": "…"}`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Content(pub Vec<u8>);

impl Content {
    /// The bytes as text, when they are UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Never the bytes themselves: a body may hold what must not reach a log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// One in so many characters may be a control character of no use to a reader.
const UNREADABLE: usize = 16;

/// Whether it is text for a person. JSON writes a NUL in six bytes: what is full of them would be recorded at six times its length.
fn is_readable(text: &str) -> bool {
    let strange = text.bytes().filter(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(byte)).count();
    strange <= text.len() / UNREADABLE
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_text() {
            Some(text) if is_readable(text) => serializer.serialize_str(text),
            Some(_) | None => Base64 { base64: STANDARD.encode(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Base64(Base64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into_bytes())),
            Form::Base64(Base64 { base64 }) => STANDARD.decode(base64).map(Self).map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn text_stays_readable_and_other_bytes_survive() {
        for bytes in [&b"plain"[..], b"", &[0xff, 0x00, 0xfe]] {
            let content = Content(bytes.to_vec());
            let json = serde_json::to_string(&content).unwrap();
            assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content, "{json}");
        }
        assert_eq!(serde_json::to_string(&Content::from("plain")).unwrap(), "\"plain\"");
    }

    #[test]
    fn nothing_is_recorded_at_many_times_its_length() {
        for byte in 0..=u8::MAX {
            let content = Content(vec![byte; 3_000]);
            let json = serde_json::to_string(&content).unwrap();
            assert!(json.len() <= 2 * content.len() + 20, "byte {byte}: {} bytes", json.len());
            assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content);
        }
        assert_eq!(serde_json::to_string(&Content::from("\u{1b}[1mbold\u{1b}[0m and more of a program's output\n")).unwrap().chars().next(), Some('"'));
    }
}
