//! What became of a call whose outcome was lost.

use std::sync::Mutex;
use std::time::Duration;

use lockstep_gate::Driver as _;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbResponse};
use serde_json::json;

use super::place::{Place, sql};
use super::settled;

const INSERT: &str = "INSERT INTO t (id) VALUES (1)";

fn insert() -> DbAsk {
    DbAsk::Execute(sql(INSERT))
}

fn notes_of(place: &Place) -> (Vec<serde_json::Value>, Result<DbResponse, Failure>) {
    let notes = Mutex::default();
    let result = place.perform_within(Duration::from_secs(20), insert(), &notes);
    (notes.into_inner().unwrap(), result)
}

#[test]
fn postgresql_tells_what_became_of_the_transaction_that_was_noted() {
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let (notes, result) = notes_of(&place);
    result.unwrap();
    let [note] = notes.as_slice() else { panic!("one note before the COMMIT, found {notes:?}") };
    assert_eq!(settled(&place, insert(), Some(note)), r#"happened {"got":"done","with":[{"affected":"1"}]}"#);
    // Without a note it had not come to its COMMIT.
    assert_eq!(settled(&place, insert(), None), "did-not");
    // The second insertion fails before anything is noted; a transaction that was rolled back is known as such.
    let (notes, result) = notes_of(&place);
    assert!(notes.is_empty() && result.unwrap_err().code() == "db.unique-violation");
    let never = json!({ "xid": "4000000000", "done": [] });
    assert!(settled(&place, insert(), Some(&never)).starts_with("unknown"), "a transaction of the future");
    let odd = json!({ "xid": "1'); DROP TABLE t; --", "done": [] });
    assert!(settled(&place, insert(), Some(&odd)).starts_with("unknown"));
    assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("1"));
}

/// A statement is sent behind its BEGIN, before that is answered: the server keeps nothing of it where there is no such transaction.
#[test]
fn nothing_is_changed_but_in_a_transaction_that_was_begun_for_it() {
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    place.execute(sql("INSERT INTO t (id) VALUES (7)")).unwrap();
    // The connection that was just used.
    let place = Place::of(place.engine, format!("{}functions = [\"current_setting\"]\n", place.grant), &place);
    let outside = place.query(sql("SELECT current_setting('default_transaction_read_only')")).unwrap();
    assert_eq!(outside.rows[0][0].as_deref(), Some("on"));
    // Whose transactions only read by the word of whoever made the login is not made to write.
    place.server("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$");
    let failure = place.again("").execute(sql(INSERT)).unwrap_err();
    assert!(failure.message().contains("25006"), "{failure}");
    assert_eq!(place.asked("SELECT count(*) FROM t"), "1");
}

/// A note that cannot be kept is the end of the call, and nothing of it stays.
#[test]
fn a_transaction_whose_id_could_not_be_noted_is_not_committed() {
    use lockstep_gate::{CallContext, Notes};
    struct Full;
    impl Notes for Full {
        fn note(&self, _: &serde_json::Value) -> Result<(), Failure> {
            Err(Failure::problem("host.journal", "full"))
        }
    }
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let failure = place.call(insert(), Duration::from_secs(20), &Mutex::default(), |driver, granted, context| {
        driver.perform(granted, &CallContext { notes: &Full, ..*context })
    });
    assert_eq!(failure.unwrap_err().code(), "host.journal");
    assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("0"));
}

#[test]
fn an_intent_waits_for_a_note_only_where_nothing_can_happen_before_it() {
    let notes_first = |place: &Place, text: &str| {
        place.call(DbAsk::Execute(sql(text)), Duration::from_secs(20), &Mutex::default(), |driver, granted, _| driver.notes_first(granted))
    };
    assert!(!notes_first(&Place::sqlite(), INSERT), "nothing is noted");
    let Some(place) = Place::postgres() else { return };
    assert!(notes_first(&place, INSERT));
    let place = place.again("functions = [\"shop.post\"]");
    assert!(!notes_first(&place, "INSERT INTO t (id) VALUES (shop.post(1))"), "what no ROLLBACK takes back may have happened");
}

#[test]
fn a_ledger_tells_it_for_the_other_engines_and_gives_the_same_answer_to_the_same_key() {
    for place in [Some(Place::sqlite()), Place::mariadb()].into_iter().flatten() {
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
        assert_eq!(settled(&place, insert(), None), "nobody", "{}", place.engine);
        let place = place.again("ledger = true");
        assert_eq!(settled(&place, insert(), None), "did-not", "{}: before there is a ledger", place.engine);
        let first = place.execute(sql(INSERT)).unwrap();
        assert_eq!(settled(&place, insert(), None), r#"happened {"got":"done","with":[{"affected":"1"}]}"#, "{}", place.engine);
        assert_eq!(place.execute(sql(INSERT)).unwrap(), first, "{}: it has been done, and is not done again", place.engine);
        let mut other = place.again("");
        other.key = "f".repeat(64);
        assert_eq!(other.execute(sql(INSERT)).unwrap_err().code(), "db.unique-violation", "{}", place.engine);
        assert_eq!(settled(&other, insert(), None), "did-not", "{}: what was rolled back is in no ledger", place.engine);
    }
}

#[test]
fn what_commits_by_itself_is_claimed_by_no_ledger_and_is_in_no_transaction() {
    let Some(place) = Place::mariadb() else { return };
    let place = place.again("ledger = true");
    let create = || DbAsk::Execute(sql("CREATE TABLE made (id INTEGER PRIMARY KEY)"));
    place.done(create()).unwrap();
    assert_eq!(settled(&place, create(), None), "nobody");
    let part = |text: &str| lockstep_model::request::DbPart { statement: sql(text), expect_rows: None };
    let parts = vec![part("INSERT INTO made (id) VALUES (1)"), part("CREATE TABLE other (id INTEGER)")];
    let failure = place.done(DbAsk::Commit(lockstep_model::request::DbTransaction { parts, ..Default::default() })).unwrap_err();
    assert_eq!(failure.code(), "db.transaction", "{failure}");
    assert_eq!(place.query(sql("SELECT count(*) FROM made")).unwrap().rows[0][0].as_deref(), Some("0"));
}
