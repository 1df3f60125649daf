//! An instant that can be compared, added to and written the way the contract writes it.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

use crate::{Failure, codes, fail};

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// An instant with microseconds: RFC 3339, always printed in UTC.
///
/// ```
/// use lockstep::prelude::*;
/// let start: Timestamp = "2026-02-28T23:59:30+00:00".parse()?;
/// assert_eq!((start + minutes(1)).to_string(), "2026-03-01T00:00:30.000000Z");
/// # Ok::<(), Failure>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    micros: i64,
}

impl Timestamp {
    /// The time since an earlier instant; none when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros.saturating_sub(earlier.micros)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self { micros: self.micros.saturating_add(micros) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.micros.div_euclid(MICROS);
        let (year, month, day) = civil(seconds.div_euclid(DAY));
        let clock = seconds.rem_euclid(DAY);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", self.micros.rem_euclid(MICROS))
    }
}

impl FromStr for Timestamp {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        parse(text)
            .map(|micros| Self { micros })
            .ok_or_else(|| fail(format!("{text:?} is no instant: it must look like 2026-03-01T12:00:00Z")).with_code(codes::FAILED))
    }
}

/// `YYYY-MM-DDTHH:MM:SS`, perhaps a fraction, then `Z` or an offset.
fn parse(text: &str) -> Option<i64> {
    let (stamp, rest) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, byte)| stamp.as_bytes()[at].to_ascii_uppercase() != byte) {
        return None;
    }
    let (year, month, day) = (number(stamp, 0, 4)?, number(stamp, 5, 7)?, number(stamp, 8, 10)?);
    let (hour, minute, second) = (number(stamp, 11, 13)?, number(stamp, 14, 16)?, number(stamp, 17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(year, month, day);
    if civil(days) != (year, month, day) {
        return None; // the 30th of February
    }
    let (fraction, zone) = fraction(rest)?;
    let seconds = days * DAY + hour * 3_600 + minute * 60 + second - offset(zone)?;
    Some(seconds * MICROS + fraction)
}

/// Microseconds of a fraction, and what follows it. Finer digits are dropped.
fn fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(digits) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    let micros = format!("{:0<6.6}", digits.get(..end).filter(|digits| !digits.is_empty())?);
    Some((micros.parse().ok()?, &digits[end..]))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.as_bytes() {
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    Some(sign * (number(zone, 1, 3)? * 3_600 + number(zone, 4, 6)? * 60))
}

/// The digits from `from` to before `to`. Only digits: `parse` alone would take a sign.
fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last of its year, and repeat every 400.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day: the reverse of `days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_instant_is_printed_as_it_was_read() {
        for text in ["1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z", "2026-11-21T03:07:10.000042Z", "1969-12-31T23:59:59.000001Z"] {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("1970-01-02T00:00:00Z").micros, DAY * MICROS);
    }

    #[test]
    fn offsets_and_short_fractions_are_understood() {
        assert_eq!(at("2026-03-01T01:30:00.5+01:30"), at("2026-03-01T00:00:00.500000Z"));
        assert_eq!(at("2026-02-28T22:00:00-02:00"), at("2026-03-01T00:00:00Z"));
        assert_eq!(at("2026-03-01T00:00:00.1234567Z"), at("2026-03-01T00:00:00.123456Z"));
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_way_there_and_back() {
        for day in -146_097..146_097 {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "now",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T00:00:00",
            "2026-03-01T00:00:00.Z",
            "+026-03-01T00:00:00Z",
            "2026-03-01 00:00:00Z",
            "ééééééééééééééé",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn time_since_a_later_instant_is_none() {
        let (early, late) = (at("2026-03-01T00:00:00Z"), at("2026-03-01T00:01:00Z"));
        assert_eq!(late.since(early), Duration::from_secs(60));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
