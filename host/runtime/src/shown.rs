//! How a wrong value appears in a message: on one line and short. A guest may have made it to fill a terminal, or a disk.

/// How much of it is shown, in characters.
const SHOWN: usize = 40;

/// The beginning of `text`, without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn ten_megabytes_of_escapes_are_shown_short() {
        assert!(shown(&"\u{1b}[2J".repeat(2_500_000)).len() < 400);
        assert_eq!(shown("plain"), "plain");
    }
}
