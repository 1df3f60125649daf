//! Sizes and durations as operators write them: `256MiB`, `30m`.

use std::time::Duration;

/// Why a text is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a size.
    #[error("expected a size such as `512KiB`, `4MiB` or `1GiB`")]
    Size,
    /// Not a duration.
    #[error("expected a duration such as `500ms`, `30s`, `5m`, `2h` or `7d`")]
    Duration,
    /// More than can be counted.
    #[error("the number is too large")]
    TooLarge,
}

/// Bytes from `4MiB`.
pub(crate) fn size(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text).ok_or(UnitError::Size)?;
    let factor: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(UnitError::Size),
    };
    number.checked_mul(factor).ok_or(UnitError::TooLarge)
}

/// A duration from `30m`.
///
/// # Errors
/// When it is written in another way.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split(text).ok_or(UnitError::Duration)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(UnitError::Duration),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or(UnitError::TooLarge)
}

/// Bytes as an operator would write them.
pub(crate) fn show_size(bytes: u64) -> String {
    [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift))
        .map_or_else(|| format!("{bytes}B"), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

/// A duration as an operator would write it.
pub(crate) fn show_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .into_iter()
        .find(|(factor, _)| milliseconds >= *factor && milliseconds.is_multiple_of(*factor))
        .map_or_else(|| format!("{milliseconds}ms"), |(factor, unit)| format!("{}{unit}", milliseconds / factor))
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{UnitError, duration, show_duration, show_size, size};

    #[test]
    fn sizes_have_a_unit_and_nothing_else_is_a_size() {
        for (text, expect) in [("0B", 0), ("17B", 17), ("1KiB", 1024), ("256MiB", 256 << 20), ("2GiB", 2 << 30)] {
            assert_eq!(size(text), Ok(expect), "{text}");
        }
        for wrong in ["", "1", "1MB", "1mib", "MiB", "-1MiB", "+1MiB", "1.5MiB", "1 MiB", " 1MiB", "1MiB "] {
            assert_eq!(size(wrong), Err(UnitError::Size), "{wrong}");
        }
        assert_eq!(size("99999999999999999GiB"), Err(UnitError::TooLarge));
    }

    #[test]
    fn durations_have_a_unit_and_nothing_else_is_a_duration() {
        for (text, expect) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(expect)), "{text}");
            assert_eq!(show_duration(Duration::from_millis(expect)), text);
        }
        for wrong in ["", "30", "s", "1h30m", "1.5h", "-1s", "30 s", "1y"] {
            assert_eq!(duration(wrong), Err(UnitError::Duration), "{wrong}");
        }
        assert_eq!(duration("18446744073709551615d"), Err(UnitError::TooLarge));
    }

    #[test]
    fn a_size_is_shown_as_it_is_written() {
        for text in ["0B", "17B", "1KiB", "1025B", "256MiB", "3GiB"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
    }
}
