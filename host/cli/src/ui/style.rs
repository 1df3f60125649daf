//! Colours, few and each with one meaning.

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// Look at it.
    Warn,
    /// What to do.
    Hint,
    /// A heading or a name.
    Strong,
    /// Less important.
    Dim,
}

/// `text` in a style, when colours are wanted.
pub(crate) fn paint(color: bool, style: Style, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let code = match style {
        Style::Good => "32",
        Style::Bad => "1;31",
        Style::Warn => "33",
        Style::Hint => "36",
        Style::Strong => "1",
        Style::Dim => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::{Style, paint};

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(paint(false, Style::Bad, "x"), "x");
        assert_eq!(paint(true, Style::Bad, "x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
