//! Parameters in the form that each engine takes. What is not what it says it is, is refused here as well as where the guest gave it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lockstep_model::Failure;

/// A parameter that is not what it says.
pub(crate) fn wrong(what: impl Into<String>) -> Failure {
    Failure::problem("db.parameter", what)
}

/// An instant in UTC, as every engine reads it: `2026-01-02 03:04:05.123456`.
pub(crate) fn instant(text: &str) -> Result<String, Failure> {
    let instant: Timestamp = text.parse().map_err(|_| wrong("a parameter that is a timestamp is not written as RFC 3339 says"))?;
    Ok(instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// A number of floating point, as the contract writes it.
pub(crate) fn float(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(|_| wrong("a parameter that is a float is not a number"))
}
