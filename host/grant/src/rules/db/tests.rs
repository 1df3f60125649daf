//! Grants of databases.

use std::path::Path;

use lockstep_model::request::{DbAsk, DbBackup, DbBackupOrder, DbRequest, DbRestore, DbStatement, SealedArtifact};

use crate::granted::Decision;
use crate::{Grant, Grantable};

const FILE: &str = r#"
[db.main]
engine = "postgresql"
url = { secret = "DATABASE_URL" }
allow = ["read", "write"]
functions = ["shop.total"]

[db.reports]
engine = "mariadb"
url = "mariadb://reports@db.example.com/reports"
password = { secret = "REPORTS" }
allow = ["read"]

[db.local]
engine = "sqlite"
path = "data/./shop.db"
allow = ["read", "write", "ddl", "destructive"]
ledger = true

[secrets]
DATABASE_URL = { env = "DATABASE_URL", to = ["db.main"] }
REPORTS = { file = "reports.password", to = ["db.reports"] }
"#;

fn grant() -> Grant {
    Grant::parse(FILE, "g.toml", Path::new("/etc/lockstep")).unwrap()
}

fn ask(database: &str, ask: impl FnOnce(DbStatement) -> DbAsk, sql: &str) -> Result<String, (String, String)> {
    let request = DbRequest { database: database.to_owned(), ask: ask(DbStatement { sql: sql.to_owned(), ..DbStatement::default() }) };
    match request.decide(&grant()) {
        Decision::Allowed(granted) => Ok(granted.rule().to_owned()),
        Decision::Denied(denial) => Err((denial.message, denial.hint.unwrap_or_default())),
    }
}

#[test]
fn a_database_takes_the_classes_of_its_line_and_no_other() {
    assert_eq!(ask("main", DbAsk::Query, "SELECT 1").unwrap(), "db.main, g.toml:2");
    ask("main", DbAsk::Execute, "UPDATE t SET a = 1 WHERE b = 2").unwrap();
    let (message, hint) = ask("main", DbAsk::Execute, "DROP TABLE t").unwrap_err();
    assert!(message.contains("destructive") && hint == "add \"destructive\" to `allow` of `db.main` (g.toml:2)", "{message}: {hint}");
    ask("reports", DbAsk::Execute, "INSERT INTO t VALUES (1)").unwrap_err();
    ask("local", DbAsk::Execute, "DROP TABLE t").unwrap();
    let (message, hint) = ask("elsewhere", DbAsk::Query, "SELECT 1").unwrap_err();
    assert!(message.contains("`elsewhere`") && hint.contains("[db.\"elsewhere\"]"), "{message}: {hint}");
}

#[test]
fn a_query_takes_only_what_reads_though_the_line_allows_more() {
    let (message, hint) = ask("main", DbAsk::Query, "UPDATE t SET a = 1 WHERE b = 2").unwrap_err();
    assert!(message.contains("takes only what reads") && hint == "use `execute`", "{message}: {hint}");
}

#[test]
fn a_function_nobody_knows_is_denied_with_the_line_that_would_trust_it() {
    ask("main", DbAsk::Query, "SELECT shop.total(1)").unwrap();
    let (message, hint) = ask("main", DbAsk::Query, "SELECT shop.wipe(1)").unwrap_err();
    assert!(message.contains("`shop.wipe` is not known to be harmless") && hint.contains("add \"shop.wipe\" to `functions` of `db.main`"), "{message}: {hint}");
}

#[test]
fn t22_a_password_does_not_stand_in_a_grant_file_and_no_message_repeats_it() {
    for (line, expect) in [
        ("url = \"postgres://app:hunter2@db/shop\"", "a password does not stand in a grant file"),
        ("url = \"postgres://app:hunter2@db/shop?sslmode=disable\"", "options in the URL"),
        ("url = \"mysql://app:hunter2@db/shop\"", "scheme"),
        ("url = \"hunter2\"", "expected a URL"),
        ("url = \"postgres://db/shop\"", "name a user"),
        ("url = { secret = \"NOWHERE\" }", "secret `NOWHERE` is not declared"),
        ("path = \"/x.db\"", "reached by a URL"),
        ("url = \"postgres://app@db/shop\"\nledger = true", "needs no ledger"),
        ("url = \"postgres://app@db/shop\"\nallow2 = 1", "unknown key"),
    ] {
        let text = format!("[db.main]\nengine = \"postgresql\"\nallow = [\"read\"]\n{line}\n");
        let error = Grant::parse(&text, "g.toml", Path::new("/")).unwrap_err().to_string();
        assert!(error.contains(expect) && !error.contains("hunter2"), "{line}: {error}");
        assert!(error.contains("g.toml:"), "{error}");
    }
}

#[test]
fn a_secret_goes_to_the_database_that_it_names_and_to_no_other() {
    let text = FILE.replace("to = [\"db.main\"]", "to = [\"db.other\"]");
    let error = Grant::parse(&text, "g.toml", Path::new("/")).unwrap_err().to_string();
    assert!(error.contains("secret `DATABASE_URL` may not go to `db.main`"), "{error}");
}

const PROGRAMS: &str = "programs = { pg_dump = \"/usr/bin/pg_dump\", pg_restore = \"/usr/bin/pg_restore\", psql = \"/usr/bin/psql\" }";

fn with_backup(lines: &str) -> String {
    format!("[db.main]\nengine = \"postgresql\"\nurl = \"postgresql://app@db/shop\"\nallow = [\"read\"]\n[db.main.backup]\n{lines}\n")
}

fn backups(grant: &str, asked: DbAsk) -> Result<(String, crate::DbTerms), (String, String)> {
    let grant = Grant::parse(grant, "g.toml", Path::new("/")).unwrap();
    match (DbRequest { database: "main".to_owned(), ask: asked }).decide(&grant) {
        Decision::Allowed(granted) => Ok((granted.rule().to_owned(), granted.terms().clone())),
        Decision::Denied(denial) => Err((denial.message, denial.hint.unwrap_or_default())),
    }
}

fn a_backup() -> DbBackup {
    let artifact = SealedArtifact { id: "before".to_owned(), digest: lockstep_model::Digest::of(b""), size: "0".to_owned() };
    let text = |text: &str| text.to_owned();
    DbBackup {
        artifact,
        database: text("main"),
        engine: text("postgresql"),
        format: text("postgresql-archive"),
        server_version: text("15"),
        tables: Vec::new(),
    }
}

#[test]
fn what_is_done_with_backups_needs_a_right_of_its_own_and_restoring_over_something_another() {
    let make = || DbAsk::MakeBackup(DbBackupOrder::default());
    let restore = |over| DbAsk::Restore(DbRestore { backup: a_backup(), over });
    let some = with_backup(&format!("allow = [\"make\", \"restore\"]\n{PROGRAMS}"));
    let (rule, terms) = backups(&some, make()).unwrap();
    assert_eq!((rule.as_str(), terms.programs.dump.as_ref().unwrap().path.as_str()), ("db.main, g.toml:1", "/usr/bin/pg_dump"));
    backups(&some, restore(false)).unwrap();
    for (asked, word) in [(restore(true), "restore-over"), (DbAsk::VerifyBackup(a_backup()), "verify")] {
        let (message, hint) = backups(&some, asked).unwrap_err();
        assert!(message.contains("`db.main` does not allow") && hint.contains(&format!("add \"{word}\" to `allow` of `db.main.backup`")), "{message}: {hint}");
    }
    let (message, hint) = backups(FILE, make()).unwrap_err();
    assert!(message.contains("does not allow backing it up"), "{message}");
    assert!(hint.contains("[db.main.backup]\nallow = [\"make\"]\nprograms = { pg_dump = \"/usr/bin/pg_dump\""), "{hint}");
    // What the journal says of an artifact is the run's own.
    backups(FILE, DbAsk::BackupIn(a_backup().artifact)).unwrap();
}

#[test]
fn a_backup_in_a_grant_is_read_to_the_line_and_the_column() {
    for (lines, expect) in [
        ("allow = [\"make\"]", "`db.main.backup` has no `programs`"),
        (PROGRAMS, "`db.main.backup` has no `allow`"),
        ("allow = [\"make\"]\nprograms = { psql = \"/usr/bin/psql\" }", "has no `pg_dump`"),
        ("allow = [\"restore\"]\nprograms = { pg_restore = \"/usr/bin/pg_restore\" }", "has no `psql`"),
        ("allow = [\"make\"]\nprograms = { pg_dump = \"pg_dump\" }", "db.main.backup.programs.pg_dump"),
        ("allow = [\"make\"]\nprograms = { pg_dump = { program = \"/usr/bin/pg_dump\", digest = \"sha256:12\" } }", "not a digest"),
        ("allow = [\"make\"]\nprograms = { mariadb-dump = \"/usr/bin/mariadb-dump\" }", "unknown key `mariadb-dump`"),
        ("allow = [\"destroy\"]\nprograms = {}", "unknown word `destroy`"),
        ("allow = [\"make\"]\ntools = 1", "unknown key `tools`"),
    ] {
        let error = Grant::parse(&with_backup(lines), "g.toml", Path::new("/")).unwrap_err().to_string();
        assert!(error.contains(expect) && error.contains("g.toml:"), "{lines}: {error}");
    }
    let sqlite = "[db.main]\nengine = \"sqlite\"\npath = \"/x.db\"\nallow = [\"read\"]\n[db.main.backup]\nallow = [\"make\"]\n";
    Grant::parse(sqlite, "g.toml", Path::new("/")).unwrap();
    let error = Grant::parse(&format!("{sqlite}programs = {{}}\n"), "g.toml", Path::new("/")).unwrap_err().to_string();
    assert!(error.contains("needs no programs"), "{error}");
}
