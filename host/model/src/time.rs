//! Time as the host sees it: one interface, so that tests and simulations bring their own.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC with microseconds, written as RFC 3339: `2026-11-21T02:38:55.000000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant: `{0}`")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// From microseconds since 1970. What lies outside the years -9999 to 9999 is clamped.
    pub fn from_microseconds(microseconds: i64) -> Self {
        Self(jiff::Timestamp::from_microsecond(microseconds).unwrap_or(if microseconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX }))
    }

    /// As headers of http say it: `Sun, 22 Nov 2026 00:30:00 GMT`. None when it is no such text.
    pub fn from_http(text: &str) -> Option<Self> {
        let instant = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Self::from_microseconds(instant.timestamp().as_microsecond()))
    }

    /// Microseconds since 1970.
    pub fn microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The instant `duration` later; clamped at the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_microseconds(self.microseconds().saturating_add(microseconds))
    }

    /// How long from `earlier` until here; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        let microseconds = self.microseconds().saturating_sub(earlier.microseconds());
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant = text.parse::<jiff::Timestamp>().map_err(|_| InvalidTimestamp(text.chars().take(80).collect()))?;
        Ok(Self::from_microseconds(instant.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The instant now.
    fn now(&self) -> Timestamp;

    /// Returns once `now` has reached `until`, or a little before: callers look again.
    fn wait_until(&self, until: Timestamp);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Timestamp;

    #[test]
    fn an_instant_reads_back_what_it_writes() {
        let instant = Timestamp::from_microseconds(1_795_228_735_000_001);
        assert_eq!(instant.to_string(), "2026-11-21T02:38:55.000001Z");
        assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        assert_eq!(instant.after(Duration::from_secs(1)).since(instant), Duration::from_secs(1));
        assert_eq!(instant.since(instant.after(Duration::from_secs(1))), Duration::ZERO);
    }
}
