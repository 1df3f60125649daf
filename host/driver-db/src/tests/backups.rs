//! Backups of real databases: made, tried, put back, refused; and whatever breaks off on the way.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lockstep_faults::{Fault, FaultProxy, Way};
use lockstep_gate::{Driver as _, Settled};
use lockstep_model::Failure;
use lockstep_model::request::{DbAsk, DbBackup, DbBackupOrder, DbResponse, DbRestore};

use super::place::{Place, sql};

const ALL: &str = r#""make", "verify", "restore", "restore-over""#;

/// One test at a time: a scratch database is called after the call's key, which all tests have.
fn everywhere(check: impl Fn(&Place)) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    super::place::everywhere(|place| {
        if let Some(place) = place.backed_up(ALL) {
            check(&place);
        }
    });
}

fn order(id: &str) -> DbBackupOrder {
    DbBackupOrder { artifact: id.to_owned(), ..DbBackupOrder::default() }
}

fn ask(place: &Place, asked: DbAsk) -> Result<DbResponse, Failure> {
    place.perform_within(Duration::from_secs(60), asked, &Mutex::default())
}

fn make(place: &Place, order: DbBackupOrder) -> Result<DbBackup, Failure> {
    match ask(place, DbAsk::MakeBackup(order))? {
        DbResponse::Backup(backup) => Ok(backup),
        other => panic!("{other:?}"),
    }
}

fn verify(place: &Place, backup: &DbBackup) -> Result<(), Failure> {
    ask(place, DbAsk::VerifyBackup(backup.clone())).map(|response| assert_eq!(response, DbResponse::Verified))
}

fn restoring(backup: &DbBackup, over: bool) -> DbAsk {
    DbAsk::Restore(DbRestore { backup: backup.clone(), over })
}

fn restore(place: &Place, backup: &DbBackup, over: bool) -> Result<(), Failure> {
    ask(place, restoring(backup, over)).map(|response| assert_eq!(response, DbResponse::Restored))
}

/// Two tables, one of them without rows, values of every kind, and what else a database has.
fn fill(place: &Place) {
    place.setup("CREATE TABLE orders (id INTEGER PRIMARY KEY, label VARCHAR(200), price DECIMAL(20, 4))");
    place.setup("CREATE TABLE unused (id INTEGER)");
    place.setup("INSERT INTO orders VALUES (1, 'it''s (one);', 10.5), (2, NULL, NULL), (3, 'ä', 0.0001)");
    place.setup("CREATE VIEW dear AS SELECT id FROM orders WHERE price > 1");
}

fn orders(place: &Place) -> String {
    place.query(sql("SELECT count(*) FROM orders")).unwrap().rows[0][0].clone().unwrap()
}

fn rows_of(backup: &DbBackup) -> Vec<(&str, &str)> {
    let label = |label: &'static str| move |table: &&lockstep_model::request::DbTable| table.label.ends_with(label);
    ["unused", "orders"].iter().map(|name| (*name, backup.tables.iter().find(label(name)).unwrap().rows.as_str())).collect()
}

fn databases(place: &Place) -> Vec<String> {
    let all = match place.engine {
        "postgresql" => "SELECT datname FROM pg_database",
        "mariadb" => "SELECT schema_name FROM information_schema.schemata",
        _ => return place.files(),
    };
    place.query(sql(all)).unwrap().rows.into_iter().map(|row| row[0].clone().unwrap()).filter(|name| name.contains("scratch")).collect()
}

#[test]
fn t1_t2_t10_what_was_made_is_what_is_verified_and_restored_on_every_engine() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        assert_eq!((backup.database.as_str(), backup.engine.as_str()), ("main", place.engine));
        assert_eq!(rows_of(&backup), [("unused", "0"), ("orders", "3")], "{}", place.engine);
        assert!(!backup.server_version.is_empty());
        let bytes = place.artifacts.bytes(backup.artifact.digest).unwrap();
        assert_eq!(backup.artifact.size, bytes.len().to_string());
        verify(place, &backup).unwrap();
        assert!(databases(place).is_empty(), "a scratch database is left: {:?}", databases(place));
        // What a migration gone wrong leaves.
        place.setup("DROP VIEW dear");
        place.setup("DELETE FROM orders WHERE id < 3");
        place.setup("ALTER TABLE orders ADD COLUMN added INTEGER");
        place.setup("CREATE TABLE new_one (id INTEGER)");
        restore(place, &backup, true).unwrap();
        assert_eq!(orders(place), "3");
        assert_eq!(place.query(sql("SELECT id FROM dear")).unwrap().rows.len(), 1);
        assert_eq!(place.query(sql("SELECT * FROM orders WHERE id = 3")).unwrap().rows[0].len(), 3, "the new column is still there");
        assert_eq!(place.query(sql("SELECT id FROM new_one")).unwrap_err().code(), "db.undefined");
        // And what is there now is that again.
        assert_eq!(make(place, order("after")).unwrap().tables, backup.tables, "{}", place.engine);
    });
}

#[test]
fn a_target_that_is_not_empty_is_refused_and_an_empty_one_is_filled() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        let failure = restore(place, &backup, false).unwrap_err();
        assert!(failure.code() == "db.not-empty" && failure.message().contains("restore-over"), "{failure}");
        let empty = place.another().backed_up(ALL).unwrap();
        restore(&empty, &backup, false).unwrap();
        assert_eq!(orders(&empty), "3");
        assert_eq!(make(&empty, order("there")).unwrap().tables, backup.tables);
    });
}

#[test]
fn t12_a_backup_that_is_too_small_is_none() {
    everywhere(|place| {
        fill(place);
        let orders = if place.engine == "postgresql" { "public.orders" } else { "orders" };
        let failure = make(place, DbBackupOrder { at_least_bytes: Some("500000000".to_owned()), ..order("small") }).unwrap_err();
        assert!(failure.code() == "db.backup-too-small" && failure.message().contains("expected at least 500000000"), "{failure}");
        let few = |table: &str, rows: &str| DbBackupOrder { at_least_rows: vec![(table.to_owned(), rows.to_owned())], ..order("few") };
        assert_eq!(make(place, few(orders, "4")).unwrap_err().code(), "db.backup-too-small");
        assert_eq!(make(place, few("elsewhere", "0")).unwrap_err().code(), "db.backup-too-small");
        make(place, few(orders, "3")).unwrap();
    });
}

#[test]
fn t3_t28_a_backup_of_another_engine_or_format_is_refused_before_anything_is_done() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        for (engine, format) in [("mongodb", "mongodb-archive"), (place.engine, "plain-sql"), ("mysql", "mysql-sql")] {
            let other = DbBackup { engine: engine.to_owned(), format: format.to_owned(), ..backup.clone() };
            for asked in [DbAsk::VerifyBackup(other.clone()), restoring(&other, true)] {
                let failure = ask(place, asked).unwrap_err();
                assert!(failure.code() == "db.other-backup" && failure.message().contains(format), "{failure}");
            }
        }
        assert_eq!(orders(place), "3");
    });
}

/// What is no backup at all, or was cut off, is found out in the scratch database, and what is there stays as it is.
#[test]
fn t6_a_backup_that_is_damaged_fails_its_trial_and_nothing_but_a_scratch_database_was_touched() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        let bytes = place.artifacts.bytes(backup.artifact.digest).unwrap();
        let as_bytes = |bytes: &[u8]| {
            let mut other = backup.clone();
            other.artifact.digest = place.artifacts.keep(bytes).unwrap();
            other
        };
        for (what, damaged) in [("half", &bytes[..bytes.len() / 2]), ("nothing", &b""[..]), ("text", &b"SELECT nonsense;\n"[..])] {
            let failure = verify(place, &as_bytes(damaged)).unwrap_err();
            assert!(["db.tool", "db.backup-differs", "db.corrupt", "db.error"].contains(&failure.code()), "{} {what}: {failure}", place.engine);
        }
        let mut fewer = backup.clone();
        fewer.tables[0].rows = "1".to_owned();
        let failure = verify(place, &fewer).unwrap_err();
        assert!(failure.code() == "db.backup-differs" && failure.message().contains("where the backup was made of 1"), "{failure}");
        let mut others = backup.clone();
        let table = others.tables.iter_mut().find(|table| table.label.ends_with("orders")).unwrap();
        table.checksum = format!("{:016x}", u64::from_str_radix(&table.checksum, 16).unwrap() ^ 1);
        let failure = verify(place, &others).unwrap_err();
        assert!(failure.code() == "db.backup-differs" && failure.message().contains("has other rows than the backup was made of"), "{failure}");
        assert!(databases(place).is_empty(), "{:?}", databases(place));
        assert_eq!(orders(place), "3");
    });
}

/// The servers that can take it back do.
#[test]
fn t6_a_restore_with_an_error_in_its_middle_fails_and_postgresql_and_sqlite_keep_what_there_was() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        if place.engine != "mariadb" {
            let bytes = place.artifacts.bytes(backup.artifact.digest).unwrap();
            let mut half = backup.clone();
            half.artifact.digest = place.artifacts.keep(&bytes[..bytes.len() * 2 / 3]).unwrap();
            let failure = restore(place, &half, true);
            assert!(matches!(failure, Err(Failure::Failed(_))), "{failure:?}");
            assert_eq!(orders(place), "3");
        }
        let mut wrong = backup.clone();
        wrong.artifact.digest = place.artifacts.keep(b"CREATE TABLE first (id INTEGER);\nSELECT nonsense;\nCREATE TABLE second (id INTEGER);\n").unwrap();
        let failure = restore(place, &wrong, true).unwrap_err();
        assert!(failure.code() == "db.tool" || place.engine == "sqlite", "{failure}");
        assert_eq!(failure.message().contains("has a part of the backup now"), place.engine == "mariadb", "{failure}");
        assert_eq!(place.query(sql("SELECT id FROM second")).unwrap_err().code(), "db.undefined", "{}", place.engine);
        restore(place, &backup, true).unwrap();
        assert_eq!(orders(place), "3");
    });
}

#[test]
fn what_a_crashed_host_has_left_of_a_trial_is_dropped_by_the_next_one() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        let name = format!("lockstep_scratch_{}", &super::place::KEY[..16]);
        match place.engine {
            "postgresql" | "mariadb" => place.server(&format!("CREATE DATABASE {name}")),
            _ => place.leave(&format!(".{name}")),
        }
        verify(place, &backup).unwrap();
        assert!(databases(place).is_empty(), "{:?}", databases(place));
    });
}

fn settled(place: &Place, asked: DbAsk, note: Option<&serde_json::Value>) -> Settled<DbResponse> {
    place.call(asked, Duration::from_secs(40), &Mutex::default(), |driver, granted, context| driver.settle(granted, note, context))
}

#[test]
fn what_became_of_a_restore_whose_outcome_was_lost_is_found_out_on_every_engine() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        place.setup("DELETE FROM orders");
        let notes = Mutex::default();
        place.perform_within(Duration::from_secs(60), restoring(&backup, true), &notes).unwrap();
        let notes = notes.into_inner().unwrap();
        let [note] = notes.as_slice() else { panic!("one note before anything is changed for good, found {notes:?}") };
        let happened = settled(place, restoring(&backup, true), Some(note));
        assert!(matches!(happened, Settled::Happened(DbResponse::Restored, _)), "{}: {happened:?}", place.engine);
        let never = settled(place, restoring(&backup, true), None);
        assert!(matches!(never, Settled::DidNot(_)), "{never:?}");
        if place.engine != "postgresql" {
            place.setup("DELETE FROM orders WHERE id = 1");
            let partly = settled(place, restoring(&backup, true), Some(note));
            assert!(matches!(partly, Settled::Unknown(_)), "{}: {partly:?}", place.engine);
        }
    });
}

#[test]
fn a_restore_whose_note_cannot_be_kept_changes_nothing() {
    use lockstep_gate::{CallContext, Notes};
    struct Full;
    impl Notes for Full {
        fn note(&self, _: &serde_json::Value) -> Result<(), Failure> {
            Err(Failure::problem("host.journal", "full"))
        }
    }
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        place.setup("DELETE FROM orders WHERE id = 1");
        let result = place.call(restoring(&backup, true), Duration::from_secs(40), &Mutex::default(), |driver, granted, context| {
            driver.perform(granted, &CallContext { notes: &Full, ..*context })
        });
        assert!(result.is_err());
        assert_eq!(orders(place), "2", "{}", place.engine);
    });
}

#[test]
fn a_deadline_ends_a_backup_and_leaves_no_artifact_and_no_scratch_database() {
    everywhere(|place| {
        fill(place);
        let backup = make(place, order("before")).unwrap();
        for asked in [DbAsk::MakeBackup(order("late")), DbAsk::VerifyBackup(backup)] {
            let result = place.perform_within(Duration::ZERO, asked, &Mutex::default());
            assert!(matches!(result, Err(Failure::TimedOut(_))), "{}: {result:?}", place.engine);
        }
        assert!(databases(place).is_empty(), "{:?}", databases(place));
    });
}

#[test]
fn a_dump_whose_connection_breaks_in_its_middle_is_no_backup() {
    everywhere(|direct| {
        let rows = match direct.engine {
            "postgresql" => "SELECT i, repeat(md5(i::text), 6), NULL FROM generate_series(1, 20000) i",
            "mariadb" => "SELECT seq, REPEAT(MD5(seq), 6), NULL FROM seq_1_to_20000",
            // There is no connection to break.
            _ => return,
        };
        fill(direct);
        direct.setup("DELETE FROM orders");
        direct.setup(&format!("INSERT INTO orders {rows}"));
        let proxy = FaultProxy::before(("127.0.0.1", direct.port)).unwrap();
        let grant = direct.grant.replace(&format!("127.0.0.1:{}/", direct.port), &format!("127.0.0.1:{}/", proxy.address().port()));
        let through = Place::of(direct.engine, grant, direct);
        proxy.now(Fault::Cut(Way::Down, 1 << 20));
        let failure = make(&through, order("half")).unwrap_err();
        assert!(failure.code() == "db.tool" && failure.message().contains("ended with"), "{}: {failure}", direct.engine);
        proxy.now(Fault::Pass);
        let backup = make(&through, order("whole")).unwrap();
        assert_eq!(rows_of(&backup), [("unused", "0"), ("orders", "20000")], "{}", direct.engine);
        verify(&through, &backup).unwrap();
    });
}

/// A restore of MariaDB's has a mark in the database until it is whole: by it the next one knows that what is there is its own.
#[test]
fn what_a_crash_has_left_of_a_restore_is_known_and_begun_anew() {
    everywhere(|place| {
        if place.engine != "mariadb" {
            return;
        }
        fill(place);
        let backup = make(place, order("before")).unwrap();
        let empty = place.another().backed_up(ALL).unwrap();
        let mark = |key: &str| format!("INSERT INTO lockstep_restore (call_key) VALUES ('{key}')");
        empty.setup("CREATE TABLE orders (id INTEGER)");
        empty.setup("CREATE TABLE lockstep_restore (call_key VARCHAR(64) NOT NULL PRIMARY KEY)");
        empty.setup(&mark("another"));
        let note = serde_json::json!({ "begun": true });
        assert!(matches!(settled(&empty, restoring(&backup, false), Some(&note)), Settled::Unknown(_)), "somebody else's");
        assert_eq!(restore(&empty, &backup, false).unwrap_err().code(), "db.not-empty");
        empty.setup(&mark(super::place::KEY));
        assert!(matches!(settled(&empty, restoring(&backup, false), Some(&note)), Settled::DidNot(_)));
        restore(&empty, &backup, false).unwrap();
        assert_eq!(make(&empty, order("there")).unwrap().tables, backup.tables, "and the mark is gone");
    });
}

#[test]
fn a_program_that_is_not_the_pinned_one_is_not_started() {
    let Some(place) = Place::postgres() else { return };
    let Some(programs) = ["pg_dump", "pg_restore", "psql"].into_iter().map(lockstep_faults::program).collect::<Option<Vec<_>>>() else { return };
    let other = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let lines = format!(
        "[db.main.backup]\nallow = [\"make\"]\nprograms = {{ pg_dump = {{ program = \"{}\", digest = \"{other}\" }}, pg_restore = \"{}\", psql = \"{}\" }}",
        programs[0], programs[1], programs[2]
    );
    let failure = make(&place.again(&lines), order("before")).unwrap_err();
    assert!(matches!(failure, Failure::Denied(_)) && failure.message().contains("is not the program that the grant pins"), "{failure}");
}

/// Rows that are added while a dump is made are neither in it nor counted.
#[test]
fn counts_are_of_the_moment_of_the_dump_though_others_write_meanwhile() {
    everywhere(|place| {
        fill(place);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut id = 100;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    place.setup(&format!("INSERT INTO orders VALUES ({id}, 'meanwhile', 1)"));
                    id += 1;
                }
            });
            let backup = make(place, order("before"));
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            writer.join().unwrap();
            verify(place, &backup.unwrap()).unwrap();
        });
    });
}
