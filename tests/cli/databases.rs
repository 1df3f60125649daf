//! The procedure `database-release` with the real binary: every scenario under every law, and on PostgreSQL, MariaDB and SQLite, killed in the middle as well.

mod kills;
mod room;
mod tried;
mod ways;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::place::{Place, Ran, example, root};

/// A reason for the tests that are not about backups.
const REASON: &str = "no-backup=the table is made of orders, which stay";

/// A database of the test's own, with 300 orders of whom two in three have an address.
struct Shop {
    place: Place,
    engine: &'static str,
    /// Of a server: port, user and password.
    server: Option<(u16, String, String)>,
    database: String,
    /// Whether the grant allows it.
    backs_up: bool,
}

fn case() -> std::path::PathBuf {
    root().join("guest-sdk/procedures/database-release")
}

impl Shop {
    fn sqlite() -> Self {
        let shop = Self { place: Place::new(), engine: "sqlite", server: None, database: "shop.db".to_owned(), backs_up: true };
        Connection::open(shop.place.path().join(&shop.database)).unwrap();
        shop.filled()
    }

    fn of(engine: &'static str, name: &str) -> Option<Self> {
        let url = lockstep_faults::server(name)?;
        let (login, server) = url.split_once("://").unwrap().1.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let port = server.split('/').next().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let mut shop = Self { place: Place::new(), engine, server: Some((port, user.into(), password.into())), database: String::new(), backs_up: true };
        let database = format!("shop_{since}");
        shop.ask(&format!("CREATE DATABASE {database}"));
        shop.database = database;
        Some(shop.filled())
    }

    fn servers() -> impl Iterator<Item = Self> {
        [Self::of("postgresql", "POSTGRES"), Self::of("mariadb", "MARIADB")].into_iter().flatten()
    }

    fn everywhere() -> impl Iterator<Item = Self> {
        std::iter::once(Self::sqlite()).chain(Self::servers())
    }

    fn filled(self) -> Self {
        self.ask(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, email VARCHAR(200)); CREATE TABLE releases (id VARCHAR(60) PRIMARY KEY, moved INTEGER NOT NULL)",
        );
        let rows: Vec<String> = (0..300).map(|id| if id % 3 == 0 { format!("({id}, NULL)") } else { format!("({id}, 'o{id}@example.com')") }).collect();
        self.ask(&format!("INSERT INTO orders (id, email) VALUES {}", rows.join(", ")));
        let folder = self.place.path().join("migrations");
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(case().join("migrations")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
        self
    }

    /// One more migration, or another text for one.
    fn migration(&self, name: &str, text: &str) {
        self.place.write(&format!("migrations/{name}"), text);
    }

    /// Past the program under test, by the server's own.
    fn ask(&self, sql: &str) -> String {
        let Some((port, user, password)) = &self.server else {
            let connection = Connection::open(self.place.path().join(&self.database)).unwrap();
            if !sql.starts_with("SELECT") {
                connection.execute_batch(sql).unwrap();
                return String::new();
            }
            let value: rusqlite::types::Value = connection.query_row(sql, (), |row| row.get(0)).unwrap();
            return match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => panic!("{other:?}"),
            };
        };
        let mut command = Command::new(if self.engine == "postgresql" { "psql" } else { "mariadb" });
        let port = port.to_string();
        if self.engine == "postgresql" {
            let database = if self.database.is_empty() { "postgres" } else { &self.database };
            command.env("PGPASSWORD", password).args(["-h", "127.0.0.1", "-p", &port, "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-Atqc", sql]);
        } else {
            command.env("MYSQL_PWD", password).args(["-h", "127.0.0.1", "-P", &port, "-u", user, "-N", "-B", "-e", sql]).arg(&self.database);
        }
        Ran::from(command.output().unwrap()).expect(0).stdout.trim().to_owned()
    }

    fn there(&self, table: &str) -> bool {
        let from = match self.engine {
            "postgresql" => "information_schema.tables WHERE table_schema = current_schema() AND table_name",
            "mariadb" => "information_schema.tables WHERE table_schema = database() AND table_name",
            _ => "sqlite_schema WHERE name",
        };
        self.ask(&format!("SELECT count(*) FROM {from} = '{table}'")) == "1"
    }

    /// What is applied, and what is in the tables.
    fn state(&self) -> (bool, String, String) {
        let applied = if self.there("lockstep_migrations") {
            self.ask("SELECT count(*) FROM lockstep_migrations WHERE direction = 'up' AND done = statements AND under_way = 0")
        } else {
            "0".to_owned()
        };
        (self.there("contacts"), applied, self.ask("SELECT count(*) FROM releases"))
    }

    fn before() -> (bool, String, String) {
        (false, "0".to_owned(), "0".to_owned())
    }

    /// The grant's part about backups, as this engine and this machine have it.
    fn backed_up(&self, grant: &str) -> String {
        let (start, end) = (grant.find("[db.shop.backup]").unwrap(), grant.find("[files.mounts").unwrap());
        let names: &[&str] = match self.engine {
            "postgresql" => &["pg_dump", "pg_restore", "psql"],
            "mariadb" => &["mariadb-dump", "mariadb"],
            _ => &[],
        };
        let programs: Vec<_> = names.iter().map(|name| format!("{name} = {:?}", lockstep_faults::program(name).unwrap())).collect();
        let programs = if programs.is_empty() { String::new() } else { format!("programs = {{ {} }}\n", programs.join(", ")) };
        let section = if self.backs_up { format!("[db.shop.backup]\nallow = [\"make\", \"verify\", \"restore-over\"]\n{programs}\n") } else { String::new() };
        format!("{}{section}{}", &grant[..start], &grant[end..])
    }

    fn command(&self, port: Option<u16>, args: &[&str]) -> Command {
        let grant = std::fs::read_to_string(case().join("grant.toml")).unwrap();
        let mut command = self.place.command();
        let grant = self.backed_up(&grant);
        let grant = match &self.server {
            Some((own, user, password)) => {
                command.env("SHOP_DB", password);
                let url = format!("{}://{user}@127.0.0.1:{}/{}", self.engine, port.unwrap_or(*own), self.database);
                grant.replace("postgresql://deploy@db.example.com/shop", &url)
            }
            None => grant
                .replace("url = \"postgresql://deploy@db.example.com/shop\"\npassword = { secret = \"SHOP_DB\" }", "path = \"shop.db\"")
                .replace("\n[secrets]\nSHOP_DB = { env = \"SHOP_DB\", to = [\"db.shop\"] }\n", ""),
        };
        self.place.write("shop.toml", grant.replace("engine = \"postgresql\"", &format!("engine = \"{}\"", self.engine)));
        command.args(args);
        command
    }

    fn lockstep(&self, args: &[&str]) -> Ran {
        let ran = Ran::from(self.command(None, args).output().unwrap());
        if let Some((.., password)) = &self.server {
            assert!(!ran.stdout.contains(password.as_str()) && !ran.stderr.contains(password.as_str()), "{}{}", ran.stdout, ran.stderr);
        }
        ran
    }

    fn release(&self, more: &[&str]) -> Vec<String> {
        let component = example("database-release").display().to_string();
        let mut args = vec!["run".to_owned(), component, "--env".to_owned(), "shop.toml".to_owned(), "--yes".to_owned()];
        if !more.iter().any(|given| given.starts_with("engine=")) {
            args.extend(["-p".to_owned(), format!("engine={}", self.engine)]);
        }
        args.extend(more.iter().flat_map(|given| ["-p".to_owned(), (*given).to_owned()]));
        args
    }

    fn run(&self, more: &[&str]) -> Ran {
        self.lockstep(&self.release(more).iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let database = std::mem::take(&mut self.database);
        let force = if self.engine == "postgresql" { " WITH (FORCE)" } else { "" };
        if self.server.is_some() && !database.is_empty() && !thread::panicking() {
            self.ask(&format!("DROP DATABASE {database}{force}"));
        }
    }
}

#[test]
fn a_release_of_a_database_is_rehearsed_under_every_law() {
    let place = Place::new();
    place.lockstep(["test", &case().display().to_string(), "--file", &example("database-release").display().to_string()]).expect(0);
}

#[test]
fn s3_a_migration_is_gated_by_counts_and_taken_back_when_one_is_wrong() {
    for shop in Shop::everywhere() {
        shop.run(&[REASON, "expected=201"]).expect(6);
        assert_eq!(shop.state(), Shop::before(), "{}: as before", shop.engine);
        shop.run(&[REASON, "expected=200"]).expect(0);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}", shop.engine);
        assert_eq!((shop.ask("SELECT count(*) FROM contacts"), shop.ask("SELECT moved FROM releases")), ("200".into(), "200".into()), "{}", shop.engine);
        shop.run(&[REASON]).expect(0);
        assert_eq!(shop.ask("SELECT count(*) FROM contacts"), "200", "{}: nothing is applied twice", shop.engine);
    }
}

#[test]
fn t11_a_release_that_was_written_for_another_engine_asks_nothing_of_the_database() {
    for shop in Shop::everywhere() {
        let other = if shop.engine == "sqlite" { "postgresql" } else { "sqlite" };
        let ran = shop.run(&[REASON, &format!("engine={other}")]).expect(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(&format!("database `shop` is {}, expected {other}", shop.engine)), "{said}");
        assert!(!shop.there("lockstep_migrations"), "{}", shop.engine);
    }
}

#[test]
fn t22_the_password_of_a_database_is_in_nothing_that_is_said_or_kept() {
    for shop in Shop::servers() {
        let password = shop.server.as_ref().unwrap().2.clone();
        shop.run(&[REASON]).expect(0);
        for args in [&["show", "latest", "--all"][..], &["audit", "export", "latest", "--format", "ndjson"], &["plan", "latest"], &["logs", "latest"]] {
            shop.lockstep(args);
        }
        let kept = std::fs::read(shop.place.path().join("store/store.db")).unwrap();
        assert!(!kept.windows(password.len()).any(|window| window == password.as_bytes()), "{}: in the store", shop.engine);
    }
}

#[test]
fn t24_nothing_is_migrated_without_a_backup_that_this_run_has_verified_or_a_reason_that_is_kept() {
    for mut shop in Shop::everywhere() {
        shop.backs_up = false;
        let ran = shop.run(&[]);
        assert!(ran.code != 0, "{}{}", ran.stdout, ran.stderr);
        assert!(!shop.there("contacts") && !shop.there("lockstep_migrations"), "{}: nothing has happened", shop.engine);
        shop.run(&[REASON]).expect(0);
        let journal = shop.lockstep(&["audit", "export", "latest", "--format", "ndjson"]).expect(0).stdout;
        assert!(journal.contains("\"unverified\":\"the table is made of orders, which stay\""), "{}: the reason is kept", shop.engine);
    }
    for shop in Shop::everywhere() {
        shop.run(&[]).expect(0);
        assert!(shop.there("contacts"), "{}", shop.engine);
        let journal = shop.lockstep(&["audit", "export", "latest", "--format", "ndjson"]).expect(0).stdout;
        let first = |what: &str| journal.find(what).unwrap_or_else(|| panic!("{}: no {what}: {journal}", shop.engine));
        assert!(first("\"kind\":\"BackupMade\"") < first("\"kind\":\"BackupVerified\""), "{}", shop.engine);
        assert!(first("\"kind\":\"BackupVerified\"") < first("\"function\":\"migrate-up\""), "{}", shop.engine);
        assert!(!journal.contains("\"unverified\""), "{}", shop.engine);
    }
}

/// Two migrations were there before; the release brings two more, and a script that fails at the last. What was there before stays.
#[test]
fn t13_t25_the_way_back_leads_to_what_was_recorded_and_not_a_number_of_steps_back() {
    for shop in Shop::everywhere() {
        shop.run(&[REASON]).expect(0);
        shop.migration("0003_first.up.sql", "CREATE TABLE one_more (id INTEGER PRIMARY KEY)");
        shop.migration("0003_first.down.sql", "DROP TABLE one_more");
        shop.migration("0004_second.up.sql", "CREATE TABLE two_more (id INTEGER PRIMARY KEY)");
        shop.migration("0004_second.down.sql", "DROP TABLE two_more");
        shop.run(&[REASON, "expected=7"]).expect(6);
        assert!(!shop.there("one_more") && !shop.there("two_more"), "{}: both are taken back", shop.engine);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}: what was there before is there", shop.engine);
        shop.migration("0005_third.up.sql", "INSERT INTO nowhere (id) VALUES (1)");
        shop.run(&[REASON]).expect(6);
        assert!(!shop.there("one_more") && !shop.there("two_more"), "{}: one failed, and two are taken back", shop.engine);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}", shop.engine);
    }
}

#[test]
fn t25_a_way_back_whose_file_is_not_there_is_said_before_anything_is_taken_back() {
    let shop = Shop::sqlite();
    shop.run(&[REASON]).expect(0);
    shop.migration("0003_first.up.sql", "CREATE TABLE one_more (id INTEGER PRIMARY KEY)");
    shop.migration("0004_second.up.sql", "CREATE TABLE two_more (id INTEGER PRIMARY KEY)");
    shop.migration("0004_second.down.sql", "DROP TABLE two_more");
    let ran = shop.run(&[REASON, "expected=7"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code != 0 && said.contains("migration 0003 has no file that goes back"), "{said}");
    assert!(shop.there("one_more") && shop.there("two_more"), "none is taken back when not all can be");
}

#[test]
fn a_migration_that_was_changed_after_it_was_applied_stops_the_release() {
    for shop in Shop::everywhere() {
        shop.run(&[REASON]).expect(0);
        shop.migration("0001_contacts.up.sql", "CREATE TABLE contacts (order_id INTEGER PRIMARY KEY, email VARCHAR(99) NOT NULL)");
        let ran = shop.run(&[REASON]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code != 0 && said.contains("migration 0001 was changed"), "{}: {said}", shop.engine);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}", shop.engine);
    }
}

#[test]
fn a_statement_is_explained_before_it_is_run_and_a_plan_names_the_database() {
    let place = Place::new();
    let grant = case().join("grant.toml").display().to_string();
    let explain = |what: &str| place.lockstep(["grant", "explain", "--env", &grant, what]).expect(0).stdout;
    let reads = explain("db shop SELECT id FROM orders WHERE id = $1");
    assert!(reads.contains("allowed by db.shop") && reads.contains("class read"), "{reads}");
    let changes = explain("db shop DROP TABLE orders");
    assert!(changes.contains("allowed by db.shop") && changes.contains("class at-most-once"), "{changes}");
    let elsewhere = explain("db other SELECT 1");
    assert!(elsewhere.contains("denied") && elsewhere.contains("[db.\"other\"]"), "{elsewhere}");
    let plan = place.lockstep(["plan", &example("database-release").display().to_string(), "--env", &grant]).expect(0).stdout;
    assert!(plan.contains("db allow postgresql shop (read, write, ddl, destructive, backup, verify-backup, restore-over)"), "{plan}");
}

/// Passes everything on until `word` has gone to the server; from then on the client of that connection hears nothing more.
fn deaf_after(port: u16, word: &'static [u8], tell: Sender<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
            let deaf = Arc::new(AtomicBool::new(false));
            let (mut back, mut to, held) = (far.try_clone().unwrap(), near.try_clone().unwrap(), deaf.clone());
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = back.read(&mut buffer) {
                    if !held.load(Ordering::SeqCst) && to.write_all(&buffer[..read]).is_err() {
                        return;
                    }
                }
            });
            let (mut from, mut on, tell) = (near, far, tell.clone());
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    let met = buffer[..read].windows(word.len()).any(|window| window == word);
                    deaf.fetch_or(met, Ordering::SeqCst);
                    if on.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                    if met {
                        let _ = tell.send(());
                    }
                }
                // The server must learn that its client is dead: it would hold its locks for ever.
                let _ = on.shutdown(Shutdown::Both);
            });
        }
    });
    at
}

/// Killed while the server has been told something and has not been heard: nothing is done twice, and nobody has to be asked where the server can tell.
#[test]
fn killed_in_the_middle_of_a_migration_a_run_is_resumed_and_every_row_is_moved_once() {
    for shop in Shop::servers() {
        let own = shop.server.as_ref().unwrap().0;
        for word in [&b"CREATE TABLE contacts"[..], b"INSERT INTO contacts", b"INSERT INTO lockstep_migrations", b"SELECT (SELECT count"] {
            let (tell, told) = channel();
            let port = deaf_after(own, word, tell);
            let args = shop.release(&[REASON]);
            let mut command = shop.command(Some(port), &args.iter().map(String::as_str).collect::<Vec<_>>());
            let mut running = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
            told.recv().unwrap();
            running.kill().unwrap();
            running.wait().unwrap();
            let resumed = shop.lockstep(&["resume", "latest", "--env", "shop.toml"]);
            if resumed.code != 0 {
                // MariaDB commits a CREATE TABLE by itself: an operator looks, writes down what is, and says that the call is to go on.
                let word = String::from_utf8_lossy(word);
                assert!(shop.engine == "mariadb" && word.starts_with("CREATE"), "{}, {word}: {}{}", shop.engine, resumed.stdout, resumed.stderr);
                assert!(format!("{}{}", resumed.stdout, resumed.stderr).contains("lockstep_migrations"), "{}{}", resumed.stdout, resumed.stderr);
                let happened = i32::from(shop.there("contacts"));
                shop.ask(&format!("UPDATE lockstep_migrations SET done = {happened}, under_way = 0 WHERE version = '0001'"));
                shop.lockstep(&["resolve", "latest", "not-done", "--reason", "looked"]).expect(0);
                shop.lockstep(&["resume", "latest", "--env", "shop.toml"]).expect(0);
            }
            assert_eq!((shop.ask("SELECT count(*) FROM contacts"), shop.ask("SELECT moved FROM releases")), ("200".into(), "200".into()), "{}", shop.engine);
            assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}", shop.engine);
            shop.lockstep(&["audit", "verify"]).expect(0);
            shop.ask("DROP TABLE contacts; DROP TABLE lockstep_migrations; DELETE FROM releases");
        }
    }
}
