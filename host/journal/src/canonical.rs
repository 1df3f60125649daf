//! RFC 8785 canonical JSON: written, and whether bytes are it, found in one pass without building anything: the verifier asks this of every record of a store.
//!
//! On the way the values of the record's own fields are picked up, so that most of a record need not be parsed to be checked.

mod in_order;

use std::cmp::Ordering;

use serde::Serialize;

/// `value` in canonical form.
///
/// The library builds and sorts everything anew. What needs its members put in order and nothing else, which is nearly everything of ours, is written in one
/// pass: twenty times as fast.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    // The library does not know JSON that is text already.
    in_order::write(value)?.map_or_else(|| serde_json_canonicalizer::to_vec(&serde_json::to_value(value)?), Ok)
}

/// As deep as the JSON parser that reads records goes.
const DEEPEST: u32 = 127;

/// Integers of so many digits are exact in a double, and canonical as they stand.
const EXACT_DIGITS: usize = 15;

/// The JSON of a record's own fields; empty when it has none of that name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outline<'a> {
    pub(crate) prev: &'a [u8],
    pub(crate) run: &'a [u8],
    pub(crate) seq: &'a [u8],
    pub(crate) format: &'a [u8],
}

/// The offset of the first byte that is not canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCanonical(pub(crate) usize);

/// Checks that `bytes` are one canonical JSON object and gives its outline.
pub(crate) fn outline(bytes: &[u8]) -> Result<Outline<'_>, NotCanonical> {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(NotCanonical(error.valid_up_to()));
    }
    let mut outline = Outline::default();
    let mut scanner = Scanner { bytes, at: 0 };
    scanner.object(DEEPEST, &mut |name, value| match name {
        b"prev" => outline.prev = value,
        b"run" => outline.run = value,
        b"seq" => outline.seq = value,
        b"v" => outline.format = value,
        _ => {}
    })?;
    if scanner.at == bytes.len() { Ok(outline) } else { Err(NotCanonical(scanner.at)) }
}

/// Whether `text` is one JSON value in canonical form.
fn is_canonical(text: &[u8]) -> bool {
    let mut scanner = Scanner { bytes: text, at: 0 };
    scanner.value(DEEPEST).is_ok() && scanner.at == text.len()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&self) -> Result<T, NotCanonical> {
        Err(NotCanonical(self.at))
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek() != Some(byte) {
            return self.fail();
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), NotCanonical> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.fail();
        }
        self.at += word.len();
        Ok(())
    }

    fn value(&mut self, depth: u32) -> Result<(), NotCanonical> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(depth, &mut |_, _| {}),
            Some(b'[') => self.array(depth),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(_) => self.number(),
            None => self.fail(),
        }
    }

    /// Hands each member's name, as it stands between its quotes, and its value to `member`.
    fn object(&mut self, depth: u32, member: &mut dyn FnMut(&'a [u8], &'a [u8])) -> Result<(), NotCanonical> {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let deeper = depth.checked_sub(1).ok_or(NotCanonical(self.at))?;
        let mut before: Option<&[u8]> = None;
        loop {
            let start = self.at;
            let name = self.string()?;
            if before.is_some_and(|before| order(before, name) != Ordering::Less) {
                return Err(NotCanonical(start));
            }
            before = Some(name);
            self.expect(b':')?;
            let start = self.at;
            self.value(deeper)?;
            member(name, &self.bytes[start..self.at]);
            if self.peek() != Some(b',') {
                return self.expect(b'}');
            }
            self.at += 1;
        }
    }

    fn array(&mut self, depth: u32) -> Result<(), NotCanonical> {
        self.expect(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        let deeper = depth.checked_sub(1).ok_or(NotCanonical(self.at))?;
        loop {
            self.value(deeper)?;
            if self.peek() != Some(b',') {
                return self.expect(b']');
            }
            self.at += 1;
        }
    }

    /// What stands between the quotes, escapes as they are.
    fn string(&mut self) -> Result<&'a [u8], NotCanonical> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.bytes[start..self.at - 1]);
                }
                Some(b'\\') => self.escape()?,
                Some(_) | None => return self.fail(),
            }
        }
    }

    /// Each character has one way to be written: what need not be escaped may not be.
    fn escape(&mut self) -> Result<(), NotCanonical> {
        let length = match &self.bytes[self.at + 1..] {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => 2,
            // The five control characters with a short form have no long one.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..] => 6,
            [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return self.fail(),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).unwrap_or(rest.len());
        let text = &rest[..length];
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let plain = (1..=EXACT_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && (digits[0] != b'0' || text == b"0");
        if !plain && !is_shortest_double(text) {
            return self.fail();
        }
        self.at += length;
        Ok(())
    }
}

fn is_shortest_double(text: &[u8]) -> bool {
    let Ok(number) = serde_json::from_slice::<f64>(text) else { return false };
    serde_json_canonicalizer::to_vec(&number).is_ok_and(|canonical| canonical == text)
}

/// RFC 8785 sorts names by their UTF-16 code units, which is the order of their bytes for all but names with escapes or outside ASCII.
fn order(left: &[u8], right: &[u8]) -> Ordering {
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    if plain(left) && plain(right) {
        return left.cmp(right);
    }
    let units = |name: &[u8]| -> Vec<u16> {
        let quoted = [b"\"", name, b"\""].concat();
        serde_json::from_slice::<String>(&quoted).map(|name| name.encode_utf16().collect()).unwrap_or_default()
    };
    units(left).cmp(&units(right))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::{NotCanonical, canonical_json, outline};

    fn is_canonical(text: &str) -> bool {
        outline(text.as_bytes()).is_ok()
    }

    #[test]
    fn only_the_one_canonical_form_is_canonical() {
        for right in [r"{}", r#"{"a":1,"b":[]}"#, r#"{"":"","\n":"\u0000\u001f€😀"}"#, r#"{"a":-1,"b":1.5,"c":1e+21,"d":true,"e":null,"f":0}"#] {
            assert!(is_canonical(right), "{right}");
        }
        let structure = ["", "1", "[]", "{", "{}x", " {}", "{ }", "{\"a\":1,}", "{\"a\":}", "{\"a\"}", "{\"a\":tru}", "{\"b\":1,\"a\":1}", "{\"a\":1,\"a\":1}"];
        let numbers = ["01", "-0", "1.0", "1e3", "9007199254740993", "NaN", "+1", "-", "1e400"].map(|number| format!("{{\"a\":{number}}}"));
        let strings = [r"\u0041", r"\u000a", r"\u001F", r"\/", r"\", r"\u00", "\n"].map(|string| format!("{{\"a\":\"{string}\"}}"));
        let wrong = structure.iter().map(|text| (*text).to_owned()).chain(numbers).chain(strings);
        for wrong in wrong {
            assert!(!is_canonical(&wrong), "{wrong}");
        }
        assert_eq!(outline(b"{\"a\":\"\xff\"}").unwrap_err(), NotCanonical(6));
    }

    #[test]
    fn names_are_sorted_by_utf_16_units() {
        assert!(is_canonical("{\"\u{1f600}\":1,\"\u{fb33}\":1}"));
        assert!(!is_canonical("{\"\u{fb33}\":1,\"\u{1f600}\":1}"));
    }

    #[test]
    fn deep_nesting_is_refused_without_recursing() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(!is_canonical(&text));
    }

    /// Every shape that a type of Rust can have in JSON.
    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(Nothing),
        Tuple(u8, i64),
        Struct {
            b: (char, bool),
            a: Option<&'static str>,
            #[serde(rename = "é")]
            c: Option<()>,
        },
    }

    #[derive(Serialize)]
    struct Nothing;

    #[derive(Serialize)]
    struct Pair(u64, f32);

    fn written_like_the_canonicalizer(value: &impl Serialize) {
        let (ours, library) = (canonical_json(value).unwrap(), serde_json_canonicalizer::to_vec(&serde_json::to_value(value).unwrap()).unwrap());
        assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(library).unwrap());
    }

    #[test]
    fn every_shape_is_written_as_the_canonicalizer_writes_it() {
        let shapes = [Shape::Unit, Shape::Newtype(Nothing), Shape::Tuple(1, -1), Shape::Struct { b: ('"', true), a: Some("a\n\u{7f}\u{1}\\"), c: None }];
        written_like_the_canonicalizer(&shapes);
        written_like_the_canonicalizer(&[Pair(1, 0.5), Pair(1 << 54, 2.0)]);
        written_like_the_canonicalizer(&[i64::MIN, -(1 << 53), 1 << 53]);
        written_like_the_canonicalizer(&BTreeMap::from([(10, "ten"), (9, "nine")]));
        written_like_the_canonicalizer(&BTreeMap::from([(true, 1), (false, 0)]));
        written_like_the_canonicalizer(&BTreeMap::from([('\\', 1), ('a', 0)]));
        written_like_the_canonicalizer(&RawValue::from_string(r#"{"b": 1, "a": [1.50]}"#.to_owned()).unwrap());
        written_like_the_canonicalizer(&format_args!("a {} in quotes", '"'));
        assert!(canonical_json(&BTreeMap::from([([1], 1)])).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(?s).{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("(?s).{0,4}", inner, 0..5).prop_map(|members| members.into_iter().collect())
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_canonicalizer_writes(value in json()) {
            prop_assert_eq!(canonical_json(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
        }

        #[test]
        fn members_are_put_in_order_at_every_depth(members in prop::collection::hash_map("[ -~]{0,4}", prop::collection::hash_map("[a-c]{0,2}", 0..9_u8, 0..4), 0..6)) {
            prop_assert_eq!(canonical_json(&members).unwrap(), serde_json_canonicalizer::to_vec(&members).unwrap());
        }

        #[test]
        fn what_the_canonicalizer_writes_is_canonical(value in json()) {
            let text = serde_json_canonicalizer::to_string(&serde_json::json!({ "value": value })).unwrap();
            prop_assert!(is_canonical(&text), "{text}");
        }

        #[test]
        fn what_is_canonical_the_canonicalizer_leaves_alone(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = serde_json_canonicalizer::to_vec(&serde_json::json!({ "value": value })).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if outline(&bytes).is_ok() {
                let again: Value = serde_json::from_slice(&bytes).unwrap();
                prop_assert_eq!(serde_json_canonicalizer::to_vec(&again).unwrap(), bytes);
            }
        }
    }
}
