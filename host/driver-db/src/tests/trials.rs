//! What a dry run has a database do, and what stays of it: nothing.

use std::time::Duration;

use lockstep_gate::{Driver as _, Trial};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbDirection, DbPart, DbResponse, DbTransaction};

use super::migrations::{history, migration};
use super::place::{Place, everywhere, sql};

fn tried(place: &Place, ask: DbAsk) -> Trial<DbResponse> {
    place.call(ask, Duration::from_secs(20), &Default::default(), |driver, granted, context| driver.try_out(granted, context))
}

fn told(place: &Place, ask: DbAsk) -> Result<DbResponse, Failure> {
    match tried(place, ask) {
        Trial::Told(told) => told,
        Trial::Untried(why) => panic!("{}: {why}", place.engine),
    }
}

fn why_not(place: &Place, statement: &str) -> String {
    match tried(place, DbAsk::Execute(sql(statement))) {
        Trial::Told(told) => panic!("{}: {told:?}", place.engine),
        Trial::Untried(why) => why,
    }
}

fn count(place: &Place) -> String {
    place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].clone().unwrap()
}

#[test]
fn what_a_dry_run_executes_is_rolled_back_on_every_engine() {
    everywhere(|place| {
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
        place.setup("INSERT INTO t (id, n) VALUES (1, 10)");
        let ledger = if place.engine == "postgresql" { "" } else { "\nledger = true" };
        let place = place.again(&format!("dry-run = true{ledger}"));
        let insert = |id: u32| DbAsk::Execute(sql(&format!("INSERT INTO t (id, n) VALUES ({id}, 1)")));
        let one = told(&place, insert(2)).unwrap();
        assert!(matches!(&one, DbResponse::Done(done) if done[0].affected == "1"), "{}: {one:?}", place.engine);
        assert_eq!(told(&place, insert(1)).unwrap_err().code(), "db.unique-violation", "{}", place.engine);
        let part = |text: &str, expect_rows| DbPart { statement: sql(text), expect_rows };
        let parts = vec![part("INSERT INTO t (id, n) VALUES (3, 1)", None), part("UPDATE t SET n = 2 WHERE id = 3", Some(1))];
        told(&place, DbAsk::Commit(DbTransaction { parts, ..DbTransaction::default() })).unwrap();
        assert_eq!(count(&place), "1", "{}", place.engine);
        assert_eq!(place.query(sql("SELECT count(*) FROM lockstep_ledger")).unwrap_err().code(), "db.undefined", "{}: nothing is entered", place.engine);
        // The connection is as good as any.
        place.execute(sql("INSERT INTO t (id, n) VALUES (2, 1)")).unwrap();
        assert_eq!(count(&place), "2", "{}", place.engine);
    });
}

#[test]
fn what_changes_the_schema_is_tried_where_a_transaction_holds_it() {
    everywhere(|place| {
        let place = place.again("dry-run = true");
        if place.engine == "mariadb" {
            assert!(why_not(&place, "CREATE TABLE t (id INTEGER)").contains("commits by itself"));
        } else {
            told(&place, DbAsk::Execute(sql("CREATE TABLE t (id INTEGER)"))).unwrap();
        }
        assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap_err().code(), "db.undefined", "{}", place.engine);
    });
}

#[test]
fn nothing_is_tried_that_the_grant_does_not_let_or_that_no_rollback_takes_back() {
    everywhere(|place| {
        place.setup("CREATE TABLE t (id INTEGER)");
        assert!(why_not(place, "INSERT INTO t (id) VALUES (1)").contains("`dry-run = true` in [db.main]"), "{}", place.engine);
    });
    if let Some(place) = Place::postgres() {
        place.setup("CREATE TABLE t (id INTEGER); CREATE SEQUENCE s");
        let place = place.again("dry-run = true");
        assert!(why_not(&place, "INSERT INTO t (id) VALUES (nextval('s'))").contains("no ROLLBACK takes back"));
    }
    if let Some(place) = Place::mariadb() {
        place.setup("CREATE TABLE t (id INTEGER) ENGINE = InnoDB");
        place.setup("CREATE TABLE kept (id INTEGER) ENGINE = MyISAM");
        place.setup("CREATE TRIGGER keeps BEFORE INSERT ON t FOR EACH ROW INSERT INTO kept VALUES (NEW.id)");
        let place = place.again("dry-run = true");
        let why = why_not(&place, "INSERT INTO t (id) VALUES (1)");
        assert!(why.contains("kept (MyISAM) has no transactions"), "{why}");
        assert_eq!(place.query(sql("SELECT count(*) FROM kept")).unwrap().rows[0][0].as_deref(), Some("0"));
        place.setup("DROP TABLE kept");
    }
}

#[test]
fn a_constraint_that_only_the_commit_would_look_at_is_heard_of_from_postgresql() {
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    place.setup("CREATE TABLE t (id INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    let place = place.again("dry-run = true");
    assert_eq!(told(&place, DbAsk::Execute(sql("INSERT INTO t (id) VALUES (1)"))).unwrap_err().code(), "db.foreign-key");
    assert_eq!(count(&place), "0");
}

#[test]
fn a_migration_is_tried_with_its_row_of_the_history_where_a_transaction_holds_both() {
    everywhere(|place| {
        let place = place.again("dry-run = true");
        let up = |script: &str| migration("1", DbDirection::Up, script, script);
        let script = "CREATE TABLE t (id INTEGER); INSERT INTO t (id) VALUES (1)";
        if place.engine == "mariadb" {
            assert!(matches!(tried(&place, up(script)), Trial::Untried(_)));
        } else {
            assert_eq!(told(&place, up(script)).unwrap(), DbResponse::Migrated, "{}", place.engine);
            assert_eq!(told(&place, up("INSERT INTO missing (id) VALUES (1)")).unwrap_err().code(), "db.undefined", "{}", place.engine);
        }
        assert!(history(&place).is_empty(), "{}", place.engine);
        assert_eq!(place.query(sql("SELECT count(*) FROM lockstep_migrations")).unwrap_err().code(), "db.undefined", "{}", place.engine);
    });
}
