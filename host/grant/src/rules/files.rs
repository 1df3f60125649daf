//! `[files.mounts]`: directories of the host under the paths that a guest sees, and what may be done below each.
//!
//! A mount is the unit: there are no patterns for the paths below it. A link could lead around a pattern on names; it cannot lead out of a mount.

use std::path::PathBuf;

use lockstep_model::request::FilesRequest;

use crate::explain::Watch;
use crate::granted::Denial;
use crate::hint;
use crate::judge::{Judgement, Mismatch, Rule, judge};
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Section};
use crate::terms::FilesTerms;

/// `[files]`, compiled. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct FilesRules {
    mounts: Vec<MountRule>,
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountRule {
    /// Where it stands.
    pub place: Place,
    /// The path that the guest sees.
    pub guest: String,
    /// The directory on the host.
    pub root: PathBuf,
    /// What may be done below it.
    pub rights: Vec<Right>,
}

/// What may be done below a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// `read`, `look`, `entries`, `digest`, `disk-free`, `keep`.
    Read,
    /// `write`, `append-text`, `make-directory`, `link`, `place`.
    Write,
    /// `remove`.
    Remove,
}

impl Right {
    const WORDS: [(&'static str, Self); 3] = [("read", Self::Read), ("write", Self::Write), ("remove", Self::Remove)];

    /// What a request needs.
    pub fn of(request: &FilesRequest) -> Self {
        match request {
            FilesRequest::Read { .. }
            | FilesRequest::Look { .. }
            | FilesRequest::Entries { .. }
            | FilesRequest::Digest { .. }
            | FilesRequest::DiskFree { .. }
            | FilesRequest::Keep { .. } => Self::Read,
            FilesRequest::Write { .. }
            | FilesRequest::AppendText { .. }
            | FilesRequest::MakeDirectory { .. }
            | FilesRequest::Link { .. }
            | FilesRequest::Place { .. } => Self::Write,
            FilesRequest::Remove { .. } => Self::Remove,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
        }
    }
}

impl Rule for MountRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        let rights: Vec<&str> = self.rights.iter().map(|right| right.word()).collect();
        format!("{} -> {} ({})", self.guest, self.root.display(), rights.join(", "))
    }
}

impl FilesRules {
    pub(crate) const KEYS: &'static [&'static str] = &["mounts"];

    pub(crate) fn read(section: &Section<'_, '_>) -> Self {
        let entries = section.get("mounts").map(|item| item.entries()).unwrap_or_default();
        let mut mounts: Vec<MountRule> = Vec::new();
        for (guest, item) in entries {
            if let Some(mount) = MountRule::read(guest, &item) {
                if let Some(wider) = mounts.iter().find(|other| dodges(other, &mount)) {
                    item.reject(format_args!(
                        "its directory and that of `{}` overlap, and the outer one has rights that the inner has not: they would hold there too",
                        wider.guest
                    ));
                }
                mounts.push(mount);
            }
        }
        Self { mounts }
    }

    /// The mounts, for a look before a run.
    pub fn mounts(&self) -> &[MountRule] {
        &self.mounts
    }

    /// The mount that a normalised path is in. The nearest decides alone, as with mounts of an operating system.
    fn nearest(&self, path: &str) -> Option<&MountRule> {
        self.mounts.iter().filter(|mount| paths::below(path, &mount.guest).is_some()).max_by_key(|mount| mount.guest.len())
    }

    /// Where a normalised path leads, in the mount that it is in.
    pub(crate) fn within(&self, path: &str) -> Option<FilesTerms> {
        let mount = self.nearest(path)?;
        Some(FilesTerms { root: mount.root.clone(), relative: paths::below(path, &mount.guest)?.to_owned() })
    }

    pub(crate) fn decide(&self, request: &FilesRequest, watch: &mut dyn Watch) -> Result<(&MountRule, FilesTerms), Denial> {
        let path = paths::normalised(request.path()).map_err(|error| Denial::built_in(format!("{}: {error}", hint::shown(request.path())), None))?;
        let right = Right::of(request);
        let nearest = self.nearest(path);
        let matches = |mount: &MountRule| match paths::below(path, &mount.guest) {
            None => Err(Mismatch::Mount),
            Some(_) if nearest.is_some_and(|nearest| nearest.guest != mount.guest) => Err(Mismatch::NearerMount),
            Some(_) if !mount.rights.contains(&right) => Err(Mismatch::Right),
            Some(_) => Ok(()),
        };
        match judge(&[], &self.mounts, |mount, _| matches(mount), watch) {
            Judgement::Allowed(mount) | Judgement::Denied(mount) => {
                let relative = paths::below(path, &mount.guest).unwrap_or_default();
                check_inside(request, mount, relative)?;
                Ok((mount, FilesTerms { root: mount.root.clone(), relative: relative.to_owned() }))
            }
            Judgement::Default => Err(Denial::by_default(not_allowed(right, path), missing(nearest, right, path))),
        }
    }
}

impl MountRule {
    const KEYS: &'static [&'static str] = &["path", "allow"];

    fn read(guest: &str, item: &Item<'_, '_>) -> Option<Self> {
        if let Err(error) = paths::normalised(guest) {
            item.reject(error);
        }
        let section = item.section(Self::KEYS)?;
        let root = section.need("path", "\"/srv/app\"").and_then(|item| item.host_path());
        let rights = section.need("allow", "[\"read\"]").map(|list| {
            let items = list.items();
            if items.is_empty() {
                list.reject("a mount that allows nothing is of no use: leave it out");
            }
            items.iter().filter_map(|item| item.word(&Right::WORDS)).collect()
        });
        Some(Self { place: item.place(), guest: guest.to_owned(), root: root?, rights: rights? })
    }
}

/// Whether one mount would give rights to files of the other that the other does not give.
fn dodges(one: &MountRule, other: &MountRule) -> bool {
    let (one_root, other_root) = (paths::lexical(&one.root), paths::lexical(&other.root));
    let more = |wide: &MountRule, narrow: &MountRule| wide.rights.iter().any(|right| !narrow.rights.contains(right));
    (other_root.starts_with(&one_root) && more(one, other)) || (one_root.starts_with(&other_root) && more(other, one))
}

/// What the mount's right alone does not settle.
fn check_inside(request: &FilesRequest, mount: &MountRule, relative: &str) -> Result<(), Denial> {
    match request {
        FilesRequest::Remove { .. } | FilesRequest::Write { .. } | FilesRequest::AppendText { .. } | FilesRequest::Link { .. } | FilesRequest::Place { .. }
            if relative.is_empty() =>
        {
            Err(Denial::by_rule(&mount.place, format!("`{}` is the mount itself: it can be neither replaced nor removed", mount.guest)).without_hint())
        }
        FilesRequest::Link { target, .. } => {
            let directory = relative.rsplit_once('/').map_or("", |(directory, _)| directory);
            match paths::link_target(directory, target) {
                Some(_) => Ok(()),
                None => Err(Denial::built_in(
                    format!("a link to {} would leave its mount `{}`", hint::shown(target), mount.guest),
                    Some("write the target relative to the link's directory".to_owned()),
                )),
            }
        }
        FilesRequest::Remove { .. }
        | FilesRequest::Write { .. }
        | FilesRequest::AppendText { .. }
        | FilesRequest::Place { .. }
        | FilesRequest::Read { .. }
        | FilesRequest::Look { .. }
        | FilesRequest::Entries { .. }
        | FilesRequest::MakeDirectory { .. }
        | FilesRequest::Digest { .. }
        | FilesRequest::DiskFree { .. }
        | FilesRequest::Keep { .. } => Ok(()),
    }
}

fn not_allowed(right: Right, path: &str) -> String {
    format!("to {} {} is not allowed", right.word(), hint::shown(path))
}

fn missing(nearest: Option<&MountRule>, right: Right, path: &str) -> Option<String> {
    if let Some(mount) = nearest {
        return Some(format!("add \"{}\" to `allow` of `{}` ({}:{})", right.word(), mount.place.name, mount.place.file, mount.place.line));
    }
    let first = path.split('/').nth(1).unwrap_or_default();
    let guest = hint::quoted(&format!("/{first}"))?;
    hint::fitting(format!("add to the grant file, with a directory of this host:\n[files.mounts.{guest}]\npath = \"…\"\nallow = [\"{}\"]", right.word()))
}

#[cfg(test)]
mod tests;
