//! Reading a scenario file: strict, every problem at once with its line and column, by the same reader as a grant file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lockstep_grant::GrantErrors;
use lockstep_grant::read::{Reader, Section};
use lockstep_model::{Secret, Timestamp};

use super::{Scenario, answers, db, expect, redis, things};
use crate::tree::Tree;

const KEYS: &[&str] = &[
    "describe",
    "like",
    "grant",
    "environment",
    "start",
    "parameters",
    "secrets",
    "world",
    "files",
    "disk-free",
    "http",
    "shell",
    "redis",
    "kube",
    "db",
    "expect",
];

/// When nothing is said: a working day's morning.
const START: i64 = 1_767_603_600_000_000;
/// When nothing is said: room enough.
const DISK_FREE: u64 = 1 << 40;
/// The most that a disk can be said to have.
const LARGEST_DISK: u64 = 1 << 60;

impl Scenario {
    /// The scenario that this one is like, when it says so: read that one first.
    pub fn like(text: &str, base: &Path) -> Option<PathBuf> {
        let reader = Reader::new(text, "", base);
        let document = reader.document();
        Section::root(&reader, document.get_ref(), KEYS).get("like").and_then(|item| item.host_path())
    }

    /// Reads the text of a scenario file. `file` is its name in messages; relative paths in it are below `base`. `like` is the scenario that it is like: what
    /// is said here wins over what is said there, and rules here are asked first. Only what is expected is always its own.
    ///
    /// # Errors
    /// Every problem with its place.
    pub fn parse(text: &str, file: &str, base: &Path, like: Option<Self>) -> Result<Self, GrantErrors> {
        let reader = Reader::new(text, file, base);
        let document = reader.document();
        let root = Section::root(&reader, document.get_ref(), KEYS);
        let items = |key| root.get(key).map(|item| item.items()).unwrap_or_default();
        let mut scenario = like.unwrap_or_else(Self::empty);
        scenario.values.extend(root.get("world").map(|item| things::values(&item)).unwrap_or_default());
        let values = &scenario.values;
        let http: Vec<_> = items("http").iter().filter_map(|item| answers::http(item, values)).collect();
        let shell: Vec<_> = items("shell").iter().filter_map(|item| answers::shell(item, values)).collect();
        let redis: Vec<_> = items("redis").iter().filter_map(|item| redis::rule(item, values)).collect();
        let kube: Vec<_> = items("kube").iter().filter_map(|item| answers::kube(item, values)).collect();
        let db: Vec<_> = items("db").iter().filter_map(|item| db::rule(item, values)).collect();
        scenario.expect = expect::expect(root.get("expect"), values);
        scenario.describe = root.get("describe").and_then(|item| item.text()).map(str::to_owned);
        scenario.grant = root.get("grant").and_then(|item| item.host_path()).or(scenario.grant);
        scenario.environment = root.get("environment").and_then(|item| item.text()).map(str::to_owned).or(scenario.environment);
        scenario.start = root.get("start").and_then(|item| item.parsed(str::parse::<Timestamp>)).unwrap_or(scenario.start);
        scenario.disk_free = root.get("disk-free").and_then(|item| item.size(0..=LARGEST_DISK)).unwrap_or(scenario.disk_free);
        scenario.parameters.extend(scalars(&root, "parameters"));
        scenario.secrets.extend(scalars(&root, "secrets").into_iter().map(|(id, value)| (id, Secret::new(value.into_bytes()))));
        scenario.files.cover(root.get("files").map(|item| things::files(&item)).unwrap_or_default());
        scenario.http.splice(0..0, http);
        scenario.shell.splice(0..0, shell);
        scenario.redis.splice(0..0, redis);
        scenario.kube.splice(0..0, kube);
        scenario.db.splice(0..0, db);
        reader.finish()?;
        Ok(scenario)
    }

    /// One that says nothing.
    fn empty() -> Self {
        Self {
            describe: None,
            grant: None,
            environment: None,
            start: Timestamp::from_microseconds(START),
            parameters: BTreeMap::new(),
            secrets: BTreeMap::new(),
            expect: expect::expect(None, &BTreeMap::new()),
            values: BTreeMap::new(),
            files: Tree::default(),
            disk_free: DISK_FREE,
            http: Vec::new(),
            shell: Vec::new(),
            redis: Vec::new(),
            kube: Vec::new(),
            db: Vec::new(),
        }
    }
}

fn scalars(root: &Section<'_, '_>, key: &str) -> BTreeMap<String, String> {
    let entries = root.get(key).map(|item| item.entries()).unwrap_or_default();
    entries.into_iter().filter_map(|(id, item)| Some((id.to_owned(), item.scalar()?))).collect()
}
