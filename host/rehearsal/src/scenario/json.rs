//! TOML as JSON, for bodies that are easier to write as a table.

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

/// The same value in JSON; a date becomes its text.
pub(super) fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(instant) => Value::String(instant.to_string()),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| format!("{integer} is too large a number"))?;
            Value::Number(number.into())
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64).ok_or_else(|| format!("{float} is no number of JSON"))?;
            Value::Number(number)
        }
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let entry = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
                json(value.get_ref()).map(|value| (key.get_ref().to_string(), value))
            };
            Value::Object(table.iter().map(entry).collect::<Result<Map<_, _>, _>>()?)
        }
    })
}
