//! Ready sets of rules for programs of many deployments, read once with care so that not every operator has to.
//!
//! A profile says nothing about where the program is or what surrounds it: that stays the operator's. Its rules let through what they spell, options included;
//! its denies hold for the program whatever else the grant allows.

use std::path::Path;

use super::command::Args;
use super::{CommandPattern, ShellRule, ShellRules, Surroundings};
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Reader, Section};
use crate::suggest;

/// One profile, as its file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// `git/read`.
    pub name: &'static str,
    /// Its rules and those of its tool, in the manner of a grant file.
    pub text: &'static str,
}

/// Every profile, by name.
pub fn profiles() -> &'static [Profile] {
    PROFILES
}

macro_rules! profiles {
    ($($file:literal: $($name:literal),+;)+) => {
        const PROFILES: &[Profile] = &[$($(
            Profile { name: concat!($file, "/", $name), text: include_str!(concat!("../../profiles/", $file, ".toml")) },
        )+)+];
        /// The keys of a profile's file: what holds for all of them, and each.
        const KEYS: &[&str] = &["deny", $($($name),+),+];
    };
}

profiles! {
    "alembic": "status", "upgrade", "downgrade";
    "docker": "read", "build", "publish";
    "docker-compose": "read", "release";
    "flyway": "status", "migrate", "undo";
    "git": "read", "tag", "release";
    "helm": "read", "release";
    "kubectl": "read", "release";
    "mysqldump": "dump";
    "npm": "read", "install", "run";
    "pg_dump": "dump";
    "prisma": "status", "deploy";
    "pytest": "run";
    "redis-cli": "read";
    "sqlx": "status", "run", "revert";
}

/// Puts a profile's rules in the place of the rule that names it.
pub(super) fn read(rules: &mut ShellRules, item: &Item<'_, '_>, section: &Section<'_, '_>, named: &Item<'_, '_>, surroundings: Surroundings) {
    let program = section.need("program", "\"/usr/bin/git\"").and_then(|item| item.parsed(paths::normalised));
    for key in ["options", "never", "class"] {
        if let Some(said) = section.get(key) {
            said.reject("the profile says that: write a rule of its own for anything else");
        }
    }
    let prefix = section.get("args").map(|item| (Args::read(&item), item));
    if let Some((prefix, said)) = &prefix
        && prefix.is_open()
    {
        said.reject("beside a profile these are the arguments before its own: `**` cannot be one");
    }
    let prefix = prefix.map_or_else(Args::none, |(prefix, _)| prefix);
    let (Some(program), Some(name)) = (program, named.text()) else { return };
    let Some(profile) = PROFILES.iter().find(|profile| profile.name == name) else {
        let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        let meant = suggest::nearest(name, &known).map_or_else(|| known.join(", "), |near| format!("did you mean `{near}`?"));
        named.reject_with(format_args!("there is no profile `{name}`"), meant);
        return;
    };
    let place = |what: &str| Place { name: format!("{} ({name} {what})", item.name), ..item.place() };
    let read = Rules::of(profile);
    rules.deny.extend(read.deny(|section, what| ShellRule::denying(place(what), CommandPattern::of_program(program, section).behind(prefix.clone()))));
    rules.allow.extend(read.allow(|section, what| {
        let command = CommandPattern::of_program(program, section).behind(prefix.clone());
        surroundings.clone().around(place(what), command, section.get("class").and_then(|item| item.class()))
    }));
}

/// A profile being read.
struct Rules {
    profile: &'static Profile,
}

impl Rules {
    fn of(profile: &'static Profile) -> Self {
        Self { profile }
    }

    fn allow<T>(&self, rule: impl Fn(&Section<'_, '_>, &str) -> T) -> Vec<T> {
        let group = self.profile.name.rsplit('/').next().unwrap_or_default();
        self.each(group, &["args", "options", "never", "class"], &rule)
    }

    fn deny<T>(&self, rule: impl Fn(&Section<'_, '_>, &str) -> T) -> Vec<T> {
        self.each("deny", &["args", "anywhere"], &rule)
    }

    /// What `rule` makes of each rule in one of the file's lists. That the files have no problems is a test.
    fn each<T>(&self, list: &str, keys: &'static [&'static str], rule: &impl Fn(&Section<'_, '_>, &str) -> T) -> Vec<T> {
        let reader = Reader::new(self.profile.text, self.profile.name, Path::new("/"));
        let document = reader.document();
        let root = Section::root(&reader, document.get_ref(), KEYS);
        let items = root.get(list).map(|item| item.items()).unwrap_or_default();
        items.iter().filter_map(|item| Some(rule(&item.section(keys)?, &item.name))).collect()
    }
}

#[cfg(test)]
mod tests;
