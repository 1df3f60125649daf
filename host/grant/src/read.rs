//! Reading a grant file, or a scenario written in its manner: values with their places, and problems collected instead of stopping at the first.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_model::EffectClass;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::errors::{GrantError, GrantErrors};
use crate::place::Place;
use crate::{suggest, units};

/// One file being read.
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    base: &'a Path,
    problems: RefCell<Vec<Problem>>,
}

struct Problem {
    at: usize,
    kind: ProblemKind,
    message: String,
    hint: Option<String>,
}

#[derive(PartialEq, Eq)]
enum ProblemKind {
    Syntax,
    Missing,
    Content,
}

impl<'a> Reader<'a> {
    /// Of `text`, called `file` in messages; relative paths in it are below `base`.
    pub fn new(text: &'a str, file: &'a str, base: &'a Path) -> Self {
        Self { file, text, base, problems: RefCell::default() }
    }

    /// The file as a table; broken syntax is a problem like any other, so that the rest is still looked at.
    pub fn document(&self) -> Spanned<DeTable<'a>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(self.text.len(), |span| span.start);
            self.add(at, ProblemKind::Syntax, error.message().to_owned(), None);
        }
        document
    }

    /// What was found wrong.
    ///
    /// # Errors
    /// Every problem, when there is one.
    pub fn finish(self) -> Result<(), GrantErrors> {
        let mut problems = self.problems.take();
        let broken: Vec<usize> = problems.iter().filter(|problem| problem.kind == ProblemKind::Syntax).map(|problem| self.line(problem.at)).collect();
        // What broken syntax drops or guesses is no second problem.
        problems.retain(|problem| match problem.kind {
            ProblemKind::Syntax => true,
            ProblemKind::Missing => broken.is_empty(),
            ProblemKind::Content => !broken.contains(&self.line(problem.at)),
        });
        problems.sort_by_key(|problem| problem.at);
        if problems.is_empty() {
            return Ok(());
        }
        let error = |problem: Problem| GrantError {
            file: self.file.to_owned(),
            line: self.line(problem.at),
            column: self.column(problem.at),
            message: problem.message,
            hint: problem.hint,
        };
        Err(GrantErrors { problems: problems.into_iter().map(error).collect() })
    }

    fn add(&self, at: usize, kind: ProblemKind, message: String, hint: Option<String>) {
        self.problems.borrow_mut().push(Problem { at, kind, message, hint });
    }

    fn before(&self, at: usize) -> &str {
        self.text.get(..at).unwrap_or(self.text)
    }

    fn line(&self, at: usize) -> usize {
        self.before(at).matches('\n').count() + 1
    }

    fn column(&self, at: usize) -> usize {
        let before = self.before(at);
        before.rsplit('\n').next().unwrap_or(before).chars().count() + 1
    }
}

/// A value, its name and its place.
#[derive(Clone)]
pub struct Item<'r, 'a> {
    reader: &'r Reader<'a>,
    value: &'r DeValue<'a>,
    at: usize,
    /// As a denial would call it: `shell.allow[0]`.
    pub name: String,
}

impl<'r, 'a> Item<'r, 'a> {
    /// Where a rule in this value stands.
    pub fn place(&self) -> Place {
        Place { name: self.name.clone(), file: self.reader.file.to_owned(), line: self.reader.line(self.at) }
    }

    /// Says what is wrong with it.
    pub fn reject(&self, message: impl Display) {
        self.reader.add(self.at, ProblemKind::Content, format!("{}: {message}", self.name), None);
    }

    /// Says what is wrong with it and what to write instead.
    pub fn reject_with(&self, message: impl Display, hint: impl Display) {
        self.reader.add(self.at, ProblemKind::Content, format!("{}: {message}", self.name), Some(hint.to_string()));
    }

    /// A string.
    pub fn text(&self) -> Option<&'r str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("a string");
        }
        text
    }

    /// A string that `parse` understands.
    pub fn parsed<T, E: Display>(&self, parse: impl FnOnce(&'r str) -> Result<T, E>) -> Option<T> {
        parse(self.text()?).map_err(|error| self.reject(error)).ok()
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.reject_with(format_args!("unknown word `{text}`"), meant(text, &known));
        }
        found
    }

    /// An effect class.
    pub fn class(&self) -> Option<EffectClass> {
        self.word(&[EffectClass::Read, EffectClass::Idempotent, EffectClass::AtMostOnce].map(|class| {
            let word = match class {
                EffectClass::Read => "read",
                EffectClass::Idempotent => "idempotent",
                EffectClass::AtMostOnce => "at-most-once",
            };
            (word, class)
        }))
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.expected("`true` or `false`");
        }
        flag
    }

    /// A whole number within `range`.
    pub fn number(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(integer) = self.value.as_integer() else {
            self.expected("a whole number");
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.reject(format_args!("expected {} to {}, found {integer}", range.start(), range.end()));
        }
        number
    }

    /// A size within `range`, in bytes.
    pub fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let size = self.parsed(units::size)?;
        let fits = range.contains(&size);
        if !fits {
            self.reject(format_args!("expected {} to {}", units::show_size(*range.start()), units::show_size(*range.end())));
        }
        fits.then_some(size)
    }

    /// A duration within `range`.
    pub fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let duration = self.parsed(units::duration)?;
        let fits = range.contains(&duration);
        if !fits {
            self.reject(format_args!("expected {} to {}", units::show_duration(*range.start()), units::show_duration(*range.end())));
        }
        fits.then_some(duration)
    }

    /// A path of the host; a relative one is below the grant file's directory.
    pub fn host_path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        if text.is_empty() || text.contains('\0') {
            self.reject("expected a path");
            return None;
        }
        Some(self.reader.base.join(text))
    }

    /// What relative paths are below.
    pub fn base(&self) -> &'r Path {
        self.reader.base
    }

    /// The elements of a list.
    pub fn items(&self) -> Vec<Self> {
        let Some(array) = self.value.as_array() else {
            self.expected("a list");
            return Vec::new();
        };
        let element = |(index, value): (usize, &'r Spanned<DeValue<'a>>)| Self {
            reader: self.reader,
            value: value.get_ref(),
            at: value.span().start,
            name: format!("{}[{index}]", self.name),
        };
        array.iter().enumerate().map(element).collect()
    }

    /// The entries of a table whose keys are the operator's own, in the order of the keys.
    pub fn entries(&self) -> Vec<(&'r str, Self)> {
        let Some(table) = self.value.as_table() else {
            self.expected("a table");
            return Vec::new();
        };
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), self.child(key, value))).collect()
    }

    /// A table of these keys. Any other is a problem.
    pub fn section(&self, keys: &'static [&'static str]) -> Option<Section<'r, 'a>> {
        let Some(table) = self.value.as_table() else {
            self.expected("a table");
            return None;
        };
        Some(Section::of(self.clone(), table, keys))
    }

    /// The value as TOML has it, for what takes any.
    pub fn value(&self) -> &'r DeValue<'a> {
        self.value
    }

    /// Whether it is a table: some values have a short and a long form.
    pub fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// A string, a whole number or a flag, as text.
    pub fn scalar(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(integer) => Some(integer.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.expected("a string, a whole number or a flag");
                None
            }
        }
    }

    fn child(&self, key: &'r Spanned<std::borrow::Cow<'a, str>>, value: &'r Spanned<DeValue<'a>>) -> Self {
        let plain = key.get_ref().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let word = if plain { key.get_ref().to_string() } else { format!("{:?}", key.get_ref()) };
        let name = if self.name.is_empty() { word } else { format!("{}.{word}", self.name) };
        // A table has its header's place or its brace's; the key is where an operator looks.
        let at = if value.get_ref().is_table() { value.span().start.max(key.span().start) } else { key.span().start };
        Self { reader: self.reader, value: value.get_ref(), at, name }
    }

    fn expected(&self, what: &str) {
        self.reject(format_args!("expected {what}, found {}", self.value.type_str()));
    }
}

/// A table of known keys.
pub struct Section<'r, 'a> {
    item: Item<'r, 'a>,
    table: &'r DeTable<'a>,
}

impl<'r, 'a> Section<'r, 'a> {
    /// The whole document.
    pub fn root(reader: &'r Reader<'a>, table: &'r DeTable<'a>, keys: &[&'static str]) -> Self {
        static NOTHING: DeValue<'static> = DeValue::Boolean(false);
        Self::of(Item { reader, value: &NOTHING, at: 0, name: String::new() }, table, keys)
    }

    fn of(item: Item<'r, 'a>, table: &'r DeTable<'a>, keys: &[&'static str]) -> Self {
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let place = if item.name.is_empty() { "the file".to_owned() } else { format!("`{}`", item.name) };
            let hint = meant(key.get_ref(), keys);
            item.reader.add(key.span().start, ProblemKind::Content, format!("unknown key `{}` in {place}", key.get_ref()), Some(hint));
        }
        Self { item, table }
    }

    /// The section itself as a value.
    pub fn item(&self) -> &Item<'r, 'a> {
        &self.item
    }

    /// The value of a key, when it is there.
    pub fn get(&self, key: &str) -> Option<Item<'r, 'a>> {
        self.table.get_key_value(key).map(|(key, value)| self.item.child(key, value))
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &str, example: &str) -> Option<Item<'r, 'a>> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("`{}` has no `{key}`", self.item.name);
            self.item.reader.add(self.item.at, ProblemKind::Missing, message, Some(format!("add `{key} = {example}`")));
        }
        found
    }
}

fn meant(word: &str, known: &[&str]) -> String {
    match suggest::nearest(word, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}
