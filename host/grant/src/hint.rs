//! The exact text to add to a grant file, quoted so that it allows this one request and nothing more.

use crate::http_url::HttpUrl;

/// Longest hint, in bytes: a guest decides what is in it.
const HINT_MAX: usize = 2048;

/// Longest piece of a guest's text in a message, in characters.
const SHOWN_MAX: usize = 200;

/// `text` as a basic string of TOML; none when it is too long to show.
pub(crate) fn quoted(text: &str) -> Option<String> {
    if text.len() > HINT_MAX {
        return None;
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Some(quoted)
}

/// A URL as a pattern of itself alone, quoted.
pub(crate) fn url(url: &HttpUrl) -> Option<String> {
    quoted(&pattern_of(url))
}

/// A URL as a pattern of itself alone: a `*` of the guest's must not become a wildcard of the operator's.
pub(crate) fn pattern_of(url: &HttpUrl) -> String {
    url.as_str().replace('*', "%2A")
}

/// A guest's text in a message: on one line, in backquotes, cut when it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut line: String = text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        line.push('…');
    }
    format!("`{line}`")
}

/// A hint, unless it got too long to help.
pub(crate) fn fitting(hint: String) -> Option<String> {
    (hint.len() <= HINT_MAX).then_some(hint)
}
