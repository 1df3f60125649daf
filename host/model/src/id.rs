//! Names of things: runs and steps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// A run's id: a ULID, 26 characters, sorted by time of creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(Ulid);

/// Why a text is not a run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a run id: expected the 26 characters of a ULID, found `{0}`")]
pub struct InvalidRunId(String);

impl RunId {
    /// Makes an id from milliseconds since 1970 and 80 random bits.
    pub fn from_parts(milliseconds: u64, random: u128) -> Self {
        Self(Ulid::from_parts(milliseconds, random))
    }

    /// The 16 bytes of the id, in its order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// What `to_bytes` gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Ulid::from_string(text).map_err(|_| InvalidRunId(text.chars().take(80).collect()))?;
        Ok(Self(id))
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.array_to_str(&mut [0; ulid::ULID_LEN]))
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A step's id: 1 to 64 characters of `a-z`, `0-9` and `-`, starting with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepId(String);

/// Why a text is not a step id. Guest-controlled, so the text is shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step id `{shown}` of {length} bytes: expected 1 to {max} of a-z, 0-9 and -, the first not -", max = StepId::MAX)]
pub struct InvalidStepId {
    shown: String,
    length: usize,
}

impl StepId {
    /// A step's id is a name in reports and file names: what is longer is not a name.
    pub const MAX: usize = 64;

    /// Checks and keeps `text`.
    ///
    /// # Errors
    /// When it is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidStepId> {
        let valid =
            (1..=Self::MAX).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidStepId { shown: text.chars().take(40).flat_map(char::escape_default).collect(), length: text.len() })
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{RunId, StepId};

    #[test]
    fn a_step_id_is_short_and_plain() {
        for right in ["a", "build-2", "0", &"x".repeat(64)] {
            assert!(StepId::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "-a", "A", "a b", "a/b", "ä", "a\0", &"x".repeat(65)] {
            assert!(StepId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_error_of_a_huge_step_id_is_short() {
        let error = StepId::parse(&"\u{7}".repeat(10_000_000)).unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
    }

    #[test]
    fn a_run_id_reads_back_what_it_writes() {
        let id = RunId::from_parts(1_700_000_000_000, 42);
        assert_eq!(id.to_string().parse::<RunId>().unwrap(), id);
        assert!("nonsense".parse::<RunId>().is_err());
    }
}
