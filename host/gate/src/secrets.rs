//! The values of secrets: put in for markers at the destination, taken out of everything that comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use lockstep_grant::SecretRule;
use lockstep_model::request::{SecretPlace, TextPlace};
use lockstep_model::{Digest, Secret};

/// A value this short would be found everywhere and make a journal unreadable; it is put in, but cannot be taken out.
const SHORTEST_SCRUBBED: usize = 4;

/// A line of a value of many lines that is shorter is not one to be known by.
const SHORTEST_LINE: usize = 8;

/// Where the values of declared secrets come from. The host's process reads them at its start, so that they can leave its environment.
pub trait SecretSource: Send + Sync {
    /// The value of a declared secret; none when its source has none, or it is captured from responses.
    fn value(&self, rule: &SecretRule) -> Option<Secret<Vec<u8>>>;
}

/// The secrets that a run has asked for so far.
#[derive(Clone)]
pub struct Secrets {
    seed: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    values: BTreeMap<String, Secret<Vec<u8>>>,
    scrubber: Option<Scrubber>,
}

struct Scrubber {
    automaton: AhoCorasick,
    markers: Vec<String>,
}

impl Secrets {
    /// None yet. The run's seed makes the markers of no use in another run.
    pub fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), inner: Arc::default() }
    }

    /// The text that stands for the secret `id` in this run.
    pub fn marker(&self, id: &str) -> String {
        let digest = Digest::of(format!("lockstep marker v1\0{}\0{id}", self.seed).as_bytes());
        format!("{{{{secret:{id}:{}}}}}", &digest.hex()[..16])
    }

    /// Makes a value known: it can be placed from now on and is taken out of everything.
    pub fn learn(&self, id: &str, value: Secret<Vec<u8>>) {
        let mut inner = self.lock();
        inner.values.insert(id.to_owned(), value);
        inner.scrubber = None;
    }

    /// Whether a value is known.
    pub fn knows(&self, id: &str) -> bool {
        self.lock().values.contains_key(id)
    }

    /// Whether the marker of `id` is in `text`, whether or not it has a value.
    pub fn is_marked(&self, text: &[u8], id: &str) -> bool {
        memchr::memmem::find(text, self.marker(id).as_bytes()).is_some()
    }

    /// Puts values in for their markers, in one pass: what was put in is not looked at again, or one secret's value could pull in another's.
    pub fn place(&self, place: SecretPlace<'_>) {
        match place {
            SecretPlace::Text(text) => {
                if let Some(placed) = self.placed(text.as_bytes(), <[u8]>::to_vec) {
                    *text = String::from_utf8_lossy(&placed).into_owned();
                }
            }
            SecretPlace::Bytes(bytes) => {
                if let Some(placed) = self.placed(bytes, <[u8]>::to_vec) {
                    *bytes = placed;
                }
            }
            SecretPlace::Json(bytes) => {
                if let Some(placed) = self.placed(bytes, |value| json_content(value).into_bytes()) {
                    *bytes = placed;
                }
            }
        }
    }

    /// None when there is nothing to put in.
    fn placed(&self, bytes: &[u8], form: fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
        let inner = self.lock();
        let (markers, values): (Vec<_>, Vec<_>) = inner.values.iter().map(|(id, value)| (self.marker(id), form(value.expose()))).unzip();
        let automaton = AhoCorasick::new(&markers).ok()?;
        automaton.is_match(bytes).then(|| automaton.replace_all_bytes(bytes, &values))
    }

    /// Takes values out, in every form they are likely to be in, and puts their markers there.
    pub fn scrub(&self, place: TextPlace<'_>) {
        match place {
            TextPlace::Text(text) => {
                if let Some(scrubbed) = self.scrubbed(text.as_bytes()) {
                    *text = String::from_utf8_lossy(&scrubbed).into_owned();
                }
            }
            TextPlace::Bytes(bytes) => {
                if let Some(scrubbed) = self.scrubbed(bytes) {
                    *bytes = scrubbed;
                }
            }
        }
    }

    /// `text` without values of secrets.
    pub fn scrub_text(&self, text: &str) -> String {
        match self.scrubbed(text.as_bytes()) {
            Some(scrubbed) => String::from_utf8_lossy(&scrubbed).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Takes values out of every text in `value`. Its keys and numbers are ours, and stay.
    pub fn scrub_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.scrub(TextPlace::Text(text)),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_json(item)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| self.scrub_json(field)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }

    /// None when there is nothing to take out.
    fn scrubbed(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut inner = self.lock();
        if inner.scrubber.is_none() {
            inner.scrubber = self.scrubber(&inner.values);
        }
        let scrubber = inner.scrubber.as_ref()?;
        scrubber.automaton.is_match(bytes).then(|| scrubber.automaton.replace_all_bytes(bytes, &scrubber.markers))
    }

    fn scrubber(&self, values: &BTreeMap<String, Secret<Vec<u8>>>) -> Option<Scrubber> {
        let (mut patterns, mut markers) = (Vec::new(), Vec::new());
        for (id, value) in values {
            for form in forms(value.expose()) {
                if form.len() >= SHORTEST_SCRUBBED {
                    patterns.push(form);
                    markers.push(self.marker(id));
                }
            }
        }
        if patterns.is_empty() {
            return None;
        }
        // Leftmost-longest: a value that contains another must be taken out whole.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok()?;
        Some(Scrubber { automaton, markers })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value as it is, and as it looks encoded.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    if value.is_empty() {
        return Vec::new();
    }
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        value.to_vec(),
        STANDARD.encode(value).into_bytes(),
        STANDARD_NO_PAD.encode(value).into_bytes(),
        URL_SAFE.encode(value).into_bytes(),
        URL_SAFE_NO_PAD.encode(value).into_bytes(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        percent_encoded(value).into_bytes(),
        json_content(value).into_bytes(),
    ];
    // Output is shown line by line: a key of many lines must not be seen in parts.
    forms.extend(value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() >= SHORTEST_LINE).map(<[u8]>::to_vec));
    forms.sort();
    forms.dedup();
    forms
}

/// Every byte but the unreserved ones of RFC 3986 as `%XX`.
fn percent_encoded(value: &[u8]) -> String {
    let mut text = String::new();
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The value as the content of a JSON string, without the quotes.
fn json_content(value: &[u8]) -> String {
    let quoted = serde_json::Value::String(String::from_utf8_lossy(value).into_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use lockstep_model::Secret;
    use lockstep_model::request::SecretPlace;

    use super::{STANDARD, Secrets};
    use base64::Engine as _;

    fn knowing(value: &str) -> Secrets {
        let secrets = Secrets::new("seed");
        secrets.learn("KEY", Secret::new(value.as_bytes().to_vec()));
        secrets
    }

    #[test]
    fn a_value_is_taken_out_in_every_form() {
        let secrets = knowing("s3cr\"t/+value");
        let plain = "s3cr\"t/+value";
        let hex: String = plain.bytes().map(|b| format!("{b:02x}")).collect();
        for form in [plain.to_owned(), STANDARD.encode(plain), hex, "s3cr%22t%2F%2Bvalue".into(), "s3cr\\\"t/+value".into()] {
            let scrubbed = secrets.scrub_text(&format!("before {form} after"));
            assert_eq!(scrubbed, format!("before {} after", secrets.marker("KEY")), "{form}");
        }
    }

    #[test]
    fn a_marker_is_replaced_and_escaped_in_json() {
        let secrets = knowing("a\"b");
        let mut body = format!(r#"{{"password":"{}"}}"#, secrets.marker("KEY")).into_bytes();
        secrets.place(SecretPlace::Json(&mut body));
        assert_eq!(body, br#"{"password":"a\"b"}"#);
    }

    #[test]
    fn a_value_that_is_a_marker_pulls_in_nothing() {
        let secrets = knowing("precious");
        secrets.learn("A", Secret::new(secrets.marker("KEY").into_bytes()));
        let mut text = secrets.marker("A");
        secrets.place(SecretPlace::Text(&mut text));
        assert_eq!(text, secrets.marker("KEY"));
    }

    #[test]
    fn a_marker_of_another_run_means_nothing() {
        let other = Secrets::new("other");
        let mut text = other.marker("KEY");
        knowing("value").place(SecretPlace::Text(&mut text));
        assert_eq!(text, other.marker("KEY"));
    }
}
