//! What a secret's value looks like when somebody has encoded it: every form is taken out as the value itself is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use lockstep_model::Secret;

/// A line of a value of many lines that is shorter is not one to be known by.
const SHORTEST_LINE: usize = 8;

/// A value as it is, and as it looks encoded.
pub(super) fn forms(value: &[u8]) -> Vec<Secret<Vec<u8>>> {
    let mut forms = Forms::default();
    for part in [Some(value.to_vec())].into_iter().chain(passwords(value)).flatten().filter(|part| !part.is_empty()) {
        encoded(&part, &mut forms);
        drop(Secret::new(part));
    }
    // Output is shown line by line: a key of many lines must not be seen in parts.
    value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() >= SHORTEST_LINE).for_each(|line| forms.keep(line));
    forms.0.into_iter().map(Secret::new).collect()
}

/// Each once. Whatever is made on the way is cleared: a text is made in room for all of it, since one that grows leaves its beginnings behind.
#[derive(Default)]
struct Forms(BTreeSet<Vec<u8>>);

impl Forms {
    fn keep(&mut self, form: impl Into<Vec<u8>>) {
        drop(self.0.replace(form.into()).map(Secret::new));
    }
}

fn encoded(value: &[u8], forms: &mut Forms) {
    forms.keep(value);
    for upper in [false, true] {
        forms.keep(value.iter().fold(String::with_capacity(2 * value.len()), |mut hex, byte| {
            _ = if upper { write!(hex, "{byte:02X}") } else { write!(hex, "{byte:02x}") };
            hex
        }));
    }
    for alphabet in [&STANDARD, &URL_SAFE] {
        for text in base64(value, alphabet) {
            forms.keep(slashed(&text));
            percent(text.as_bytes()).into_iter().for_each(|escaped| forms.keep(escaped));
            forms.keep(text);
        }
    }
    percent(value).into_iter().for_each(|text| forms.keep(text));
    json(value).into_iter().for_each(|text| forms.keep(text));
}

/// With `\/` for each `/`.
fn slashed(text: &str) -> String {
    let mut slashed = String::with_capacity(text.len() + text.matches('/').count());
    for part in text.split_inclusive('/') {
        match part.strip_suffix('/') {
            Some(part) => slashed.extend([part, "\\/"]),
            None => slashed.push_str(part),
        }
    }
    slashed
}

/// What of base64 is the value's alone, at each of the three places where it can begin; where it ends, with all of its last letter and its padding.
fn base64(value: &[u8], alphabet: &Alphabet) -> Vec<String> {
    let engine = GeneralPurpose::new(alphabet, GeneralPurposeConfig::new());
    let mut texts = Vec::new();
    for (before, theirs) in [(0, 0), (1, 2), (2, 3)] {
        let all = Secret::new(engine.encode(Secret::new([&[0; 2][..before], value].concat()).expose()));
        let Some(own) = all.expose().get(theirs..) else { continue };
        // So many letters hold nothing of what follows.
        let whole = ((before + value.len()) * 8 / 6).saturating_sub(theirs);
        texts.extend([own, own.trim_end_matches('='), own.get(..whole).unwrap_or_default()].map(str::to_owned));
    }
    texts
}

/// As URLs and forms have it: what is left as it is differs from one encoder to the next.
fn percent(value: &[u8]) -> Vec<String> {
    const KEPT: [&[u8]; 5] = [b"-._~", b"-_.!~*'()", b"*-._", b"-._~!$&'()*+,;=:@/", b""];
    let mut texts = Vec::new();
    for kept in KEPT {
        for form in [false, true] {
            for upper in [false, true] {
                let letters = !kept.is_empty();
                texts.push(value.iter().fold(String::with_capacity(3 * value.len()), |mut text, &byte| {
                    match byte {
                        b' ' if form => text.push('+'),
                        byte if (letters && byte.is_ascii_alphanumeric()) || kept.contains(&byte) => text.push(char::from(byte)),
                        byte if upper => _ = write!(text, "%{byte:02X}"),
                        byte => _ = write!(text, "%{byte:02x}"),
                    }
                    text
                }));
            }
        }
    }
    texts
}

/// As the content of a JSON string: what is escaped, and how, differs from one writer to the next.
fn json(value: &[u8]) -> Vec<String> {
    const HTML: &str = "<>&";
    const QUOTES: &str = "<>&'\"";
    let text = Secret::new(String::from_utf8_lossy(value).into_owned());
    let written = |slash: bool, ascii: bool, also: &str, upper: bool, all: bool| {
        // A byte of text is at most six of escapes.
        let mut written = String::with_capacity(6 * text.expose().len());
        for c in text.expose().chars() {
            let escaped = all || also.contains(c) || (ascii && !c.is_ascii());
            match c {
                c if escaped => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        _ = if upper { write!(written, "\\u{unit:04X}") } else { write!(written, "\\u{unit:04x}") };
                    }
                }
                '/' if slash => written.push_str("\\/"),
                c => written.push_str(&json_content(c.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        written
    };
    let mut texts = vec![written(false, false, "", false, true), written(false, false, "", true, true)];
    for also in ["", HTML, QUOTES] {
        for (slash, ascii, upper) in [
            (false, false, false),
            (false, false, true),
            (false, true, false),
            (false, true, true),
            (true, false, false),
            (true, true, false),
            (true, true, true),
        ] {
            texts.push(written(slash, ascii, also, upper, false));
        }
    }
    texts
}

/// The value as the content of a JSON string, without the quotes.
pub(super) fn json_content(value: &[u8]) -> String {
    let text = Secret::new(String::from_utf8_lossy(value).into_owned());
    let mut quoted = Vec::with_capacity(6 * text.expose().len() + 2);
    // A text is always written, and a vector takes it.
    _ = serde_json::to_writer(&mut quoted, text.expose());
    let quoted = Secret::new(quoted);
    String::from_utf8_lossy(&quoted.expose()[1..quoted.expose().len() - 1]).into_owned()
}

/// The password of a value that is a URL, as it stands there and decoded: a server may show it without the rest.
fn passwords(value: &[u8]) -> [Option<Vec<u8>>; 2] {
    let written = std::str::from_utf8(value).ok().and_then(|text| {
        let (_, rest) = text.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (login, _) = authority.rsplit_once('@')?;
        login.split_once(':').map(|(_, password)| password)
    });
    let decoded = written.map(|password| {
        let mut bytes = password.bytes();
        let mut decoded = Vec::with_capacity(password.len());
        while let Some(byte) = bytes.next() {
            let mut ahead = bytes.clone();
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            match (byte, digit(ahead.next()), digit(ahead.next())) {
                (b'%', Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    bytes = ahead;
                }
                _ => decoded.push(byte),
            }
        }
        decoded
    });
    [written.map(|password| password.as_bytes().to_vec()), decoded]
}
