//! JSON as a record has it: text that is carried along as it is, not taken apart and put together anew at every turn.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::canonical::canonical_json;

/// A JSON text. A clone is the same text.
#[derive(Debug, Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// `value` in canonical form.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::read(canonical_json(value)?)
    }

    /// The text that `bytes` are.
    ///
    /// # Errors
    /// When they are not JSON.
    pub fn read(bytes: Vec<u8>) -> Result<Self, serde_json::Error> {
        let text = String::from_utf8(bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(RawValue::from_string(text)?.into()))
    }

    /// What it says, as a `T`.
    ///
    /// # Errors
    /// When it says something else.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Json;
    use crate::canonical::canonical_json;

    #[test]
    fn it_is_written_as_what_it_says_whatever_its_own_form() {
        for text in [r#"{"a":[1,2.5,null],"b":"\u00e9"}"#, r#"{"b":1, "a":2}"#, r#"{"a":1e2}"#, r#""\u0041""#, "0"] {
            let (json, value): (Json, Value) = (serde_json::from_str(text).unwrap(), serde_json::from_str(text).unwrap());
            assert_eq!(canonical_json(&json!({"z": json, "c": 1})).unwrap(), canonical_json(&json!({"z": value, "c": 1})).unwrap(), "{text}");
            #[derive(serde::Serialize)]
            struct Around<'a, T> {
                of: &'a T,
                before: u8,
            }
            let written = canonical_json(&Around { of: &json, before: 1 }).unwrap();
            assert_eq!(written, canonical_json(&Around { of: &value, before: 1 }).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bytes in [&b"{"[..], b"1 2", b"\xff", b""] {
            assert!(Json::read(bytes.to_vec()).is_err(), "{bytes:?}");
        }
    }
}
