//! Connections that break, hang and lie on their way to real servers: each with its code, and nothing done twice or lost.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lockstep_faults::{Fault, FaultProxy, Way};
use lockstep_gate::Settled;
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbDirection, DbResponse};

use super::migrations::{self, migration};
use super::place::{Place, everywhere, sql};
use super::sessions;

/// A place, a proxy before its server, and the place behind it.
fn behind() -> impl Iterator<Item = (Place, FaultProxy, Place)> {
    [Place::postgres(), Place::mariadb()].into_iter().flatten().map(|direct| {
        let proxy = FaultProxy::before(("127.0.0.1", direct.port)).unwrap();
        let through = through(&direct, &proxy, "127.0.0.1");
        (direct, proxy, through)
    })
}

fn through(direct: &Place, proxy: &FaultProxy, host: &str) -> Place {
    let grant = direct.grant.replace(&format!("127.0.0.1:{}/", direct.port), &format!("{host}:{}/", proxy.address().port()));
    Place::of(direct.engine, grant, direct)
}

fn within(place: &Place, time: Duration, ask: DbAsk) -> Result<DbResponse, Failure> {
    place.perform_within(time, ask, &Mutex::default())
}

#[test]
fn a_server_that_is_down_is_said_to_be_and_is_used_again_when_it_is_back() {
    for (_, proxy, through) in behind() {
        through.ping().unwrap();
        proxy.down();
        let failure = through.ping().unwrap_err();
        assert!(failure.code() == "db.connect" && failure.is_retryable(), "{}: {failure}", through.engine);
        proxy.up().unwrap();
        through.ping().unwrap();
    }
}

#[test]
fn a_slow_server_is_waited_for_until_the_deadline_and_no_longer() {
    for (_, proxy, through) in behind() {
        proxy.now(Fault::Delay(Duration::from_millis(20)));
        through.ping().unwrap();
        proxy.now(Fault::Hang);
        let failure = within(&through, Duration::from_millis(300), DbAsk::Query(sql("SELECT 1"))).unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(_)), "{}: {failure}", through.engine);
        proxy.now(Fault::Pass);
        through.ping().unwrap();
    }
}

/// A statement that holds a server up for hours, and a question after how many of them it is at.
pub(super) fn endless(place: &Place) -> (&'static str, &'static str) {
    match place.engine {
        "postgresql" => (
            "SELECT count(*) FROM generate_series(1, 1000000000000) g",
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%1000000000000%' AND pid <> pg_backend_pid() AND datname = current_database()",
        ),
        _ => (
            "SELECT count(*) FROM seq_1_to_1000000000000 WHERE seq % 7 = 8",
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%1000000000000%' AND id <> connection_id() AND db = database()",
        ),
    }
}

pub(super) fn await_that(place: &Place, question: &str, answer: &str) {
    // Nobody waits for more than a minute; what it waits for takes a few seconds.
    let began = Instant::now();
    while place.asked(question) != answer {
        assert!(began.elapsed() < Duration::from_secs(60), "{}: `{question}` is not answered by {answer}", place.engine);
        std::thread::yield_now();
    }
}

#[test]
fn a_server_that_is_restarted_in_the_middle_of_a_read_breaks_the_connection_and_nothing_else() {
    for (direct, proxy, through) in behind() {
        through.ping().unwrap();
        let (statement, at_it) = endless(&direct);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| within(&through, Duration::from_secs(60), DbAsk::Query(sql(statement))));
            // Once the server is at it.
            await_that(&direct, at_it, "1");
            // Nobody tells it to stop any more.
            proxy.down();
            sessions::end(&direct);
            let failure = reading.join().unwrap().unwrap_err();
            assert!(failure.code() == "db.connection-lost" && failure.is_retryable(), "{}: {failure}", direct.engine);
        });
        proxy.up().unwrap();
        through.ping().unwrap();
    }
}

/// The host is gone and nobody has told the server, which sees a client that is silent.
#[test]
fn a_statement_whose_host_has_died_is_stopped_by_the_server_at_its_deadline() {
    for (direct, proxy, through) in behind() {
        let (statement, at_it) = endless(&direct);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| within(&through, Duration::from_secs(2), DbAsk::Query(sql(statement))));
            await_that(&direct, at_it, "1");
            proxy.now(Fault::Hang);
            let failure = reading.join().unwrap().unwrap_err();
            assert!(matches!(failure, Failure::TimedOut(_)), "{}: {failure}", direct.engine);
        });
        await_that(&direct, at_it, "0");
    }
}

#[test]
fn a_limit_that_the_login_has_is_not_made_longer() {
    if let Some(place) = Place::postgres() {
        place.server("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET statement_timeout = ''300ms'''; END $$");
        let failure = within(&place, Duration::from_secs(60), DbAsk::Query(sql(endless(&place).0))).unwrap_err();
        assert!(failure.message().contains("57014"), "{failure}");
        place.ping().unwrap();
    }
    if let Some(place) = Place::mariadb() {
        let user = format!("limited_{}", std::process::id());
        for text in ["CREATE USER {} IDENTIFIED BY 'short' WITH MAX_STATEMENT_TIME 0.3", "GRANT ALL ON *.* TO {}"] {
            place.server(&text.replace("{}", &user));
        }
        let (before, after) = place.grant.split_once("url = \"mariadb://").unwrap();
        let mut limited = Place::of("mariadb", format!("{before}url = \"mariadb://{user}@{}", after.split_once('@').unwrap().1), &place);
        limited.password = "short".to_owned();
        let failure = within(&limited, Duration::from_secs(60), DbAsk::Query(sql(endless(&place).0))).unwrap_err();
        place.server(&format!("DROP USER {user}"));
        assert!(failure.message().contains("1969"), "{failure}");
    }
}

#[test]
fn a_certificate_of_another_name_is_no_certificate_and_a_server_that_talks_nonsense_is_none() {
    let authority = lockstep_faults::server("CA").map(PathBuf::from);
    for (direct, proxy, through) in behind() {
        if let Some(authority) = &authority {
            let lines = format!("tls = \"require\"\nauthorities = [\"{}\"]", authority.display());
            direct.again(&lines).ping().unwrap();
            let elsewhere = FaultProxy::at([127, 0, 0, 2], ("127.0.0.1", direct.port)).unwrap();
            let failure = self::through(&direct, &elsewhere, "127.0.0.2").again(&lines).ping().unwrap_err();
            assert!(failure.code() == "db.tls" && !failure.is_retryable(), "{}: {failure}", direct.engine);
            // Whom nobody has vouched for.
            assert_eq!(direct.again("tls = \"require\"").ping().unwrap_err().code(), "db.tls", "{}", direct.engine);
        }
        proxy.now(Fault::Garbage);
        let failure = through.ping().unwrap_err();
        assert!(["db.connect", "db.limit", "db.engine"].contains(&failure.code()), "{}: {failure}", through.engine);
    }
}

/// Whatever is heard of the answer before the connection breaks, the driver's word and the server's rows agree.
#[test]
fn wherever_a_connection_breaks_a_transaction_is_known_to_be_kept_or_not() {
    for (direct, proxy, _) in behind() {
        direct.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
        let ledger = if direct.engine == "mariadb" { "ledger = true" } else { "" };
        let mut through = through(&direct, &proxy, "127.0.0.1").again(ledger);
        // With the ledger there, each cut is in the course of the call itself.
        through.execute(sql("INSERT INTO t (id) VALUES (-1)")).unwrap();
        let (mut doubts, mut kept, mut length) = (0, 0, 0);
        // Until the whole answer fits twice; the shortest message of either has five bytes.
        while kept < 2 {
            through.key = format!("{length:064}");
            proxy.now(Fault::Pass);
            through.ping().unwrap();
            proxy.now(Fault::Cut(Way::Down, length));
            let notes = Mutex::default();
            let result = through.perform_within(Duration::from_secs(20), DbAsk::Execute(sql(&format!("INSERT INTO t (id) VALUES ({length})"))), &notes);
            proxy.now(Fault::Pass);
            let said = match &result {
                Ok(_) => {
                    kept += 1;
                    "1"
                }
                Err(Failure::InDoubt(_)) => {
                    doubts += 1;
                    let note = notes.lock().unwrap().last().cloned();
                    let ask = DbAsk::Execute(sql(&format!("INSERT INTO t (id) VALUES ({length})")));
                    let settled = super::settled(&through, ask, note.as_ref());
                    if settled.starts_with("happened") {
                        "1"
                    } else {
                        assert_eq!(settled, "did-not", "{}: {length}", direct.engine);
                        "0"
                    }
                }
                Err(failure) => {
                    assert!(failure.is_retryable(), "{}: {length}: {failure}", direct.engine);
                    "0"
                }
            };
            assert_eq!(direct.asked(&format!("SELECT count(*) FROM t WHERE id = {length}")), said, "{}: {length}: {result:?}", direct.engine);
            length += 5;
        }
        assert!(doubts > 0, "{}: no answer to COMMIT was ever lost", direct.engine);
    }
}

#[test]
fn without_a_ledger_a_transaction_whose_commit_was_not_answered_is_in_doubt() {
    let Some(direct) = Place::mariadb() else { return };
    direct.setup("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let proxy = FaultProxy::before(("127.0.0.1", direct.port)).unwrap();
    let through = through(&direct, &proxy, "127.0.0.1");
    let lost = (0..400).find(|length| {
        proxy.now(Fault::Pass);
        through.ping().unwrap();
        proxy.now(Fault::Cut(Way::Down, *length));
        let result = within(&through, Duration::from_secs(20), DbAsk::Execute(sql(&format!("INSERT INTO t (id) VALUES ({length})"))));
        let Err(failure) = result else { return false };
        let is_doubt = matches!(failure, Failure::InDoubt(_));
        let there = direct.asked(&format!("SELECT count(*) FROM t WHERE id = {length}"));
        assert!(is_doubt || (failure.is_retryable() && there == "0"), "{length}: {there}: {failure}");
        is_doubt
    });
    proxy.now(Fault::Pass);
    let length = lost.expect("no answer to COMMIT was lost");
    assert_eq!(super::settled(&through, DbAsk::Execute(sql(&format!("INSERT INTO t (id) VALUES ({length})"))), None), "nobody");
}

#[test]
fn wherever_a_connection_breaks_a_migration_is_known_to_be_applied_or_goes_on_or_is_in_doubt() {
    // PostgreSQL is asked for one transaction, MariaDB for three statements of which two commit by themselves.
    let script = "CREATE TABLE made (id INTEGER PRIMARY KEY); INSERT INTO made (id) VALUES (1); ALTER TABLE made ADD COLUMN more INTEGER";
    for (direct, proxy, _) in behind() {
        let mut through = through(&direct, &proxy, "127.0.0.1");
        let (mut applied, mut lost, mut length) = (0, 0, 0);
        while applied < 2 {
            through.key = format!("{length:064}");
            proxy.now(Fault::Pass);
            through.ping().unwrap();
            proxy.now(Fault::Cut(Way::Down, length));
            let up = || migration("0001", DbDirection::Up, script, script);
            let result = within(&through, Duration::from_secs(20), up());
            proxy.now(Fault::Pass);
            let mut settled = migrations::settled(&direct, &through.key, up());
            if let Settled::Unknown(_) = settled {
                lost += 1;
                // What an operator does who has looked.
                let table = direct.asked("SELECT count(*) FROM information_schema.tables WHERE table_name = 'made' AND table_schema = database()");
                let column = direct
                    .asked("SELECT count(*) FROM information_schema.columns WHERE table_name = 'made' AND column_name = 'more' AND table_schema = database()");
                let next = direct.asked("SELECT done FROM lockstep_migrations");
                let happened = if next == "0" { table } else { column };
                direct.server(&format!("UPDATE lockstep_migrations SET under_way = 0, done = done + {happened}"));
                settled = migrations::settled(&direct, &through.key, up());
            }
            match settled {
                Settled::Happened(..) => applied += u32::from(result.is_ok()),
                Settled::DidNot(_) => {
                    assert!(result.is_err(), "{}: {length}", direct.engine);
                    let mut again = direct.again("");
                    again.key.clone_from(&through.key);
                    within(&again, Duration::from_secs(20), up()).unwrap();
                }
                other => panic!("{}: {length}: {other:?}", direct.engine),
            }
            let done = (direct.asked("SELECT count(*) FROM made"), migrations::history(&direct));
            assert_eq!(done, ("1".to_owned(), vec!["0001 applied 3/3".to_owned()]), "{}: {length}: nothing twice, nothing left out", direct.engine);
            direct.server("DROP TABLE made");
            direct.server("DELETE FROM lockstep_migrations");
            // An answer to a statement that only changes rows has eleven bytes.
            length += 11;
        }
        assert_eq!(lost > 0, direct.engine == "mariadb", "{}: {lost} statements were in doubt", direct.engine);
    }
}

#[test]
fn an_answer_of_ten_gigabytes_is_left_at_the_limit_and_the_next_call_is_served() {
    everywhere(|place| {
        let rows = match place.engine {
            "postgresql" => "SELECT repeat('x', 1000) AS x FROM generate_series(1, 10000000)",
            "mariadb" => "SELECT REPEAT('x', 1000) AS x FROM seq_1_to_10000000",
            _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000) SELECT printf('%1000d', i) AS x FROM n",
        };
        let place = place.again("rows = 1000000\nfunctions = [\"repeat\", \"generate_series\", \"printf\"]");
        assert_eq!(place.query(sql(rows)).unwrap_err().code(), "db.limit", "{}", place.engine);
        place.ping().unwrap();
    });
}

/// A server that announces a gigabyte: nobody waits for its end, and it is not taken into memory.
#[test]
fn a_row_of_a_gigabyte_is_left_at_its_first_bytes() {
    let Some(direct) = Place::postgres() else { return };
    let proxy = FaultProxy::before(("127.0.0.1", direct.port)).unwrap();
    let through = through(&direct, &proxy, "127.0.0.1");
    through.ping().unwrap();
    let mut head = vec![b'D'];
    head.extend_from_slice(&1_000_000_000_u32.to_be_bytes());
    proxy.now(Fault::Endless { head, again: vec![b'x'; 1 << 10], bytes: 1_000_000_005 });
    let failure = through.query(sql("SELECT 1")).unwrap_err();
    assert_eq!(failure.code(), "db.limit", "{failure}");
}

#[test]
fn a_text_that_is_no_utf_8_is_said_to_be_none_by_postgresql_too() {
    let Some(place) = Place::postgres() else { return };
    let other = format!("ascii_{}", std::process::id());
    place.server(&format!("CREATE DATABASE {other} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"));
    let grant = on_database(&place.grant, &other) + "functions = [\"convert_from\", \"decode\"]\n";
    let ascii = Place::of("postgresql", grant, &place);
    ascii.execute(sql("CREATE TABLE t (label TEXT)")).unwrap();
    ascii.execute(sql("INSERT INTO t (label) VALUES (convert_from(decode('41ff42', 'hex'), 'SQL_ASCII'))")).unwrap();
    let failure = ascii.query(sql("SELECT label FROM t")).unwrap_err();
    assert!(failure.code() == "db.invalid-utf8" && failure.message().contains("0xff"), "{failure}");
    drop(ascii);
    place.server(&format!("DROP DATABASE {other} WITH (FORCE)"));
}

/// The grant with another database of the same server.
fn on_database(grant: &str, database: &str) -> String {
    let lines = grant.lines().map(|line| match line.strip_prefix("url = \"") {
        Some(url) => format!("url = \"{}/{database}\"", url.trim_end_matches('"').rsplit_once('/').unwrap().0),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_server_without_room_says_so_and_nothing_of_the_transaction_is_kept() {
    if let Some(place) = Place::postgres() {
        place.setup("CREATE TABLE t (id INTEGER, label TEXT)");
        place.setup("INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 50000) i");
        place.setup("CREATE TABLE sorted (id INTEGER, label TEXT)");
        place.server("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET temp_file_limit = ''1MB'''; EXECUTE 'ALTER DATABASE ' || current_database() || ' SET work_mem = ''64kB'''; END $$");
        let failure = place.execute(sql("INSERT INTO sorted (id, label) SELECT id, label FROM t ORDER BY label, id DESC")).unwrap_err();
        assert_eq!(failure.code(), "db.full", "{failure}");
        assert_eq!(place.asked("SELECT count(*) FROM sorted"), "0");
    }
    if let Some(place) = Place::mariadb() {
        place.setup("CREATE TABLE m (label CHAR(250) CHARACTER SET latin1) ENGINE = MEMORY");
        let failure = place.execute(sql("INSERT INTO m (label) SELECT 'x' FROM seq_1_to_200000")).unwrap_err();
        assert_eq!(failure.code(), "db.full", "{failure}");
    }
}
