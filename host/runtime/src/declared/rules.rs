//! The rules for single values. What is wrong is said with a shortened form of the value: it may have been made to fill a terminal.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::shown::shown;

/// The value, or which rule it breaks.
pub(crate) type Check<T> = Result<T, String>;

const LONGEST_NAME: usize = 64;
const LONGEST_CODE: usize = 64;

/// Words of small letters and digits with single hyphens between them, the first character a letter.
pub(super) fn kebab(text: String) -> Check<String> {
    let words = || text.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if text.len() <= LONGEST_NAME && text.starts_with(|c: char| c.is_ascii_lowercase()) && words() {
        return Ok(text);
    }
    Err(format!("`{}` of {} bytes: expected kebab case of at most {LONGEST_NAME} bytes", shown(&text), text.len()))
}

pub(super) fn version(text: String) -> Check<String> {
    if text.len() <= LONGEST_NAME && semver::Version::parse(&text).is_ok() {
        return Ok(text);
    }
    Err(format!("`{}` of {} bytes: expected a semantic version like 1.0.0 of at most {LONGEST_NAME} bytes", shown(&text), text.len()))
}

/// One line for a person.
pub(super) fn line(text: String, longest: usize) -> Check<String> {
    let text = at_most(text, longest, "a line")?;
    match text.chars().find(|c| c.is_control()) {
        Some(control) => Err(format!("`{}` has the control character {}: expected one line", shown(&text), control.escape_default())),
        None => Ok(text),
    }
}

pub(super) fn at_most(text: String, longest: usize, what: &str) -> Check<String> {
    if text.len() <= longest { Ok(text) } else { Err(format!("{what} of {} bytes, at most {longest}", text.len())) }
}

pub(super) fn count<T>(values: Vec<T>, most: usize, what: &str) -> Check<Vec<T>> {
    if values.len() <= most { Ok(values) } else { Err(format!("{} {what}, at most {most}", values.len())) }
}

pub(super) fn within<N: PartialOrd + Display>(number: N, range: RangeInclusive<N>, what: &str, unit: &str) -> Check<N> {
    if range.contains(&number) { Ok(number) } else { Err(format!("{what} {number} {unit}, expected {} to {}", range.start(), range.end())) }
}

/// A failure's code, as `types.wit` has it.
pub(crate) fn code(text: String) -> Check<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    Err(format!("code `{}` of {} bytes: expected 1 to {} of a-z, 0-9, - and .", shown(&text), text.len(), LONGEST_CODE))
}
