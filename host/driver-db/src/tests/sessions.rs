//! What stands open at a server between calls, and which calls are in each other's way: none.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use lockstep_gate::Driver as _;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbBackupOrder, DbResponse};

use super::faults::{await_that, endless};
use super::place::{Place, sql};
use crate::mysql::FRESH;

fn servers() -> impl Iterator<Item = Place> {
    [Place::postgres(), Place::mariadb()].into_iter().flatten()
}

fn within(place: &Place, time: Duration, text: &str) -> Result<DbResponse, Failure> {
    place.perform_within(time, DbAsk::Query(sql(text)), &Mutex::default())
}

/// The question after how many sessions a place has.
fn sessions(place: &Place) -> &'static str {
    match place.engine {
        "postgresql" => "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = current_database()",
        _ => "SELECT count(*) FROM information_schema.processlist WHERE id <> connection_id() AND db = database()",
    }
}

/// Ends the session of a place at its server.
pub(super) fn end(place: &Place) {
    if place.engine == "postgresql" {
        place.server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = current_database()");
    } else {
        let id = place.asked("SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()");
        place.server(&format!("KILL {id}"));
    }
}

#[test]
fn a_session_that_the_server_ended_while_nobody_used_it_is_not_noticed() {
    for place in servers() {
        place.ping().unwrap();
        end(&place);
        place.ping().unwrap();
        end(&place);
        assert_eq!(place.query(sql("SELECT 1 AS one")).unwrap().rows[0][0].as_deref(), Some("1"), "{}", place.engine);
        place.setup("CREATE TABLE t (id INTEGER)");
        end(&place);
        // Until a session of MariaDB is asked whether it is there, before a write as well.
        let since = Instant::now();
        while since.elapsed() <= FRESH {
            thread::park_timeout(FRESH);
        }
        place.execute(sql("INSERT INTO t (id) VALUES (1)")).unwrap();
        assert_eq!(place.asked("SELECT count(*) FROM t"), "1", "{}", place.engine);
    }
}

/// MariaDB's session is not asked whether it is there when it was heard of a moment ago.
#[test]
fn a_write_whose_session_was_ended_a_moment_ago_is_done_or_told_and_never_both() {
    for place in servers() {
        place.setup("CREATE TABLE t (id INTEGER)");
        place.execute(sql("INSERT INTO t (id) VALUES (1)")).unwrap();
        end(&place);
        let insert = || place.execute(sql("INSERT INTO t (id) VALUES (2)"));
        if let Err(failure) = insert() {
            assert!(failure.code() == "db.connection-lost" && failure.is_retryable(), "{}: {failure}", place.engine);
            insert().unwrap();
        }
        assert_eq!(place.asked("SELECT count(*) FROM t"), "2", "{}", place.engine);
    }
}

#[test]
fn nothing_stays_open_at_a_server_but_a_session_that_can_be_used_again() {
    for place in servers() {
        place.ping().unwrap();
        await_that(&place, sessions(&place), "1");
        let failure = within(&place, Duration::from_secs(1), endless(&place).0).unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
        await_that(&place, sessions(&place), "0");
        if let Some(place) = place.backed_up("\"make\"") {
            let order = DbBackupOrder { artifact: "copy".to_owned(), ..DbBackupOrder::default() };
            place.perform_within(Duration::from_secs(60), DbAsk::MakeBackup(order), &Mutex::default()).unwrap();
            await_that(&place, sessions(&place), "0");
        }
    }
}

#[test]
fn a_call_that_takes_long_holds_up_no_other() {
    for place in servers() {
        let (statement, at_it) = endless(&place);
        thread::scope(|scope| {
            let long = scope.spawn(|| within(&place, Duration::from_secs(60), statement));
            await_that(&place, at_it, "1");
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| place.ping().unwrap());
                }
            });
            assert_eq!(place.asked(at_it), "1", "{}: they have not waited for it", place.engine);
            let ended = match place.engine {
                "postgresql" => {
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
                }
                _ => {
                    let id = "SELECT id FROM information_schema.processlist WHERE info LIKE '%1000000000000%' AND id <> connection_id() AND db = database()";
                    &format!("KILL {}", place.asked(id))
                }
            };
            place.server(ended);
            assert_eq!(long.join().unwrap().unwrap_err().code(), "db.connection-lost", "{}", place.engine);
        });
    }
}

#[test]
fn statements_of_sqlite_are_stopped_side_by_side_and_again_once_nobody_looks_after_them_any_more() {
    let place = Place::sqlite();
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(x) FROM n";
    let stopped = |milliseconds| {
        let failure = within(&place, Duration::from_millis(milliseconds), endless).unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
    };
    thread::scope(|scope| {
        for milliseconds in [50, 150, 250] {
            scope.spawn(move || stopped(milliseconds));
        }
    });
    place.call(DbAsk::Query(sql(endless)), Duration::from_secs(600), &Mutex::default(), |driver, granted, context| {
        while driver.sqlite.is_looking() {
            thread::yield_now();
        }
        context.interrupt.cancel();
        let failure = driver.perform(granted, context).unwrap_err();
        assert_eq!(failure, Failure::TimedOut("cancelled by the operator".to_owned()));
    });
}
