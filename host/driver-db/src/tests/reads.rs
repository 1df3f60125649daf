//! What reads by its text and writes by what it calls is stopped by the server.

use super::place::{Place, sql};

#[test]
fn a_function_that_writes_is_stopped_by_the_server_though_the_grant_trusts_it() {
    let Some(place) = Place::postgres() else { return };
    place.setup("CREATE TABLE t (id INTEGER)");
    place.setup("CREATE FUNCTION sly() RETURNS integer LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'");
    let place = place.again("functions = [\"sly\"]");
    let failure = place.query(sql("SELECT sly()")).unwrap_err();
    assert_eq!(failure.code(), "db.read-only", "{failure}");
    place.setup("CREATE VIEW innocent AS SELECT sly() AS id");
    assert_eq!(place.query(sql("SELECT id FROM innocent")).unwrap_err().code(), "db.read-only");
    assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("0"));
}

#[test]
fn a_routine_that_writes_is_stopped_by_mariadb_too() {
    let Some(place) = Place::mariadb() else { return };
    place.setup("CREATE TABLE t (id INTEGER)");
    place.setup("CREATE FUNCTION sly() RETURNS INTEGER MODIFIES SQL DATA BEGIN INSERT INTO t VALUES (1); RETURN 1; END");
    let place = place.again("functions = [\"sly\"]");
    let failure = place.query(sql("SELECT sly()")).unwrap_err();
    assert_eq!(failure.code(), "db.read-only", "{failure}");
    assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("0"));
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let place = Place::sqlite();
    let mut gone = place.again("");
    gone.grant = gone.grant.replace("test.db", "tset.db");
    assert_eq!(gone.ping().unwrap_err().code(), "db.connect");
    assert_eq!(gone.execute(sql("CREATE TABLE t (id INTEGER)")).unwrap_err().code(), "db.connect");
}
