//! Values for placeholders, each bound as what it is.

use crate::bindings::lockstep::contract::db as host;

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A flag.
    Boolean(bool),
    /// A whole number, as its digits.
    Integer(String),
    /// A number of floating point.
    Float(f64),
    /// An exact number, as its digits.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An instant of RFC 3339.
    Timestamp(String),
    /// JSON text.
    Json(String),
}

/// An exact number, written out: `Decimal("12.50")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal<S: Into<String>>(pub S);

/// An instant of RFC 3339: `Instant("2026-01-02T03:04:05Z")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instant<S: Into<String>>(pub S);

/// A JSON document: `Json(json!({"a": 1}))`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub serde_json::Value);

impl Value {
    pub(super) fn bind(&self, statement: &host::Statement) {
        match self {
            Self::Null => statement.bind_null(),
            Self::Boolean(flag) => statement.bind_boolean(*flag),
            Self::Integer(digits) => statement.bind_integer(digits),
            Self::Float(number) => statement.bind_float(*number),
            Self::Decimal(digits) => statement.bind_decimal(digits),
            Self::Text(text) => statement.bind_text(text),
            Self::Bytes(bytes) => statement.bind_bytes(bytes),
            Self::Timestamp(instant) => statement.bind_timestamp(instant),
            Self::Json(text) => statement.bind_json(text),
        }
    }
}

macro_rules! integers {
    ($($of:ty),+) => {
        $(impl From<$of> for Value {
            fn from(number: $of) -> Self {
                Self::Integer(number.to_string())
            }
        })+
    };
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<S: Into<String>> From<Decimal<S>> for Value {
    fn from(Decimal(digits): Decimal<S>) -> Self {
        Self::Decimal(digits.into())
    }
}

impl<S: Into<String>> From<Instant<S>> for Value {
    fn from(Instant(text): Instant<S>) -> Self {
        Self::Timestamp(text.into())
    }
}

impl From<Json> for Value {
    fn from(Json(document): Json) -> Self {
        Self::Json(document.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Value};

    #[test]
    fn a_value_is_bound_as_what_it_is() {
        assert_eq!(Value::from(u64::MAX), Value::Integer("18446744073709551615".to_owned()));
        assert_eq!(Value::from(None::<i32>), Value::Null);
        assert_eq!(Value::from(Some("x")), Value::Text("x".to_owned()));
        assert_eq!(Value::from(Decimal("1.50")), Value::Decimal("1.50".to_owned()));
    }
}
