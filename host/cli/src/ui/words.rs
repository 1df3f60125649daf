//! Times, sizes and texts as a person reads them.

use std::fmt::Display;
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
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("1 {noun}") } else { format!("{count} {noun}s") }
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

/// Whether a character is not itself seen but changes how what is around it is: control, bidirectional and invisible ones.
fn steers(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || invisible
}

/// JSON with the same characters escaped: a program reads the same, a terminal is not steered. Between its values only line ends may stand.
pub(crate) fn harmless_json(json: String) -> String {
    let steers = |c: char| c != '\n' && steers(c);
    if !json.contains(steers) {
        return json;
    }
    let mut units = [0; 2];
    json.chars().fold(String::with_capacity(json.len()), |mut shown, c| {
        if steers(c) {
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
        shown
    })
}

/// A word as a shell takes it, so that a command that is shown can be pasted.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The text with everything that could steer a terminal written out: much of what is shown comes from guests and servers.
pub(crate) fn harmless(text: &str) -> String {
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

/// The first line of what may have many, and how many more there are.
pub(crate) fn first_line(text: &str) -> String {
    match text.trim_end().split_once('\n') {
        None => text.to_owned(),
        Some((first, rest)) => format!("{first} (and {} more)", plural(rest.lines().count(), "line")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bytes, duration, first_line, harmless, harmless_json, shell_word};

    #[test]
    fn of_many_lines_the_first_is_shown_and_how_many_follow() {
        assert_eq!(first_line("one"), "one");
        assert_eq!(first_line("one\ntwo\n"), "one (and 1 line more)");
        assert_eq!(first_line("one\ntwo\nthree"), "one (and 2 lines more)");
    }

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
        assert_eq!(harmless("\u{9b}2J\u{2028}\u{e0041}"), "\\u{9b}2J\\u{2028}\\u{e0041}");
    }

    #[test]
    fn json_that_could_steer_a_terminal_is_the_same_json_without_it() {
        let hostile = serde_json::json!({"a": "\u{9b}2J \u{202e} \u{e0041} \u{1b} ä\n"});
        let shown = harmless_json(serde_json::to_string_pretty(&hostile).unwrap());
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{e0041}', '\u{1b}']) && shown.contains('ä'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), hostile);
    }

    #[test]
    fn a_word_can_be_pasted_into_a_shell() {
        for (text, word) in [("/srv/app/env.toml", "/srv/app/env.toml"), ("", "''"), ("a b", "'a b'"), ("it's $HOME", "'it'\\''s $HOME'")] {
            assert_eq!(shell_word(text), word);
        }
    }
}
