//! `[[db]]`: statements are answered, transactions are kept or not as a server does, and the laws hold.

use lockstep_gate::Gate;
use lockstep_model::request::{
    ArtifactRequest, ArtifactResponse, DbAsk, DbBackup, DbBackupOrder, DbDirection, DbMigration, DbPart, DbRequest, DbResponse, DbRestore, DbRows, DbStatement,
    DbTransaction,
};
use lockstep_model::{Digest, Failure, RunOutcome};
use lockstep_rehearsal::Law;
use lockstep_testkit::{Script, ask};

use super::{ensure, nothing, play, unmet};

const WORLD: &str = r#"
[world]
table = "old"
row = "none"

[[db]]
database = "shop"
sql = "SELECT id, total FROM orders*"
columns = ["id", "total decimal"]
rows = [[1, "9.90"], [2, {}]]

[[db]]
database = "shop"
sql = "ALTER TABLE orders ADD note TEXT"
set = { table = "new" }

[[db]]
database = "shop"
sql = "ALTER TABLE orders DROP COLUMN note"
set = { table = "old" }

[[db]]
database = "shop"
sql = "INSERT INTO notes *"
set = { row = "there" }
affected = 1

[[db]]
database = "shop"
sql = "DELETE FROM notes *"
set = { row = "none" }
affected = 1
"#;

fn statement(sql: &str) -> DbStatement {
    DbStatement { sql: sql.to_owned(), ..DbStatement::default() }
}

fn of(gate: &Gate, asked: DbAsk) -> Result<DbResponse, Failure> {
    ask(gate, DbRequest { database: "shop".to_owned(), ask: asked })
}

fn query(gate: &Gate, statement: DbStatement) -> Result<DbRows, Failure> {
    match of(gate, DbAsk::Query(statement))? {
        DbResponse::Rows(rows) => Ok(rows),
        other => panic!("{other:?}"),
    }
}

fn commit(gate: &Gate, parts: &[(&str, Option<u32>)]) -> Result<(), Failure> {
    let parts = parts.iter().map(|(sql, expect_rows)| DbPart { statement: statement(sql), expect_rows: *expect_rows }).collect();
    of(gate, DbAsk::Commit(DbTransaction { parts, ..DbTransaction::default() })).map(|_| ())
}

fn read(gate: &Gate) -> Result<(), Failure> {
    of(gate, DbAsk::Open).map(|opened| assert_eq!(opened, DbResponse::Opened("sqlite".to_owned())))?;
    of(gate, DbAsk::Ping)?;
    let rows = query(gate, statement("SELECT id, total\n  FROM orders\n  ORDER BY id"))?;
    assert_eq!(rows.rows, [[Some("1".to_owned()), Some("9.90".to_owned())], [Some("2".to_owned()), None]]);
    assert_eq!(rows.columns.iter().map(|column| column.kind.as_str()).collect::<Vec<_>>(), ["integer", "decimal"]);
    let first = query(gate, DbStatement { limit_rows: Some(1), ..statement("SELECT id, total FROM orders") })?;
    assert_eq!((first.rows.len(), first.truncated), (1, true));
    Ok(())
}

fn migrate(gate: &Gate) -> Result<(), Failure> {
    of(gate, DbAsk::Execute(statement("ALTER TABLE orders ADD note TEXT"))).map(|_| ())
}

fn back(gate: &Gate) -> Result<(), Failure> {
    of(gate, DbAsk::Execute(statement("ALTER TABLE orders DROP COLUMN note"))).map(|_| ())
}

fn note(gate: &Gate) -> Result<(), Failure> {
    commit(gate, &[("INSERT INTO notes (id) VALUES (1)", Some(1))])
}

fn forget(gate: &Gate) -> Result<(), Failure> {
    commit(gate, &[("DELETE FROM notes WHERE id = 1", Some(1))])
}

fn back_up(gate: &Gate) -> Result<(), Failure> {
    let order = DbBackupOrder { artifact: "before".to_owned(), at_least_rows: vec![("orders".to_owned(), "2".to_owned())], ..DbBackupOrder::default() };
    let DbResponse::Backup(backup) = of(gate, DbAsk::MakeBackup(order.clone()))? else { panic!("no backup") };
    assert_eq!((backup.database.as_str(), backup.tables[0].rows.as_str()), ("shop", "2"));
    let DbResponse::Backup(again) = of(gate, DbAsk::MakeBackup(order))? else { panic!("no backup") };
    assert_eq!(again, backup, "a run has one backup of an id");
    of(gate, DbAsk::VerifyBackup(backup)).map(|verified| assert_eq!(verified, DbResponse::Verified))
}

/// As an undo does: by the artifact, which an earlier step has made.
fn put_back(gate: &Gate) -> Result<(), Failure> {
    let ArtifactResponse::Found(Some(artifact)) = ask(gate, ArtifactRequest::ById { id: "before".to_owned() })? else { panic!("no artifact") };
    let DbResponse::Backup(backup) = of(gate, DbAsk::BackupIn(artifact))? else { panic!("no backup") };
    of(gate, DbAsk::Restore(DbRestore { backup, over: true })).map(|restored| assert_eq!(restored, DbResponse::Restored))
}

fn release() -> Script {
    Script::default().step("read", read, nothing).step("migrate", migrate, back).step("note", note, forget)
}

#[test]
fn a_procedure_with_statements_is_rehearsed_under_every_law() {
    let (rehearsal, plain) = play(release(), &format!("{WORLD}[expect]\nworld = {{ table = \"new\", row = \"there\" }}\n"));
    assert_eq!(rehearsal.plain(&plain).problems, []);
    for law in [Law::Crash, Law::Fail] {
        let verdict = rehearsal.hold(law, None, &plain, &mut |_, _| {}).unwrap();
        assert!(verdict.problems.is_empty() && verdict.tried > 4, "{law:?}: {verdict:?}");
    }
}

#[test]
fn a_migration_whose_undo_leaves_something_breaks_the_law_of_failures() {
    let lossy = Script::default().step("migrate", migrate, nothing).step("note", note, forget);
    let (rehearsal, plain) = play(lossy, WORLD);
    let verdict = rehearsal.hold(Law::Fail, None, &plain, &mut |_, _| {}).unwrap();
    assert!(verdict.problems.iter().any(|problem| problem.details.iter().any(|line| line.contains("table"))), "{verdict:?}");
}

#[test]
fn nothing_is_kept_of_a_transaction_that_concerns_another_number_of_rows() {
    let script = Script::default().step(
        "note",
        |gate| {
            let failure = commit(gate, &[("INSERT INTO notes (id) VALUES (1)", Some(1)), ("INSERT INTO notes (id) VALUES (2)", Some(2))]).unwrap_err();
            ensure(failure.code() == "db.row-count" && failure.to_string().contains("statement 2 concerned 1 rows where 2"), &failure.to_string())
        },
        nothing,
    );
    assert_eq!(unmet(script, &format!("{WORLD}[expect]\nworld = {{ row = \"none\" }}\n")), [""; 0]);
}

/// A restore takes away what the migration has done, wherever the host dies and whichever call fails.
#[test]
fn t2_an_undo_restores_the_very_backup_that_an_earlier_step_made_under_every_law() {
    let script = Script::default().step("back-up", back_up, nothing).step("migrate", migrate, put_back).step("note", note, forget);
    let text = format!("{WORLD}[[db]]\ndatabase = \"shop\"\nsql = \"restore-over\"\nset = {{ table = \"old\" }}\n[expect]\nworld = {{ table = \"new\" }}\n");
    let (rehearsal, plain) = play(script, &text);
    assert_eq!(rehearsal.plain(&plain).problems, []);
    for law in [Law::Crash, Law::Fail] {
        let verdict = rehearsal.hold(law, None, &plain, &mut |_, _| {}).unwrap();
        assert!(verdict.problems.is_empty() && verdict.tried > 4, "{law:?}: {verdict:?}");
    }
}

#[test]
fn t3_no_bytes_of_a_guest_pass_for_a_backup() {
    let script = Script::default().step(
        "forge",
        |gate| {
            let ArtifactResponse::Sealed(own) = ask(gate, ArtifactRequest::Seal { id: "mine".to_owned(), bytes: "DROP TABLE t".into() })? else { panic!() };
            let text = |text: &str| text.to_owned();
            let forged = DbBackup {
                artifact: own.clone(),
                database: text("shop"),
                engine: text("sqlite"),
                format: text("sqlite-file"),
                server_version: text("3"),
                tables: Vec::new(),
            };
            for asked in [DbAsk::BackupIn(own), DbAsk::VerifyBackup(forged.clone()), DbAsk::Restore(DbRestore { backup: forged, over: true })] {
                let failure = of(gate, asked).unwrap_err();
                ensure(failure.code() == "db.no-backup", &failure.to_string())?;
            }
            Ok(())
        },
        nothing,
    );
    assert_eq!(unmet(script, "[expect]\noutcome = \"succeeded\"\n"), [""; 0]);
}

#[test]
fn t12_a_rehearsed_backup_can_be_too_small() {
    let text = "[[db]]\ndatabase = \"shop\"\nsql = \"make-backup\"\nrows = [[\"orders\", 1]]\n[expect]\noutcome = \"undone\"\n";
    let (_, plain) = play(Script::default().step("back-up", back_up, nothing), text);
    assert_eq!((plain.report.outcome, plain.unanswered.len()), (RunOutcome::Undone, 0));
}

#[test]
fn a_database_that_cannot_be_reached_is_one_that_the_scenario_says_cannot() {
    let text = "[[db]]\ndatabase = \"shop\"\nsql = \"ping\"\nfail = \"db.connect\"\n[expect]\noutcome = \"failed\"\n";
    let script = Script::default().step("look", |gate| of(gate, DbAsk::Ping).map(|_| ()), nothing);
    let (_, plain) = play(script, text);
    assert_eq!((plain.report.outcome, plain.unanswered.len()), (RunOutcome::Failed, 0));
}

#[test]
fn a_statement_that_no_rule_is_about_is_said_with_the_rule_that_would_answer_it() {
    let script = Script::default().step("count", |gate| query(gate, statement("SELECT count(*)\nFROM carts")).map(|_| ()), nothing);
    let (_, plain) = play(script, WORLD);
    assert_eq!(plain.unanswered[0].lines, ["[[db]]", "database = \"shop\"", "sql = 'SELECT count(\\*) FROM carts'", "affected = 0"]);
}

fn migrated(gate: &Gate, direction: DbDirection) -> Result<(), Failure> {
    migrated_because(gate, direction, Some("it is a rehearsal"))
}

fn migrated_because(gate: &Gate, direction: DbDirection, unverified: Option<&str>) -> Result<(), Failure> {
    let (version, title, script) = ("0001".to_owned(), "notes".to_owned(), "DELETE FROM notes WHERE id = 1".to_owned());
    let (checksum, unverified) = (Digest::of(script.as_bytes()), unverified.map(str::to_owned));
    of(gate, DbAsk::Migrate(DbMigration { version, title, checksum, direction, script, unverified, timeout_milliseconds: None })).map(|_| ())
}

#[test]
fn t24_a_migration_is_refused_until_a_backup_of_its_database_was_verified() {
    let early = |gate: &Gate| {
        let failure = migrated_because(gate, DbDirection::Up, None).unwrap_err();
        ensure(failure.code() == "db.unverified", &failure.to_string())
    };
    let now = |gate: &Gate| migrated_because(gate, DbDirection::Up, None);
    let script = Script::default().step("early", early, nothing).step("back-up", back_up, nothing).step("now", now, nothing);
    assert_eq!(unmet(script, "[expect]\noutcome = \"succeeded\"\n"), [""; 0]);
}

fn up(gate: &Gate) -> Result<(), Failure> {
    migrated(gate, DbDirection::Up)?;
    let DbResponse::Rows(rows) = of(gate, DbAsk::History)? else { panic!("no rows") };
    ensure(rows.rows.len() == 1 && rows.rows[0][0].as_deref() == Some("0001"), "the history has it")
}

/// As a procedure goes back: to what is applied, whatever became of the way up.
fn down(gate: &Gate) -> Result<(), Failure> {
    let DbResponse::Rows(rows) = of(gate, DbAsk::History)? else { panic!("no rows") };
    if rows.rows.is_empty() { Ok(()) } else { migrated(gate, DbDirection::Down) }
}

#[test]
fn a_migration_is_kept_by_the_world_and_one_that_is_not_taken_back_breaks_the_law_of_failures() {
    let text = "[expect]\ncalls = [\"shop: up 0001 notes\"]\n";
    let (rehearsal, plain) = play(Script::default().step("up", up, down).step("read", |gate| of(gate, DbAsk::Ping).map(|_| ()), nothing), text);
    assert_eq!(rehearsal.plain(&plain).problems, []);
    for law in [Law::Crash, Law::Fail] {
        let verdict = rehearsal.hold(law, None, &plain, &mut |_, _| {}).unwrap();
        assert!(verdict.problems.is_empty(), "{law:?}: {verdict:?}");
    }
    let (rehearsal, plain) = play(Script::default().step("up", up, nothing).step("read", |gate| of(gate, DbAsk::Ping).map(|_| ()), nothing), text);
    let verdict = rehearsal.hold(Law::Fail, None, &plain, &mut |_, _| {}).unwrap();
    assert!(verdict.problems.iter().any(|problem| problem.details.iter().any(|line| line.contains("0001"))), "{verdict:?}");
}
