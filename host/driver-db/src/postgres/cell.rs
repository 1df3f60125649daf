//! Values of PostgreSQL as text, read off its binary form: nothing is rounded, and a type without an exact text here is a failure that says what to write.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan as _};
use lockstep_model::Failure;
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::rows;

/// A value's bytes.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// How a column's values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Boolean,
    Integer,
    /// An unsigned number of 32 bits.
    Oid,
    Float,
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Json,
    Jsonb,
}

impl Form {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer | Self::Oid => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamp-tz",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json | Self::Jsonb => "json",
        }
    }

    pub(super) fn text(self, label: &str, raw: &[u8]) -> Result<String, Failure> {
        let odd = || Failure::problem("db.value", format!("column `{label}` has a value that is no {}", self.word()));
        match self {
            Self::Boolean => Ok((raw == [1]).to_string()),
            Self::Integer => integer(raw).map(|number| number.to_string()).ok_or_else(odd),
            Self::Oid => raw.try_into().map(u32::from_be_bytes).map(|number| number.to_string()).map_err(|_| odd()),
            Self::Float => match raw.len() {
                4 => raw.try_into().map(f32::from_be_bytes).map(short_float).map_err(|_| odd()),
                _ => raw.try_into().map(f64::from_be_bytes).map(rows::float).map_err(|_| odd()),
            },
            Self::Decimal => decimal(raw).ok_or_else(odd),
            Self::Text | Self::Json => rows::text(label, raw),
            Self::Jsonb => rows::text(label, raw.strip_prefix(&[1]).ok_or_else(odd)?),
            Self::Bytes => Ok(STANDARD.encode(raw)),
            Self::Date => date(raw).ok_or_else(odd),
            Self::Time => time(raw).ok_or_else(odd),
            Self::Timestamp => timestamp(raw).ok_or_else(odd),
            Self::TimestampTz => timestamp(raw).map(|text| if text.ends_with("infinity") { text } else { text + "Z" }).ok_or_else(odd),
            Self::Interval => interval(raw).ok_or_else(odd),
            Self::Uuid => uuid(raw).ok_or_else(odd),
        }
    }
}

/// How a column of this type is read.
pub(super) fn kind(label: &str, declared: &Type) -> Result<Form, Failure> {
    match declared.kind() {
        Kind::Domain(inner) => return kind(label, inner),
        Kind::Enum(_) => return Ok(Form::Text),
        _ => {}
    }
    Ok(match *declared {
        Type::BOOL => Form::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 => Form::Integer,
        Type::OID | Type::XID | Type::CID => Form::Oid,
        Type::FLOAT4 | Type::FLOAT8 => Form::Float,
        Type::NUMERIC => Form::Decimal,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN | Type::XML => Form::Text,
        Type::BYTEA => Form::Bytes,
        Type::DATE => Form::Date,
        Type::TIME => Form::Time,
        Type::TIMESTAMP => Form::Timestamp,
        Type::TIMESTAMPTZ => Form::TimestampTz,
        Type::INTERVAL => Form::Interval,
        Type::UUID => Form::Uuid,
        Type::JSON => Form::Json,
        Type::JSONB => Form::Jsonb,
        _ => return Err(rows::no_text(label, declared.name(), &format!("CAST(\"{label}\" AS text)"))),
    })
}

fn integer(raw: &[u8]) -> Option<i64> {
    match raw.len() {
        2 => raw.try_into().map(i16::from_be_bytes).map(i64::from).ok(),
        4 => raw.try_into().map(i32::from_be_bytes).map(i64::from).ok(),
        _ => raw.try_into().map(i64::from_be_bytes).ok(),
    }
}

fn short_float(number: f32) -> String {
    if number.is_nan() { "NaN".to_owned() } else { format!("{number:?}") }
}

/// Groups of four decimal digits, the weight of the first, a sign, and how many digits stand after the point.
fn decimal(raw: &[u8]) -> Option<String> {
    let mut words = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (groups, weight, sign, scale) = (usize::from(words.next()?), words.next()?.cast_signed(), words.next()?, usize::from(words.next()?));
    match sign {
        0xc000 => return Some("NaN".to_owned()),
        0xd000 => return Some("Infinity".to_owned()),
        0xf000 => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let digits: Vec<u16> = words.take(groups).collect();
    if digits.len() != groups {
        return None;
    }
    let weight = i64::from(weight);
    let group = |at: i64| usize::try_from(weight - at).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0);
    let mut text = if sign == 0x4000 { "-".to_owned() } else { String::new() };
    text.push_str(&group(weight.max(0)).to_string());
    for at in (0..weight.max(0)).rev() {
        text.push_str(&format!("{:04}", group(at)));
    }
    if scale > 0 {
        let after: String = (1..=scale.div_ceil(4)).map(|place| format!("{:04}", group(-i64::try_from(place).unwrap_or(i64::MAX)))).collect();
        text.push('.');
        text.push_str(&after[..scale]);
    }
    Some(text)
}

/// PostgreSQL counts from here.
fn epoch() -> DateTime {
    jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0)
}

fn infinite<T: PartialEq>(number: T, least: T, most: T) -> Option<String> {
    (number == most).then(|| "infinity".to_owned()).or_else(|| (number == least).then(|| "-infinity".to_owned()))
}

fn date(raw: &[u8]) -> Option<String> {
    let days = i32::from_be_bytes(raw.try_into().ok()?);
    infinite(days, i32::MIN, i32::MAX).or_else(|| epoch().date().checked_add(Span::new().try_days(days).ok()?).ok().map(|date: Date| date.to_string()))
}

fn time(raw: &[u8]) -> Option<String> {
    let microseconds = i64::from_be_bytes(raw.try_into().ok()?);
    // The end of a day, which PostgreSQL has and no clock shows.
    if microseconds == 86_400_000_000 {
        return Some("24:00:00".to_owned());
    }
    Some(epoch().checked_add(microseconds.microseconds()).ok()?.time().to_string())
}

fn timestamp(raw: &[u8]) -> Option<String> {
    let microseconds = i64::from_be_bytes(raw.try_into().ok()?);
    infinite(microseconds, i64::MIN, i64::MAX).or_else(|| epoch().checked_add(Span::new().try_microseconds(microseconds).ok()?).ok().map(|at| at.to_string()))
}

/// Months, days and microseconds, which are not to be made into one another: ISO 8601, `P14M3DT0.000005S`.
fn interval(raw: &[u8]) -> Option<String> {
    let (time, rest) = raw.split_at_checked(8)?;
    let (days, months) = rest.split_at_checked(4)?;
    let time = i64::from_be_bytes(time.try_into().ok()?);
    let (days, months) = (i32::from_be_bytes(days.try_into().ok()?), i32::from_be_bytes(months.try_into().ok()?));
    let sign = if time < 0 { "-" } else { "" };
    let microseconds = time.unsigned_abs();
    Some(format!("P{months}M{days}DT{sign}{}.{:06}S", microseconds / 1_000_000, microseconds % 1_000_000))
}

fn uuid(raw: &[u8]) -> Option<String> {
    let raw: [u8; 16] = raw.try_into().ok()?;
    let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}
