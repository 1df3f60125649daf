//! `directories` of a rule: where its commands may work, on the host or in a mount of `[files.mounts]`.
//!
//! A procedure that knows no paths of the host names a directory as `files` does. Both are absolute paths, so that the entry says which it is about: a text a
//! path of the host, `{ mount = "/app" }` one in a mount. The first entry that fits decides.

use std::path::PathBuf;
use std::sync::Arc;

use crate::glob;
use crate::hint;
use crate::paths::PathPattern;
use crate::read::Item;
use crate::rules::FilesRules;
use crate::terms::WorkingDirectory;

/// The directories of a rule, in their order. The default has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Directories {
    entries: Vec<Entry>,
    /// Which mounts there are, and where.
    mounts: Arc<FilesRules>,
}

#[derive(Debug, Clone)]
enum Entry {
    Host(PathPattern),
    Mount(PathPattern),
}

impl Directories {
    pub(super) fn read(item: &Item<'_, '_>, mounts: &Arc<FilesRules>) -> Self {
        let entries = item.items().iter().filter_map(|item| Entry::read(item, mounts)).collect();
        Self { entries, mounts: Arc::clone(mounts) }
    }

    /// Where a normalised path leads; none when no entry is about it.
    pub(super) fn find(&self, path: &str) -> Option<WorkingDirectory> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Host(pattern) => pattern.matches(path).then(|| WorkingDirectory::Host(PathBuf::from(path))),
            Entry::Mount(pattern) if pattern.matches(path) => self.in_mount(path),
            Entry::Mount(_) => None,
        })
    }

    /// Where a command works that does not say: in the first directory that is spelled out.
    pub(super) fn first(&self) -> Option<WorkingDirectory> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Host(pattern) => pattern.as_literal().map(|path| WorkingDirectory::Host(PathBuf::from(path))),
            Entry::Mount(pattern) => self.in_mount(&pattern.as_literal()?),
        })
    }

    /// The entry that would be about exactly this path.
    pub(super) fn entry(&self, path: &str) -> Option<String> {
        let quoted = hint::quoted(&glob::escape(path))?;
        Some(if self.mounts.within(path).is_some() { format!("{{ mount = {quoted} }}") } else { quoted })
    }

    fn in_mount(&self, path: &str) -> Option<WorkingDirectory> {
        Some(WorkingDirectory::Mount { path: path.to_owned(), within: self.mounts.within(path)? })
    }
}

impl Entry {
    const KEYS: &'static [&'static str] = &["mount"];

    fn read(item: &Item<'_, '_>, mounts: &FilesRules) -> Option<Self> {
        if !item.is_table() {
            return item.parsed(|text| PathPattern::parse(text, item.base())).map(Self::Host);
        }
        let named = item.section(Self::KEYS)?.need("mount", "\"/app\"")?;
        let text = named.text()?;
        if !text.starts_with('/') {
            named.reject("expected an absolute path, as `files` names it");
            return None;
        }
        let pattern = named.parsed(|text| PathPattern::parse(text, named.base()))?;
        if !mounts.mounts().iter().any(|mount| pattern.may_be_below(&mount.guest)) {
            named.reject_with("it is in no mount of the grant", "name one of `[files.mounts]`, or a directory in it");
        }
        Some(Self::Mount(pattern))
    }
}
