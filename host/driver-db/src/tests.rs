//! Against real servers: `LOCKSTEP_TEST_POSTGRES`, `LOCKSTEP_TEST_MARIADB` are URLs of users who may make databases. SQLite needs none.

mod backups;
mod doubt;
mod faults;
mod full;
mod migrations;
mod place;
mod reads;
mod rows;
mod sessions;
mod trials;
mod values;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use lockstep_gate::{Driver as _, Settled};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbPart, DbTransaction, DbValue};
use serde_json::Value;

use place::{Place, everywhere, sql, with};

#[test]
fn a_ping_answers_and_rows_come_back_as_they_were_put_in_on_every_engine() {
    everywhere(|place| {
        place.ping().unwrap();
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, label VARCHAR(40))");
        let inserted =
            place.execute(with("INSERT INTO t (id, label) VALUES ($1, $2)", [DbValue::Integer("7".into()), DbValue::Text("ä'; DROP TABLE t; --".into())]));
        assert_eq!(inserted.unwrap()[0].affected, "1");
        let rows = place.query(with(
            "SELECT id, label FROM t WHERE id = $1 AND label = $2 AND id = $1",
            [DbValue::Integer("7".into()), DbValue::Text("ä'; DROP TABLE t; --".into())],
        ));
        let rows = rows.unwrap();
        assert_eq!(rows.rows, vec![vec![Some("7".to_owned()), Some("ä'; DROP TABLE t; --".to_owned())]]);
        assert_eq!(rows.columns.iter().map(|column| column.kind.as_str()).collect::<Vec<_>>(), ["integer", "text"]);
    });
}

#[test]
fn a_transaction_is_kept_whole_or_not_at_all() {
    everywhere(|place| {
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
        place.setup("INSERT INTO t (id, n) VALUES (1, 10)");
        let part = |text: &str, expect_rows| DbPart { statement: sql(text), expect_rows };
        let commit = |parts: Vec<DbPart>| place.done(DbAsk::Commit(DbTransaction { parts, ..DbTransaction::default() }));
        let count = || place.query(sql("SELECT n FROM t WHERE id = 1")).unwrap().rows[0][0].clone().unwrap();
        let off = commit(vec![part("UPDATE t SET n = 11 WHERE id = 1", Some(1)), part("UPDATE t SET n = 12 WHERE id = 2", Some(1))]).unwrap_err();
        assert_eq!((off.code(), count().as_str()), ("db.row-count", "10"), "{off}");
        let twice = commit(vec![part("UPDATE t SET n = 11 WHERE id = 1", None), part("INSERT INTO t (id, n) VALUES (1, 1)", None)]).unwrap_err();
        assert_eq!((twice.code(), count().as_str()), ("db.unique-violation", "10"), "{twice}");
        let done = commit(vec![part("UPDATE t SET n = 11 WHERE id = 1", Some(1)), part("INSERT INTO t (id, n) VALUES (2, 1)", Some(1))]).unwrap();
        assert_eq!((done.len(), count().as_str()), (2, "11"));
    });
}

#[test]
fn a_row_that_is_concerned_and_not_changed_is_counted_on_every_engine() {
    everywhere(|place| {
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
        place.setup("INSERT INTO t (id, n) VALUES (1, 10)");
        assert_eq!(place.execute(sql("UPDATE t SET n = 10 WHERE id = 1")).unwrap()[0].affected, "1");
    });
}

#[test]
fn trouble_has_the_same_code_on_every_engine() {
    everywhere(|place| {
        place.setup("CREATE TABLE p (id INTEGER PRIMARY KEY)");
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n < 100), p INTEGER, FOREIGN KEY (p) REFERENCES p (id))");
        for (text, code) in [
            ("INSERT INTO t (id, n) VALUES (1, 100)", "db.check"),
            ("INSERT INTO t (id, n) VALUES (1, NULL)", "db.not-null"),
            ("INSERT INTO t (id, n, p) VALUES (1, 1, 5)", "db.foreign-key"),
            ("INSERT INTO missing (id) VALUES (1)", "db.undefined"),
        ] {
            let failure = place.execute(sql(text)).unwrap_err();
            assert_eq!(failure.code(), code, "{}: {text}: {failure}", place.engine);
        }
        assert_eq!(place.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("0"));
    });
}

#[test]
fn an_answer_beyond_the_grants_limits_is_a_failure_and_the_first_rows_can_be_had() {
    everywhere(|place| {
        place.setup("CREATE TABLE t (id INTEGER PRIMARY KEY, label VARCHAR(200))");
        for id in 0..30 {
            place.setup(&format!("INSERT INTO t (id, label) VALUES ({id}, 'xxxxxxxxxxxxxxxxxxxx')"));
        }
        let small = place.again("rows = 20\nbytes = \"4KiB\"");
        let failure = small.query(sql("SELECT id FROM t")).unwrap_err();
        assert_eq!(failure.code(), "db.limit", "{failure}");
        let mut first = sql("SELECT id FROM t ORDER BY id");
        first.limit_rows = Some(3);
        let rows = small.query(first).unwrap();
        assert!(rows.rows.len() == 3 && rows.truncated);
        let wide = small
            .query(sql("SELECT a.label, b.label, a.label, b.label, a.label, b.label, a.label, b.label, a.label FROM t a JOIN t b ON b.id < 2 WHERE a.id < 20"));
        assert_eq!(wide.unwrap_err().code(), "db.limit");
        // The session is of use all the same, or another is made.
        assert_eq!(small.query(sql("SELECT count(*) FROM t")).unwrap().rows[0][0].as_deref(), Some("30"));
    });
}

#[test]
fn t11_a_server_of_another_kind_than_the_grant_says_is_refused_before_anything_is_asked() {
    let Some(place) = Place::mariadb() else { return };
    let text = place.grant.replace("engine = \"mariadb\"", "engine = \"mysql\"");
    let failure = Place::of("mysql", text, &place).ping().unwrap_err();
    assert_eq!(failure.code(), "db.engine", "{failure}");
    assert!(failure.message().contains("MariaDB"), "{failure}");
}

#[test]
fn t22_a_wrong_password_and_a_server_that_is_not_there_are_told_without_the_url() {
    for place in [Place::postgres(), Place::mariadb()].into_iter().flatten() {
        let mut wrong = place.again("");
        wrong.password = "not-hunter2".to_owned();
        let failure = wrong.ping().unwrap_err();
        assert_eq!(failure.code(), "db.auth", "{failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        let mut gone = place.again("");
        gone.grant = gone.grant.replace(&format!(":{}/", place.port), ":1/");
        let failure = gone.ping().unwrap_err();
        assert!(failure.code() == "db.connect" && failure.is_retryable(), "{failure}");
        assert!(!failure.to_string().contains(&place.password), "{failure}");
    }
}

#[test]
fn a_deadline_reaches_the_server_and_the_next_call_is_served() {
    for place in [Place::postgres(), Place::mariadb()].into_iter().flatten() {
        let slow = if place.engine == "postgresql" {
            "SELECT count(*) FROM generate_series(1, 1000000000000) g"
        } else {
            "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"
        };
        let began = Instant::now();
        let failure = place.perform_within(Duration::from_millis(300), DbAsk::Query(sql(slow)), &Mutex::default()).unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        place.ping().unwrap();
    }
    let place = Place::sqlite();
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(x) FROM n";
    let failure = place.perform_within(Duration::from_millis(200), DbAsk::Query(sql(endless)), &Mutex::default()).unwrap_err();
    assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
}

/// What a call noted, and what its driver would find out by that.
fn settled(place: &Place, ask: DbAsk, note: Option<&Value>) -> String {
    place.call(ask, Duration::from_secs(20), &Mutex::default(), |driver, granted, context| match driver.settle(granted, note, context) {
        Settled::NobodyToAsk => "nobody".to_owned(),
        Settled::Happened(response, _) => format!("happened {}", serde_json::to_string(&response).unwrap()),
        Settled::DidNot(_) => "did-not".to_owned(),
        Settled::Unknown(why) => format!("unknown: {why}"),
    })
}
