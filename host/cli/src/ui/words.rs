//! Times, sizes and texts as a person reads them.

use std::time::Duration;

use lockstep_model::Timestamp;

/// `0.3 s`, `12.0 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() < 100 => format!("{} ms", duration.as_millis()),
        0..=59 => format!("{}.{} s", seconds, duration.subsec_millis() / 100),
        60..=3_599 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..=86_399 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {small_unit}") }
}

/// `812 B`, `27.3 KiB`, `1.6 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = (u128::from(count) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// `1 step`, `3 steps`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The time of day where the operator is, `12:03:04`.
pub(crate) fn clock_time(time: Timestamp) -> String {
    local(time).map_or_else(String::new, |zoned| zoned.strftime("%H:%M:%S").to_string())
}

/// The day and the time of day where the operator is, `2026-11-21 12:03:04`.
pub(crate) fn instant(time: Timestamp) -> String {
    local(time).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn local(time: Timestamp) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_microsecond(time.microseconds()).ok()?.to_zoned(jiff::tz::TimeZone::system()))
}

/// The text with everything that could steer a terminal written out: much of what is shown comes from guests and servers.
pub(crate) fn harmless(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if !text.contains(steers) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c == '\t' {
            shown.push_str("    ");
        } else if steers(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bytes, duration, harmless};

    #[test]
    fn durations_read_well() {
        for (milliseconds, expect) in [
            (0, "0 ms"),
            (99, "99 ms"),
            (300, "0.3 s"),
            (59_999, "59.9 s"),
            (192_000, "3 min 12 s"),
            (60_000, "1 min"),
            (7_500_000, "2 h 5 min"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expect);
        }
    }

    #[test]
    fn sizes_read_well() {
        for (count, expect) in [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (27_955, "27.2 KiB"), (1 << 20, "1.0 MiB"), (u64::MAX, "16777215.9 TiB")] {
            assert_eq!(bytes(count), expect);
        }
    }

    #[test]
    fn escapes_and_reversals_are_written_out() {
        assert_eq!(harmless("plain ä ✓"), "plain ä ✓");
        assert_eq!(harmless("\u{1b}]0;x\u{7}\n\u{202e}"), "\\u{1b}]0;x\\u{7}\\n\\u{202e}");
    }
}
