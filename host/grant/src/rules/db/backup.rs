//! `[db.NAME.backup]`: who may copy the database, try a copy, and put one back; and the programs of the engine that do it.

use lockstep_model::Digest;
use lockstep_model::request::{DbAsk, DbRestore};

use super::DbRule;
use crate::granted::Denial;
use crate::hint;
use crate::paths;
use crate::read::{Item, Section};
use crate::sql::Engine;
use crate::terms::{DbPrograms, Program};

/// What a database lets be done with backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackupRight {
    Make,
    Verify,
    Restore,
    RestoreOver,
}

/// `backup` of a database. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct BackupRules {
    allow: Vec<BackupRight>,
    pub(super) programs: DbPrograms,
}

/// What a request needs; none when it has nothing to do with backups.
pub(super) fn right(ask: &DbAsk) -> Option<BackupRight> {
    match ask {
        DbAsk::MakeBackup(_) => Some(BackupRight::Make),
        DbAsk::VerifyBackup(_) => Some(BackupRight::Verify),
        DbAsk::Restore(DbRestore { over: false, .. }) => Some(BackupRight::Restore),
        DbAsk::Restore(DbRestore { over: true, .. }) => Some(BackupRight::RestoreOver),
        // What the journal says of an artifact is the run's own.
        DbAsk::Open | DbAsk::Ping | DbAsk::Query(_) | DbAsk::Execute(_) | DbAsk::Commit(_) | DbAsk::History | DbAsk::Migrate(_) | DbAsk::BackupIn(_) => None,
    }
}

impl BackupRight {
    const ALL: [(&'static str, Self); 4] = [("make", Self::Make), ("verify", Self::Verify), ("restore", Self::Restore), ("restore-over", Self::RestoreOver)];

    fn word(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::RestoreOver => "restore-over",
        }
    }

    /// What it is called in a denial.
    fn doing(self) -> &'static str {
        match self {
            Self::Make => "backing it up",
            Self::Verify => "verifying a backup",
            Self::Restore => "restoring a backup",
            Self::RestoreOver => "restoring a backup over what is there",
        }
    }
}

impl BackupRules {
    const KEYS: &'static [&'static str] = &["allow", "programs"];
    const POSTGRESQL: &'static [&'static str] = &["pg_dump", "pg_restore", "psql"];
    const MARIADB: &'static [&'static str] = &["mariadb-dump", "mariadb"];
    const MYSQL: &'static [&'static str] = &["mysqldump", "mysql"];

    pub(super) fn read(item: &Item<'_, '_>, engine: Engine) -> Self {
        let Some(section) = item.section(Self::KEYS) else { return Self::default() };
        let allow = section.need("allow", "[\"make\", \"verify\"]");
        let allow: Vec<BackupRight> = allow.map(|list| list.items().iter().filter_map(|item| item.word(&BackupRight::ALL)).collect()).unwrap_or_default();
        let programs = Self::read_programs(&section, engine, &allow).unwrap_or_default();
        Self { allow, programs }
    }

    fn read_programs(section: &Section<'_, '_>, engine: Engine, allow: &[BackupRight]) -> Option<DbPrograms> {
        let names = match engine {
            Engine::Postgresql => Self::POSTGRESQL,
            Engine::Mariadb => Self::MARIADB,
            Engine::Mysql => Self::MYSQL,
            Engine::Sqlite => {
                if let Some(programs) = section.get("programs") {
                    programs.reject("a database of SQLite needs no programs: leave it out");
                }
                return None;
            }
        };
        let programs = section.need("programs", &example(names))?.section(names)?;
        let makes = allow.contains(&BackupRight::Make);
        let restores = allow.iter().any(|right| *right != BackupRight::Make);
        let named = |name: &str, needed: bool| {
            let item = if needed { programs.need(name, &path_of(name)) } else { programs.get(name) };
            item.and_then(|item| read_program(&item))
        };
        Some(match engine {
            Engine::Postgresql => DbPrograms { dump: named("pg_dump", makes), unpack: named("pg_restore", restores), client: named("psql", restores) },
            // What was restored is compared by a dump of it.
            Engine::Mariadb | Engine::Mysql | Engine::Sqlite => {
                DbPrograms { dump: named(names[0], makes || restores), unpack: None, client: named(names[1], restores) }
            }
        })
    }

    pub(super) fn allows(&self, right: BackupRight) -> bool {
        self.allow.contains(&right)
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.allow.iter().map(|right| match right {
            BackupRight::Make => "backup",
            BackupRight::Verify => "verify-backup",
            BackupRight::Restore => "restore",
            BackupRight::RestoreOver => "restore-over",
        })
    }

    pub(super) fn denial(&self, right: BackupRight, rule: &DbRule) -> Denial {
        let (name, file, line, word) = (&rule.place.name, &rule.place.file, rule.place.line, right.word());
        let hint = if self.allow.is_empty() {
            let programs = match rule.terms.engine {
                Engine::Postgresql => Self::POSTGRESQL,
                Engine::Mariadb => Self::MARIADB,
                Engine::Mysql => Self::MYSQL,
                Engine::Sqlite => &[],
            };
            let programs = if programs.is_empty() { String::new() } else { format!("\nprograms = {}", example(programs)) };
            format!("add to the grant file:\n[{name}.backup]\nallow = [\"{word}\"]{programs}")
        } else {
            format!("add \"{word}\" to `allow` of `{name}.backup` (see {file}:{line})")
        };
        Denial::by_default(format!("`{name}` does not allow {}", right.doing()), hint::fitting(hint))
    }
}

fn path_of(name: &str) -> String {
    format!("\"/usr/bin/{name}\"")
}

fn example(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().map(|name| format!("{name} = {}", path_of(name))).collect();
    format!("{{ {} }}", named.join(", "))
}

/// A path, or `{ program, digest }`.
fn read_program(item: &Item<'_, '_>) -> Option<Program> {
    if !item.is_table() {
        return Some(Program { path: item.parsed(paths::normalised)?.to_owned(), digest: None });
    }
    let section = item.section(&["program", "digest"])?;
    let path = section.need("program", "\"/usr/bin/pg_dump\"").and_then(|item| item.parsed(paths::normalised));
    let digest = section.get("digest").and_then(|item| item.parsed(str::parse::<Digest>));
    Some(Program { path: path?.to_owned(), digest })
}
