//! Values of MariaDB and MySQL as text: nothing is rounded, and a type without an exact text here is a failure that says what to write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_model::Failure;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value};

use crate::rows;

/// The character set of what is no text.
const BINARY: u16 = 63;

/// How a column's values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Integer,
    Bits,
    Float,
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
}

impl Form {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Integer | Self::Bits => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamp-tz",
            Self::Json => "json",
        }
    }

    pub(super) fn text(self, label: &str, value: Value) -> Result<Option<String>, Failure> {
        Ok(Some(match value {
            Value::NULL => return Ok(None),
            Value::Int(number) => number.to_string(),
            Value::UInt(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Double(number) => rows::float(number),
            Value::Date(year, month, day, hour, minute, second, microseconds) => {
                let date = format!("{year:04}-{month:02}-{day:02}");
                let zone = if self == Self::TimestampTz { "Z" } else { "" };
                if self == Self::Date { date } else { format!("{date}T{}{zone}", clock(hour.into(), minute, second, microseconds)) }
            }
            Value::Time(negative, days, hours, minutes, seconds, microseconds) => {
                let sign = if negative { "-" } else { "" };
                format!("{sign}{}", clock(u64::from(days) * 24 + u64::from(hours), minutes, seconds, microseconds))
            }
            Value::Bytes(bytes) => match self {
                Self::Bytes => STANDARD.encode(bytes),
                Self::Bits => bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).to_string(),
                Self::Integer | Self::Float | Self::Decimal | Self::Text | Self::Date | Self::Time | Self::Timestamp | Self::TimestampTz | Self::Json => {
                    rows::text(label, &bytes)?
                }
            },
        }))
    }
}

fn clock(hours: u64, minutes: u8, seconds: u8, microseconds: u32) -> String {
    let fraction = if microseconds == 0 { String::new() } else { format!(".{microseconds:06}") };
    format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// How a column of this type is read.
pub(super) fn kind(column: &Column) -> Result<Form, Failure> {
    use ColumnType as T;
    Ok(match column.column_type() {
        T::MYSQL_TYPE_TINY | T::MYSQL_TYPE_SHORT | T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_LONGLONG | T::MYSQL_TYPE_INT24 | T::MYSQL_TYPE_YEAR => Form::Integer,
        T::MYSQL_TYPE_BIT => Form::Bits,
        T::MYSQL_TYPE_FLOAT | T::MYSQL_TYPE_DOUBLE => Form::Float,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => Form::Decimal,
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Form::Date,
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Form::Time,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Form::Timestamp,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Form::TimestampTz,
        T::MYSQL_TYPE_JSON => Form::Json,
        T::MYSQL_TYPE_NULL => Form::Text,
        T::MYSQL_TYPE_ENUM
        | T::MYSQL_TYPE_SET
        | T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => {
            if column.character_set() == BINARY {
                Form::Bytes
            } else {
                Form::Text
            }
        }
        _ => return Err(rows::no_text(&column.name_str(), declared(column), &format!("CAST(`{0}` AS CHAR)` or `ST_AsText(`{0}`)", column.name_str()))),
    })
}

/// The type in a person's words.
pub(super) fn declared(column: &Column) -> &'static str {
    use ColumnType as T;
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    match column.column_type() {
        T::MYSQL_TYPE_TINY => {
            if unsigned {
                "tinyint unsigned"
            } else {
                "tinyint"
            }
        }
        T::MYSQL_TYPE_SHORT => {
            if unsigned {
                "smallint unsigned"
            } else {
                "smallint"
            }
        }
        T::MYSQL_TYPE_INT24 => {
            if unsigned {
                "mediumint unsigned"
            } else {
                "mediumint"
            }
        }
        T::MYSQL_TYPE_LONG => {
            if unsigned {
                "int unsigned"
            } else {
                "int"
            }
        }
        T::MYSQL_TYPE_LONGLONG => {
            if unsigned {
                "bigint unsigned"
            } else {
                "bigint"
            }
        }
        T::MYSQL_TYPE_YEAR => "year",
        T::MYSQL_TYPE_BIT => "bit",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_ENUM => "enum",
        T::MYSQL_TYPE_SET => "set",
        T::MYSQL_TYPE_NULL => "null",
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => {
            if column.character_set() == BINARY {
                "varbinary"
            } else {
                "varchar"
            }
        }
        T::MYSQL_TYPE_STRING => {
            if column.character_set() == BINARY {
                "binary"
            } else {
                "char"
            }
        }
        T::MYSQL_TYPE_TINY_BLOB | T::MYSQL_TYPE_MEDIUM_BLOB | T::MYSQL_TYPE_LONG_BLOB | T::MYSQL_TYPE_BLOB => {
            if column.character_set() == BINARY {
                "blob"
            } else {
                "text"
            }
        }
        _ => "of another kind",
    }
}
