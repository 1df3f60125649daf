//! Things of the world in a scenario file: names with values, and paths with what stands there.

use std::collections::BTreeMap;

use lockstep_grant::read::Item;

use super::{Fact, Is, Thing};
use crate::tree::{Tree, normalised};

/// `[world]`: the names there are, and how they are at first.
pub(super) fn values(item: &Item<'_, '_>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (name, item) in item.entries() {
        if name.starts_with('/') {
            item.reject_with("a path does not stand here", "what is there at first is said in `[files]`");
        } else if let Some(value) = item.scalar() {
            values.insert(name.to_owned(), value);
        }
    }
    values
}

/// What is read off the world, or put into it: `{ live = "blue", "/site/current" = "slots/blue" }`.
pub(super) fn facts(item: &Item<'_, '_>, known: &BTreeMap<String, String>) -> Vec<Fact> {
    item.entries().into_iter().filter_map(|(name, item)| fact(name, &item, known)).collect()
}

/// As `facts`, to be made so: a path gets a text or is taken away.
pub(super) fn changes(item: &Item<'_, '_>, known: &BTreeMap<String, String>) -> Vec<Fact> {
    let changes = facts(item, known);
    for change in changes.iter().filter(|change| change.is == Is::There) {
        item.reject(format_args!("`{}` is set to `true`: give the file's text, or `false` to take it away", change.thing));
    }
    changes
}

fn fact(name: &str, item: &Item<'_, '_>, known: &BTreeMap<String, String>) -> Option<Fact> {
    if !name.starts_with('/') {
        if !known.contains_key(name) {
            item.reject_with(format_args!("`{name}` is no name of `[world]`"), format_args!("declare how it is at first: `{name} = \"…\"` in `[world]`"));
        }
        return Some(Fact { thing: Thing::Value(name.to_owned()), is: Is::Text(item.scalar()?) });
    }
    let Some(path) = normalised(name) else {
        item.reject("expected a plain path: no `..`, no empty part, no slash at its end");
        return None;
    };
    let is = match item.value().as_bool() {
        Some(true) => Is::There,
        Some(false) => Is::Gone,
        None => Is::Text(item.text()?.to_owned()),
    };
    Some(Fact { thing: Thing::Path(path), is })
}

const ENTRY_KEYS: &[&str] = &["text", "link", "directory", "executable"];

/// `[files]`: what stands where at first. A text is a file; what leads to it is made.
pub(super) fn files(item: &Item<'_, '_>) -> Tree {
    let mut tree = Tree::default();
    for (path, item) in item.entries() {
        let Some(path) = normalised(path) else {
            item.reject("expected a path as the procedure sees it, beginning with the mount's: no `..`, no empty part, no slash at its end");
            continue;
        };
        place(&mut tree, &path, &item);
    }
    tree
}

fn place(tree: &mut Tree, path: &str, item: &Item<'_, '_>) {
    let placed = if item.is_table() {
        let Some(section) = item.section(ENTRY_KEYS) else { return };
        let executable = section.get("executable").and_then(|item| item.flag()).unwrap_or(false);
        let directory = section.get("directory").and_then(|item| item.flag()).unwrap_or(false);
        match (section.get("text"), section.get("link"), directory) {
            (Some(text), None, false) => text.text().map(|text| tree.put_file(path, text.as_bytes(), executable)),
            (None, Some(link), false) => link.text().map(|target| tree.put_link(path, target)),
            (None, None, true) => Some(tree.put_directory(path)),
            _ => {
                item.reject_with("expected one of `text`, `link` and `directory = true`", "for example `{ link = \"slots/blue\" }`");
                None
            }
        }
    } else {
        item.text().map(|text| tree.put_file(path, text.as_bytes(), false))
    };
    if placed == Some(false) {
        item.reject("something else of this file stands there, or on the way to it");
    }
}
