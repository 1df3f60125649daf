//! Looking into JSON so that a miss says what was there instead.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Failure, Result};

/// How much of a found text a message shows: enough to recognise a page, too little to fill a terminal.
const SHOWN: usize = 300;

/// Reads `text`, which came from `origin`, as JSON.
pub(crate) fn read<T: DeserializeOwned>(origin: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Failure::assertion(format!("{origin}: expected JSON, found {} ({error})", shown(text))))
}

/// The value at the JSON pointer.
pub(crate) fn path<T: DeserializeOwned>(origin: &str, text: &str, pointer: &str) -> Result<T> {
    let found = at(origin, text, pointer)?;
    T::deserialize(&found).map_err(|error| Failure::assertion(format!("{origin}: {pointer} is {}: {error}", shown(&found.to_string()))))
}

/// Fails unless the value at the JSON pointer is `expected`.
pub(crate) fn expect(origin: &str, text: &str, pointer: &str, expected: impl Serialize) -> Result<()> {
    let expected = serde_json::to_value(expected)?;
    let found = at(origin, text, pointer)?;
    if found == expected {
        return Ok(());
    }
    Err(Failure::assertion(format!("{origin}: expected {pointer} to be {expected}, found {}", shown(&found.to_string()))))
}

/// Text cut to what a message can carry.
pub(crate) fn shown(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "nothing".into();
    }
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.into(),
    }
}

fn at(origin: &str, text: &str, pointer: &str) -> Result<Value> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(crate::fail(format!("{pointer:?} is not a JSON pointer: it must begin with `/`, as in \"/items/0/name\"")));
    }
    let whole: Value = read(origin, text)?;
    match whole.pointer(pointer) {
        Some(found) => Ok(found.clone()),
        None => Err(Failure::assertion(format!("{origin}: expected something at {pointer}, found none in {}", shown(text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"version":"1.4.0","nodes":[{"ready":true}]}"#;

    fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_pointer_finds_a_value_of_the_type_asked_for() {
        assert_eq!(path::<String>("GET /v", BODY, "/version").unwrap(), "1.4.0");
        assert!(path::<bool>("GET /v", BODY, "/nodes/0/ready").unwrap());
    }

    #[test]
    fn a_miss_says_where_what_was_expected_and_what_was_found() {
        assert_eq!(message(expect("GET /v", BODY, "/version", "2.0.0")), r#"GET /v: expected /version to be "2.0.0", found "1.4.0""#);
        assert_eq!(message(path::<u8>("GET /v", BODY, "/nope")), format!("GET /v: expected something at /nope, found none in {BODY}"));
        assert_eq!(message(path::<u8>("GET /v", BODY, "/version")), r#"GET /v: /version is "1.4.0": invalid type: string "1.4.0", expected u8"#);
        assert!(message(read::<Value>("GET /v", "<html>")).starts_with("GET /v: expected JSON, found <html> ("));
    }

    #[test]
    fn a_path_that_is_no_pointer_is_the_authors_mistake_and_not_retried() {
        let failure = path::<String>("GET /v", BODY, "version").unwrap_err();
        assert!(!failure.is_retryable());
        assert!(failure.message().contains("must begin with `/`"), "{failure}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = shown(&"ü".repeat(SHOWN + 1));
        assert!(cut.ends_with("… (602 bytes in all)"), "{cut}");
    }
}
