//! Migrations: each whole or not at all where the engine can, and statement by statement with a progress row where it cannot.

use std::sync::Mutex;
use std::time::Duration;

use lockstep_gate::{Driver as _, Settled};
use lockstep_model::request::{DbAsk, DbDirection, DbMigration, DbResponse};
use lockstep_model::{Digest, Failure};

use super::place::{Place, everywhere, sql};

const UP: &str = "CREATE TABLE mails (id INTEGER PRIMARY KEY, mail VARCHAR(90));\nINSERT INTO mails (id, mail) SELECT id, mail FROM orders; -- all of them\nALTER TABLE mails ADD COLUMN seen INTEGER";
const DOWN: &str = "DROP TABLE mails";

pub(super) fn migration(version: &str, direction: DbDirection, up: &str, script: &str) -> DbAsk {
    let checksum = Digest::of(up.as_bytes());
    let (version, title, script) = (version.to_owned(), "it's a title".to_owned(), script.to_owned());
    DbAsk::Migrate(DbMigration { version, title, checksum, direction, script, unverified: None, timeout_milliseconds: None })
}

fn up(version: &str, script: &str) -> DbAsk {
    migration(version, DbDirection::Up, script, script)
}

fn down(version: &str, up: &str, script: &str) -> DbAsk {
    migration(version, DbDirection::Down, up, script)
}

/// As the call of that key.
fn asked(place: &Place, key: &str, ask: DbAsk) -> Result<(), Failure> {
    let mut call = place.again("");
    call.key = key.to_owned();
    call.perform_within(Duration::from_secs(60), ask, &Mutex::default()).map(|response| assert_eq!(response, DbResponse::Migrated))
}

pub(super) fn settled(place: &Place, key: &str, ask: DbAsk) -> Settled<DbResponse> {
    let mut call = place.again("");
    call.key = key.to_owned();
    call.call(ask, Duration::from_secs(20), &Mutex::default(), |driver, granted, context| driver.settle(granted, None, context))
}

/// `version state done/statements` of each row.
pub(super) fn history(place: &Place) -> Vec<String> {
    let DbResponse::Rows(rows) = place.perform_within(Duration::from_secs(60), DbAsk::History, &Mutex::default()).unwrap() else { panic!() };
    let cell = |row: &[Option<String>], at: usize| row[at].clone().unwrap();
    rows.rows.iter().map(|row| format!("{} {} {}/{}", cell(row, 0), cell(row, 3), cell(row, 5), cell(row, 4))).collect()
}

fn count(place: &Place, table: &str) -> Result<String, Failure> {
    place.query(sql(&format!("SELECT count(*) FROM {table}"))).map(|rows| rows.rows[0][0].clone().unwrap())
}

fn orders(place: &Place) {
    place.setup("CREATE TABLE orders (id INTEGER PRIMARY KEY, mail VARCHAR(90))");
    place.setup("INSERT INTO orders (id, mail) VALUES (1, 'a'), (2, 'b')");
}

#[test]
fn a_migration_goes_up_once_and_back_and_the_history_says_so_on_every_engine() {
    everywhere(|place| {
        orders(place);
        assert!(history(place).is_empty(), "{}: before there is a table", place.engine);
        asked(place, "k1", up("0001", UP)).unwrap();
        assert_eq!((count(place, "mails").unwrap().as_str(), history(place)), ("2", vec!["0001 applied 3/3".to_owned()]), "{}", place.engine);
        assert!(matches!(settled(place, "k1", up("0001", UP)), Settled::Happened(..)), "{}", place.engine);
        asked(place, "k1", up("0001", UP)).unwrap();
        assert_eq!(asked(place, "k2", up("0001", UP)).unwrap_err().code(), "db.migration-order", "{}", place.engine);
        asked(place, "k3", up("0002", "UPDATE orders SET mail = 'c' WHERE id = 1")).unwrap();
        assert_eq!(asked(place, "k4", down("0001", UP, DOWN)).unwrap_err().code(), "db.migration-order", "{}: the last one first", place.engine);
        asked(place, "k5", down("0002", "UPDATE orders SET mail = 'c' WHERE id = 1", "UPDATE orders SET mail = 'a' WHERE id = 1")).unwrap();
        asked(place, "k6", down("0001", UP, DOWN)).unwrap();
        assert_eq!(history(place), ["0001 taken-back 1/1", "0002 taken-back 1/1"], "{}", place.engine);
        assert_eq!(count(place, "mails").unwrap_err().code(), "db.undefined", "{}", place.engine);
        asked(place, "k7", up("0001", UP)).unwrap();
        assert_eq!(history(place), ["0002 taken-back 1/1", "0001 applied 3/3"], "{}", place.engine);
    });
}

#[test]
fn a_script_that_was_changed_after_it_was_applied_is_refused() {
    everywhere(|place| {
        orders(place);
        asked(place, "k1", up("0001", UP)).unwrap();
        let changed = format!("{UP}; DELETE FROM orders");
        for ask in [up("0001", &changed), down("0001", &changed, DOWN)] {
            let failure = asked(place, "k2", ask).unwrap_err();
            assert!(failure.code() == "db.migration-changed" && failure.message().contains("0001"), "{}: {failure}", place.engine);
        }
        assert_eq!((count(place, "orders").unwrap().as_str(), history(place)), ("2", vec!["0001 applied 3/3".to_owned()]), "{}", place.engine);
    });
}

#[test]
fn a_migration_that_fails_in_the_middle_leaves_nothing_where_the_engine_can_and_goes_on_where_it_cannot() {
    // The third statement fails until there is a table `later`.
    let script = "CREATE TABLE mails (id INTEGER PRIMARY KEY); INSERT INTO mails (id) SELECT id FROM orders; INSERT INTO later (id) VALUES (1)";
    everywhere(|place| {
        orders(place);
        assert_eq!(asked(place, "k1", up("0001", script)).unwrap_err().code(), "db.undefined", "{}", place.engine);
        if place.engine == "mariadb" {
            assert_eq!((count(place, "mails").unwrap().as_str(), history(place)), ("2", vec!["0001 unfinished 2/3".to_owned()]));
            assert_eq!(asked(place, "k2", up("0002", "DELETE FROM orders")).unwrap_err().code(), "db.migration-unfinished");
            assert!(matches!(settled(place, "k1", up("0001", script)), Settled::DidNot(_)));
        } else {
            assert_eq!(count(place, "mails").unwrap_err().code(), "db.undefined", "{}", place.engine);
            assert!(history(place).is_empty(), "{}", place.engine);
        }
        place.setup("CREATE TABLE later (id INTEGER PRIMARY KEY)");
        asked(place, "k1", up("0001", script)).unwrap();
        let counted = (count(place, "mails").unwrap(), count(place, "later").unwrap(), history(place));
        assert_eq!(counted, ("2".to_owned(), "1".to_owned(), vec!["0001 applied 3/3".to_owned()]), "{}: nothing twice", place.engine);
    });
}

#[test]
fn a_migration_whose_first_statement_fails_leaves_the_history_as_it_was_on_every_engine() {
    everywhere(|place| {
        orders(place);
        assert_eq!(asked(place, "k1", up("0001", "ALTER TABLE missing ADD COLUMN a INTEGER; DELETE FROM orders")).unwrap_err().code(), "db.undefined");
        assert!(history(place).is_empty(), "{}", place.engine);
        asked(place, "k2", up("0001", UP)).unwrap();
        assert_eq!(asked(place, "k3", down("0001", UP, "DROP TABLE missing; DROP TABLE mails")).unwrap_err().code(), "db.undefined");
        assert_eq!(history(place), ["0001 applied 3/3"], "{}", place.engine);
    });
}

/// A crash between the row that says that it begins and the one that says that it is done.
#[test]
fn a_statement_that_commits_by_itself_and_was_under_way_is_in_doubt_and_not_done_again_by_itself() {
    let Some(place) = Place::mariadb() else { return };
    orders(&place);
    let script = "CREATE TABLE mails (id INTEGER PRIMARY KEY); INSERT INTO later (id) VALUES (1)";
    assert_eq!(asked(&place, "k1", up("0001", script)).unwrap_err().code(), "db.undefined");
    place.server("CREATE TABLE later (id INTEGER PRIMARY KEY)");
    place.server("UPDATE lockstep_migrations SET done = 0, under_way = 1");
    let Settled::Unknown(why) = settled(&place, "k1", up("0001", script)) else { panic!("it was guessed") };
    assert!(why.contains("statement 1 of 2") && why.contains("lockstep_migrations"), "{why}");
    assert_eq!(asked(&place, "k1", up("0001", script)).unwrap_err().code(), "db.migration-unfinished");
    // What the operator is told to do when it happened.
    place.server("UPDATE lockstep_migrations SET done = 1, under_way = 0");
    assert!(matches!(settled(&place, "k1", up("0001", script)), Settled::DidNot(_)));
    asked(&place, "k1", up("0001", script)).unwrap();
    assert_eq!((count(&place, "later").unwrap().as_str(), history(&place)), ("1", vec!["0001 applied 2/2".to_owned()]));
}

#[test]
fn each_statement_of_a_script_is_judged_and_a_script_is_no_way_around_the_grant() {
    use lockstep_grant::{Decision, Grant, Grantable as _};
    let place = Place::sqlite();
    let decide = |allow: &str, script: &str| {
        let text = place.grant.replace("[\"read\", \"write\", \"ddl\", \"destructive\"]", allow);
        let grant = Grant::parse(&text, "g.toml", std::path::Path::new("/")).unwrap();
        match (lockstep_model::request::DbRequest { database: "main".to_owned(), ask: up("1", script) }).decide(&grant) {
            Decision::Allowed(granted) => Ok(granted.terms().statements.len()),
            Decision::Denied(denial) => Err(denial.message),
        }
    };
    assert_eq!(decide("[\"read\", \"write\", \"ddl\"]", UP).unwrap(), 3);
    let denied = decide("[\"read\", \"write\", \"ddl\"]", &format!("{UP};\nDROP TABLE orders")).unwrap_err();
    assert!(denied.contains("DROP TABLE orders") && denied.contains("destructive"), "{denied}");
    for never in ["BEGIN; DELETE FROM orders; COMMIT", "SELECT 1; PRAGMA writable_schema = 1", "ATTACH 'x' AS y", ";"] {
        assert!(decide("[\"read\", \"write\", \"ddl\", \"destructive\"]", never).is_err(), "{never}");
    }
}
