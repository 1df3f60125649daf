//! `[[db]]`: statements are answered, transactions are kept or not as a server does, and the laws hold.

use lockstep_gate::Gate;
use lockstep_model::request::{DbAsk, DbPart, DbRequest, DbResponse, DbRows, DbStatement, DbTransaction};
use lockstep_model::{Failure, RunOutcome};
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
