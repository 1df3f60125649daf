//! Migrations of a guest, checked as they are built. What breaks a rule is not kept; the call that runs it says so.

use lockstep_model::request::{DbAsk, DbDirection, DbMigration, DbResponse, DbRows};
use lockstep_model::{Digest, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::db;
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::statement::{check_timeout, limit, parameter, text};
use super::{Database, unanswered};

const LONGEST_VERSION: usize = 64;
const LONGEST_TITLE: usize = 200;
const LONGEST_SCRIPT: usize = 1 << 20;
const LONGEST_REASON: usize = 1_000;

/// A migration being built.
#[derive(Default)]
pub struct Written {
    version: String,
    title: String,
    up: String,
    down: Option<String>,
    timeout: Option<u32>,
    unverified: Option<String>,
    wrong: Option<Failure>,
}

impl Kept for Written {
    fn size(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.version.len() + self.title.len() + self.up.len() + optional(&self.down) + optional(&self.unverified)
    }
}

/// A text that is not too long, and no place for secrets.
fn within(what: &str, given: String, most: usize) -> Result<String, Failure> {
    if given.len() > most { Err(limit(format!("{what} of {} bytes, at most {most}", given.len()))) } else { text(given) }
}

impl Written {
    fn new(version: String, title: String, up: String) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let version = within("a version", version, LONGEST_VERSION).and_then(|version| {
            if !version.is_empty() && version.bytes().all(plain) { Ok(version) } else { Err(parameter("a version is letters, digits, `_`, `-` and `.`")) }
        });
        let title = within("a title", title, LONGEST_TITLE)
            .and_then(|title| if title.chars().any(char::is_control) { Err(parameter("a title is one line without control characters")) } else { Ok(title) });
        let mut written = Self::default();
        written.say(version, |written, version| written.version = version);
        written.say(title, |written, title| written.title = title);
        written.say(within("a script", up, LONGEST_SCRIPT), |written, up| written.up = up);
        written
    }

    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut Self, T)) {
        match checked {
            Ok(value) => say(self, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn checksum(&self) -> Digest {
        Digest::of(self.up.as_bytes())
    }

    fn finished(&self, direction: DbDirection) -> Result<DbMigration, Failure> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let script = match direction {
            DbDirection::Up => Some(&self.up),
            DbDirection::Down => self.down.as_ref(),
        };
        let script = script.ok_or_else(|| Failure::problem("db.migration-down", format!("migration {} has no script that goes back", self.version)))?;
        Ok(DbMigration {
            version: self.version.clone(),
            title: self.title.clone(),
            checksum: self.checksum(),
            direction,
            script: script.clone(),
            unverified: self.unverified.clone(),
            timeout_milliseconds: self.timeout,
        })
    }
}

impl Context {
    fn migrate(&mut self, function: &'static str, migration: &Resource<Written>, database: &Resource<Database>, direction: DbDirection) -> Result<(), Refusal> {
        let migration = self.kept(migration)?.finished(direction)?;
        match self.ask_database(function, database, DbAsk::Migrate(migration))? {
            DbResponse::Migrated => Ok(()),
            other => Err(unanswered(&other, function)),
        }
    }
}

impl db::HostMigration for Context {
    fn new(&mut self, version: String, title: String, up: String) -> Result<Resource<Written>> {
        self.gate("db.migration")?;
        self.keep(Written::new(version, title, up))
    }

    fn down_script(&mut self, migration: Resource<Written>, script: String) -> Result<()> {
        let script = within("a script", script, LONGEST_SCRIPT);
        self.change(&migration, |written| written.say(script, |written, script| written.down = Some(script)))
    }

    fn timeout(&mut self, migration: Resource<Written>, milliseconds: u32) -> Result<()> {
        self.change(&migration, |written| written.say(check_timeout(milliseconds), |written, time| written.timeout = Some(time)))
    }

    fn without_backup(&mut self, migration: Resource<Written>, reason: String) -> Result<()> {
        let said = !reason.trim().is_empty();
        let reason = within("a reason", reason, LONGEST_REASON);
        let reason = reason.and_then(|reason| if said { Ok(reason) } else { Err(parameter("a migration without a backup needs a reason in words")) });
        self.change(&migration, |written| written.say(reason, |written, reason| written.unverified = Some(reason)))
    }

    fn checksum(&mut self, migration: Resource<Written>) -> Result<String> {
        Ok(self.kept(&migration)?.checksum().to_string())
    }

    fn history(&mut self, database: Resource<Database>) -> Result<Resource<DbRows>, Refusal> {
        match self.ask_database("db.migration.history", &database, DbAsk::History)? {
            DbResponse::Rows(rows) => Ok(self.keep(rows)?),
            other => Err(unanswered(&other, "db.migration.history")),
        }
    }

    fn up(&mut self, migration: Resource<Written>, database: Resource<Database>) -> Result<(), Refusal> {
        self.migrate("db.migration.up", &migration, &database, DbDirection::Up)
    }

    fn down(&mut self, migration: Resource<Written>, database: Resource<Database>) -> Result<(), Refusal> {
        self.migrate("db.migration.down", &migration, &database, DbDirection::Down)
    }

    fn drop(&mut self, migration: Resource<Written>) -> Result<()> {
        self.forget(migration)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::DbDirection;

    use super::{Written, within};

    fn written(version: &str, title: &str) -> Written {
        Written::new(version.to_owned(), title.to_owned(), "SELECT 1".to_owned())
    }

    #[test]
    fn a_version_is_one_that_stands_in_a_files_name_and_in_the_history_alike() {
        for right in ["1", "0001", "2026-01-02_03.04", "V1.2"] {
            assert_eq!(written(right, "t").finished(DbDirection::Up).unwrap().version, right);
        }
        for wrong in ["", "a b", "1'; --", "ä", "../1"] {
            assert_eq!(written(wrong, "t").finished(DbDirection::Up).unwrap_err().code(), "db.parameter", "{wrong}");
        }
        assert_eq!(written(&"1".repeat(65), "t").finished(DbDirection::Up).unwrap_err().code(), "db.limit");
        assert_eq!(written("1", "a\nb").finished(DbDirection::Up).unwrap_err().code(), "db.parameter");
    }

    #[test]
    fn a_migration_without_a_way_back_has_none_and_its_checksum_is_of_the_way_up() {
        let mut migration = written("1", "t");
        assert_eq!(migration.finished(DbDirection::Down).unwrap_err().code(), "db.migration-down");
        migration.down = Some("SELECT 2".to_owned());
        let (up, down) = (migration.finished(DbDirection::Up).unwrap(), migration.finished(DbDirection::Down).unwrap());
        assert_eq!((up.checksum, up.script.as_str(), down.script.as_str()), (down.checksum, "SELECT 1", "SELECT 2"));
        assert_eq!(within("a script", "{{secret:KEY:0}}".to_owned(), 100).unwrap_err().code(), "db.parameter");
    }
}
