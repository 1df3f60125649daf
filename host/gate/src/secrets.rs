//! The values of secrets: put in for markers at the destination, taken out of everything that comes back.

mod forms;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use lockstep_grant::{Grant, SecretRule};
use lockstep_model::request::{SecretPlace, TextPlace, query_at};
use lockstep_model::{Digest, Secret};

use forms::{forms, json_content};
pub use stream::ScrubStream;

/// A value this short would be found everywhere and make a journal unreadable; it is put in, but cannot be taken out.
const SHORTEST_SCRUBBED: usize = 4;

/// What shows later whether a value was this one: a digest of it that is another in each run. To be sealed: who has it can try out short values.
pub fn mark_of(seed: &str, id: &str, value: &Secret<Vec<u8>>) -> Digest {
    let salted = Secret::new([format!("lockstep mark v1\0{seed}\0{id}\0").as_bytes(), value.expose()].concat());
    Digest::of(salted.expose())
}

/// What a mark is sealed for. No secret's id has a blank in it.
pub fn mark_purpose(id: &str) -> String {
    format!("mark of {id}")
}

/// Where the values of declared secrets come from.
pub trait SecretSource: Send + Sync {
    /// The value of a secret that the grant declares; none when it is captured from responses.
    ///
    /// # Errors
    /// Why its source has none, never with the value: `the variable API_KEY is not set`.
    fn value(&self, rule: &SecretRule, grant: &Grant) -> Result<Option<Secret<Vec<u8>>>, String>;
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
    /// Why others have none.
    lacking: BTreeMap<String, String>,
    /// Those that a call is about to take with it and that the journal does not have yet.
    unmarked: BTreeSet<String>,
    /// Those that it has.
    marked: BTreeSet<String>,
    // Both are made of the values that are known, and made anew when there is another one.
    scrubber: Option<Arc<Scrubber>>,
    markers: Option<Markers>,
}

struct Scrubber {
    automaton: AhoCorasick,
    markers: Vec<String>,
    /// The length of the longest form of a value.
    longest: usize,
}

/// What finds the markers of values that are known, in every spelling.
struct Markers {
    automaton: AhoCorasick,
    /// For each spelling: whose it is, and whether it is percent-encoded.
    spellings: Vec<(String, bool)>,
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
        inner.marked.remove(id);
        (inner.scrubber, inner.markers) = (None, None);
    }

    /// Clears every value that is known: nothing can be placed and nothing is taken out of anything before they are learnt again.
    pub fn forget(&self) {
        let mut inner = self.lock();
        inner.values.clear();
        (inner.scrubber, inner.markers) = (None, None);
    }

    /// Says why a declared secret has no value.
    pub fn lacks(&self, id: &str, why: String) {
        self.lock().lacking.insert(id.to_owned(), why);
    }

    /// Why a secret without a value has none.
    pub(crate) fn why_not(&self, id: &str) -> String {
        let known = self.lock().lacking.get(id).cloned();
        known.unwrap_or_else(|| "nothing was captured into it yet".to_owned())
    }

    /// The value that the grant itself places in a connection.
    pub(crate) fn value(&self, id: &str) -> Option<Secret<Vec<u8>>> {
        self.lock().values.get(id).cloned()
    }

    /// Whether no value is known.
    pub(crate) fn are_none(&self) -> bool {
        self.lock().values.is_empty()
    }

    /// A call is about to take the value with it.
    pub(crate) fn using(&self, id: &str) {
        let mut inner = self.lock();
        if !inner.marked.contains(id) {
            inner.unmarked.insert(id.to_owned());
        }
    }

    /// What calls are about to take with them and the journal does not have yet: each once, with the mark of its value.
    pub(crate) fn take_unmarked(&self) -> Vec<(String, Digest)> {
        let mut inner = self.lock();
        let ids = std::mem::take(&mut inner.unmarked);
        let marks = ids.iter().filter_map(|id| Some((id.clone(), mark_of(&self.seed, id, inner.values.get(id)?)))).collect();
        inner.marked.extend(ids);
        marks
    }

    /// Whether a value is known.
    pub fn knows(&self, id: &str) -> bool {
        self.lock().values.contains_key(id)
    }

    /// Whether the marker of `id` is in `text`, as it is or percent-encoded, whether or not it has a value.
    pub fn is_marked(&self, text: &[u8], id: &str) -> bool {
        let marker = self.marker(id);
        std::iter::once(marker.clone()).chain(escaped(&marker)).any(|spelling| memchr::memmem::find(text, spelling.as_bytes()).is_some())
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
            SecretPlace::Form(bytes) => {
                if let Some(placed) = self.placed(bytes, |value| percent_encoded(value).into_bytes()) {
                    *bytes = placed;
                }
            }
            SecretPlace::Query(url) => {
                let at = query_at(url);
                if let Some(placed) = self.placed(&url.as_bytes()[at..], |value| percent_encoded(value).into_bytes()) {
                    url.truncate(at);
                    url.push_str(&String::from_utf8_lossy(&placed));
                }
            }
        }
    }

    /// None when there is nothing to put in. `form`: how a value stands where its marker stood as it is; where that was percent-encoded, so is the value.
    fn placed(&self, bytes: &[u8], form: fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
        let mut inner = self.lock();
        let Inner { values, markers, .. } = &mut *inner;
        if values.is_empty() {
            return None;
        }
        if markers.is_none() {
            *markers = self.markers(values.keys());
        }
        let Markers { automaton, spellings } = markers.as_ref()?;
        let put_in = |(id, encoded): &(String, bool)| {
            let value = values.get(id).map(Secret::expose).map_or(&[][..], Vec::as_slice);
            Secret::new(if *encoded { percent_encoded(value).into_bytes() } else { form(value) })
        };
        let found: Vec<_> = automaton.find_iter(bytes).map(|found| (found.range(), put_in(&spellings[found.pattern().as_usize()]))).collect();
        let (last, _) = found.last()?;
        // Of the right size at once: a buffer that grows leaves copies of values behind.
        let mut placed = Vec::with_capacity(bytes.len() + found.iter().map(|(_, value)| value.expose().len()).sum::<usize>());
        let mut from = 0;
        for (at, value) in &found {
            placed.extend_from_slice(&bytes[from..at.start]);
            placed.extend_from_slice(value.expose());
            from = at.end;
        }
        placed.extend_from_slice(&bytes[last.end..]);
        Some(placed)
    }

    fn markers<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Option<Markers> {
        let (mut markers, mut spellings) = (Vec::new(), Vec::new());
        for id in ids {
            let marker = self.marker(id);
            for spelling in escaped(&marker) {
                markers.push(spelling);
                spellings.push((id.clone(), true));
            }
            markers.push(marker);
            spellings.push((id.clone(), false));
        }
        Some(Markers { automaton: AhoCorasick::new(&markers).ok()?, spellings })
    }

    /// Takes values out, in every form they are likely to be in, and puts their markers there.
    pub fn scrub(&self, place: TextPlace<'_>) {
        match place {
            TextPlace::Text(text) => {
                if let Some(scrubbed) = self.scrubbed(text.as_bytes()) {
                    drop(Secret::new(std::mem::replace(text, String::from_utf8_lossy(&scrubbed).into_owned())));
                }
            }
            TextPlace::Bytes(bytes) => {
                if let Some(scrubbed) = self.scrubbed(bytes) {
                    drop(Secret::new(std::mem::replace(bytes, scrubbed)));
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
        let scrubber = self.current()?;
        scrubber.automaton.is_match(bytes).then(|| scrubber.automaton.replace_all_bytes(bytes, &scrubber.markers))
    }

    /// What takes out the values that are known now; none when there are none.
    fn current(&self) -> Option<Arc<Scrubber>> {
        let mut inner = self.lock();
        if inner.scrubber.is_none() {
            inner.scrubber = self.scrubber(&inner.values).map(Arc::new);
        }
        inner.scrubber.clone()
    }

    fn scrubber(&self, values: &BTreeMap<String, Secret<Vec<u8>>>) -> Option<Scrubber> {
        let (mut patterns, mut markers): (Vec<Secret<Vec<u8>>>, _) = (Vec::new(), Vec::new());
        for (id, value) in values {
            for form in forms(value.expose()) {
                if form.expose().len() >= SHORTEST_SCRUBBED {
                    patterns.push(form);
                    markers.push(self.marker(id));
                }
            }
        }
        if patterns.is_empty() {
            return None;
        }
        // Leftmost-longest: a value that contains another must be taken out whole.
        // Without its prefilter, which would keep whole values in memory that nobody clears.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).prefilter(false).build(patterns.iter().map(Secret::expose)).ok()?;
        Some(Scrubber { longest: automaton.max_pattern_len(), automaton, markers })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A marker as the SDKs and the libraries of their languages percent-encode it: they differ in the colon and in the case of the digits.
fn escaped(marker: &str) -> [String; 4] {
    let upper = |colon: &str| marker.replace('{', "%7B").replace('}', "%7D").replace(':', colon);
    let lower = |colon: &str| marker.replace('{', "%7b").replace('}', "%7d").replace(':', colon);
    [upper("%3A"), upper(":"), lower("%3a"), lower(":")]
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

#[cfg(test)]
mod tests;
