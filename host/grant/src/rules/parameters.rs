//! `[parameters]`: values that this environment gives to procedures.

use crate::place::Place;
use crate::read::{Item, Section};

/// One value of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRule {
    /// The parameter's id, as a procedure declares it.
    pub id: String,
    /// The value.
    pub value: String,
    /// Whether the command line may not give another.
    pub locked: bool,
    /// Where it stands.
    pub place: Place,
}

const KEYS: &[&str] = &["value", "locked"];

/// Longest value, in bytes: a parameter is a word, not a file.
const VALUE_MAX: usize = 64 * 1024;

pub(crate) fn read_parameters(table: &Item<'_, '_>) -> Vec<ParameterRule> {
    table.entries().into_iter().filter_map(|(id, item)| read(id, &item)).collect()
}

fn read(id: &str, item: &Item<'_, '_>) -> Option<ParameterRule> {
    if !is_id(id) {
        item.reject("a parameter's id is 1 to 64 of a-z, 0-9 and -");
    }
    let (value, locked) = if item.is_table() { read_long(&item.section(KEYS)?)? } else { (item.scalar()?, false) };
    if value.len() > VALUE_MAX || value.contains('\0') {
        item.reject(format_args!("a value has at most {VALUE_MAX} bytes and no NUL"));
    }
    Some(ParameterRule { id: id.to_owned(), value, locked, place: item.place() })
}

fn read_long(section: &Section<'_, '_>) -> Option<(String, bool)> {
    let locked = section.get("locked").and_then(|item| item.flag()).unwrap_or(false);
    Some((section.need("value", "\"…\"")?.scalar()?, locked))
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
