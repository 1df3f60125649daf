//! What a `db` call of a run costs beside the same statement from a bare driver and one sync: permitted, journaled, and its end to be asked for.
//!
//! The ratios count: both sides are measured in turns, on the same server and the same disk, and what the server syncs at a commit it syncs for both. As a test it
//! only shows that it works, with few.
//!
//! What an insertion needs, besides the sync of the journal and the server's own at its commit: in PostgreSQL two journeys to the server, BEGIN with the statement
//! and COMMIT, and as many on the bare side, which prepares the statement and is its own transaction; in MariaDB two, where the bare side, whose statement is prepared,
//! has one; with a ledger three, beside a bare transaction that enters a row as well. Above that it is the host's work: to judge the statement, and to write three records. The lines before each table say what
//! a sync and a journey take, and whether the server syncs. Where it does not, the bare side has half of its work left, and the host's weighs twice.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program of its own that prints a table")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockstep_driver_db::DbDriver;
use lockstep_driver_shell::ShellDriver;
use lockstep_engine::{House, start};
use lockstep_gate::{Drivers, Gate, SecretSource};
use lockstep_grant::{Grant, SecretRule};
use lockstep_model::request::{DbAsk, DbRequest, DbStatement, DbValue};
use lockstep_model::{Failure, RunOutcome, Secret};
use lockstep_store_sqlite::{Options, SqliteStore};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, start_of};
use mysql_async::prelude::Queryable as _;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Calls and bare statements take turns of so many.
const TURN: usize = 10;

const BOOK: &str = "CREATE TABLE IF NOT EXISTS book (call_key CHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY, done LONGTEXT NOT NULL)";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, label VARCHAR(40))";

fn main() {
    let turns = if std::env::args().any(|argument| argument == "--bench") { 50 } else { 1 };
    // On the disk of the build, not in a directory that may lie in memory.
    let place = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = place.path().join("bench.db");
    let sqlite = Bare::Sqlite(rusqlite::Connection::open(&file).unwrap());
    let lines = format!("[db.main]\nengine = \"sqlite\"\npath = \"{}\"\n", file.display());
    measure(place.path(), "SQLite", sqlite, &lines, "", turns);
    for (engine, name) in [("postgresql", "POSTGRES"), ("mariadb", "MARIADB")] {
        let Some(url) = lockstep_faults::server(name) else { continue };
        let mut admin = Bare::of(engine, &url);
        let database = format!("lockstep_bench_{}", std::process::id());
        admin.run(&format!("CREATE DATABASE {database}"));
        let url = format!("{}/{database}", url.rsplit_once('/').filter(|(before, _)| before.contains('@')).map_or(url.as_str(), |(before, _)| before));
        let (login, server) = url.split_once("://").unwrap().1.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let secret = "[secrets]\nPASSWORD = { env = \"PASSWORD\", to = [\"db.main\"] }\n";
        let lines = format!("{secret}[db.main]\nengine = \"{engine}\"\nurl = \"{engine}://{user}@{server}\"\npassword = {{ secret = \"PASSWORD\" }}\n");
        measure(place.path(), engine, Bare::of(engine, &url), &lines, password, turns);
        if engine == "mariadb" {
            let mut bare = Bare::of(engine, &url);
            bare.run(BOOK);
            measure(place.path(), "mariadb with a ledger", bare.keeping_a_book(), &format!("{lines}ledger = true\n"), password, turns);
        }
        admin.run(&format!("DROP DATABASE {database}{}", if engine == "postgresql" { " WITH (FORCE)" } else { "" }));
    }
}

/// A driver without anything around it, one statement at a time.
enum Bare {
    Sqlite(rusqlite::Connection),
    Postgres(Runtime, tokio_postgres::Client),
    /// And whether it enters what it inserts.
    Mysql(Runtime, mysql_async::Conn, bool),
}

impl Bare {
    fn of(engine: &str, url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        if engine == "postgresql" {
            let (client, connection) = runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls)).unwrap();
            runtime.spawn(connection);
            return Self::Postgres(runtime, client);
        }
        let conn = runtime.block_on(mysql_async::Conn::from_url(url.replacen("mariadb", "mysql", 1))).unwrap();
        Self::Mysql(runtime, conn, false)
    }

    fn keeping_a_book(self) -> Self {
        match self {
            Self::Mysql(runtime, conn, _) => Self::Mysql(runtime, conn, true),
            other => other,
        }
    }

    fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(runtime, client) => runtime.block_on(client.batch_execute(sql)).unwrap(),
            Self::Mysql(runtime, conn, _) => runtime.block_on(conn.query_drop(sql)).unwrap(),
        }
    }

    /// Whether it syncs what it commits.
    fn syncs(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(runtime, client) => {
                let asked = "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'";
                runtime.block_on(client.query_one(asked, &[])).unwrap().get(0)
            }
            Self::Mysql(runtime, conn, _) => runtime.block_on(conn.query_first::<bool, _>("SELECT @@innodb_flush_log_at_trx_commit = 1")).unwrap().unwrap(),
        }
    }

    fn insert(&mut self, id: u32) {
        const SQL: &str = "INSERT INTO t (id, label) VALUES ($1, $2)";
        let label = format!("number {id}");
        match self {
            Self::Sqlite(connection) => drop(connection.execute(SQL, (id, label)).unwrap()),
            Self::Postgres(runtime, client) => drop(runtime.block_on(client.execute(SQL, &[&id.cast_signed(), &label])).unwrap()),
            Self::Mysql(runtime, conn, books) => runtime.block_on(async {
                if *books {
                    conn.query_drop(format!("START TRANSACTION; INSERT INTO book (call_key, done) VALUES ('{id:064}', '')")).await.unwrap();
                }
                conn.exec_drop("INSERT INTO t (id, label) VALUES (?, ?)", (id, label)).await.unwrap();
                if *books {
                    conn.query_drop(format!("UPDATE book SET done = 'done' WHERE call_key = '{id:064}'; COMMIT")).await.unwrap();
                }
            }),
        }
    }

    fn read(&mut self, id: u32) {
        const SQL: &str = "SELECT label FROM t WHERE id = $1";
        let label: String = match self {
            Self::Sqlite(connection) => connection.query_row(SQL, (id,), |row| row.get(0)).unwrap(),
            Self::Postgres(runtime, client) => runtime.block_on(client.query_one(SQL, &[&id.cast_signed()])).unwrap().get(0),
            Self::Mysql(runtime, conn, _) => runtime.block_on(conn.exec_first("SELECT label FROM t WHERE id = ?", (id,))).unwrap().unwrap(),
        };
        assert!(label.starts_with("number"));
    }
}

/// The password of the server's login.
struct Password(String);

impl SecretSource for Password {
    fn value(&self, _: &SecretRule, _: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        Ok(Some(Secret::new(self.0.clone().into_bytes())))
    }
}

/// What each side took, of inserts and of reads.
#[derive(Default)]
struct Times {
    calls: [Vec<Duration>; 2],
    bare: [Vec<Duration>; 2],
}

fn measure(place: &Path, engine: &str, mut bare: Bare, lines: &str, password: &str, turns: usize) {
    bare.run(TABLE);
    let dir = place.join(engine);
    let store = Arc::new(SqliteStore::open(&dir, Options::default()).unwrap());
    let db = Arc::new(DbDriver::new(Arc::new(ShellDriver::new())));
    let drivers = Drivers { db, ..FakeDrivers::default().drivers() };
    let house = House { drivers, secrets: Arc::new(Password(password.to_owned())), ..house(store, &FakeDrivers::default()) };
    let mut sync = File::create(dir.join("syncs")).unwrap();
    parts(engine, &mut bare, &mut sync, turns * TURN);
    let times = Arc::new(Mutex::new(Times::default()));
    let (kept, all) = (Arc::clone(&times), Mutex::new((bare, sync)));
    let work = move |gate: &Gate| {
        let (mut all, mut times) = (all.lock().unwrap(), kept.lock().unwrap());
        (0..turns).try_for_each(|_| turn(gate, &mut all, &mut times))
    };
    let script = Arc::new(Script::default().imports(&["db"]).step("work", work, |_| Ok(())));
    let grant = grant(&format!("{lines}allow = [\"read\", \"write\"]\n[limits]\ncalls = 1000000\n"));
    let report = start(&house, start_of(script, grant)).unwrap();
    assert_eq!(report.outcome, RunOutcome::Succeeded, "{engine}");
    let mut times = times.lock().unwrap();
    let Times { calls, bare } = &mut *times;
    for (what, (call, bare)) in ["a row is inserted", "a row is read"].into_iter().zip(calls.iter_mut().zip(bare)) {
        let (call, bare) = (median(call), median(bare));
        let ratio = call.as_secs_f64() / bare.as_secs_f64();
        println!("{:<44}{:>12}{:>18}{ratio:>8.2}", format!("{engine}: {what}"), call.as_micros(), bare.as_micros());
    }
}

/// What both sides are made of.
fn parts(engine: &str, bare: &mut Bare, file: &mut File, times: usize) {
    let mut medians = [Vec::new(), Vec::new()];
    for _ in 0..times {
        medians[0].push(timed(|| synced(file, || ())).unwrap());
        let journey = || {
            bare.run("SELECT 1");
            Ok(())
        };
        medians[1].push(timed(journey).unwrap());
    }
    let [sync, journey] = medians.each_mut().map(|times| median(times).as_micros());
    let commits = if bare.syncs() {
        "it syncs what it commits"
    } else {
        "it does not sync what it commits (one that does: `LOCKSTEP_SERVERS_FSYNC=on scripts/servers up postgres`)"
    };
    println!("{engine}: a sync takes {sync} µs, a journey to the server {journey} µs; {commits}");
    println!("{:<44}{:>12}{:>18}{:>8}", "median", "a call, µs", "bare + sync, µs", "ratio");
}

/// Some calls, and as many bare statements with a sync each.
fn turn(gate: &Gate, (bare, file): &mut (Bare, File), times: &mut Times) -> Result<(), Failure> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let statement = |sql: &str, parameters| DbStatement { sql: sql.to_owned(), parameters, ..DbStatement::default() };
    let integer = |id: u32| DbValue::Integer(id.to_string());
    let first = NEXT.fetch_add(2 * u32::try_from(TURN).unwrap(), Ordering::Relaxed);
    let (ours, theirs) = (first..first + u32::try_from(TURN).unwrap(), first + u32::try_from(TURN).unwrap()..);
    for id in ours.clone() {
        let insert = DbAsk::Execute(statement("INSERT INTO t (id, label) VALUES ($1, $2)", vec![integer(id), DbValue::Text(format!("number {id}"))]));
        times.calls[0].push(timed(|| ask(gate, request(insert)).map(drop))?);
    }
    for id in theirs.take(TURN) {
        times.bare[0].push(timed(|| synced(file, || bare.insert(id)))?);
    }
    for id in ours.clone() {
        let read = DbAsk::Query(statement("SELECT label FROM t WHERE id = $1", vec![integer(id)]));
        times.calls[1].push(timed(|| ask(gate, request(read)).map(drop))?);
    }
    for id in ours {
        times.bare[1].push(timed(|| synced(file, || bare.read(id)))?);
    }
    Ok(())
}

fn request(ask: DbAsk) -> DbRequest {
    DbRequest { database: "main".to_owned(), ask }
}

fn synced(file: &mut File, statement: impl FnOnce()) -> Result<(), Failure> {
    statement();
    file.write_all(&[1; 4096]).unwrap();
    file.sync_data().unwrap();
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
