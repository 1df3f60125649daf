//! Killed in the middle of a backup, of its trial and of its way back: the run is resumed, nothing is lost, and nothing half done is left.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::Shop;

/// More than any answer but that of a dump, enough for an artifact that is a file, and less than the ballast.
const MIDDLE: usize = 4 << 20;

/// Which way a connection is held up once as many bytes as [`MIDDLE`] have gone it.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

/// A proxy that holds the `nth` connection to come to its middle, and all after it, until it is let go.
struct Held {
    port: u16,
    told: Receiver<()>,
    go_on: Arc<(Mutex<bool>, Condvar)>,
}

impl Held {
    fn before(port: u16, way: Way, nth: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().port();
        let ((tell, told), go_on, come) = (channel(), Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicUsize::new(0)));
        let (held, all) = (Arc::clone(&go_on), come);
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
                for (from, to, holds) in [(&near, &far, way == Way::Up), (&far, &near, way == Way::Down)] {
                    let ends = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (tell, held, all): (Sender<()>, _, _) = (tell.clone(), Arc::clone(&held), Arc::clone(&all));
                    thread::spawn(move || {
                        pass(ends, || {
                            if holds && all.fetch_add(1, Ordering::SeqCst) + 1 >= nth {
                                let _ = tell.send(());
                                drop(held.1.wait_while(held.0.lock().unwrap(), |go_on| !*go_on).unwrap());
                            }
                        });
                    });
                }
            }
        });
        Self { port: at, told, go_on }
    }

    /// What was held up passes, and so does everything after it.
    fn let_go(&self) {
        *self.go_on.0.lock().unwrap() = true;
        self.go_on.1.notify_all();
    }
}

/// Passes bytes on until one end is closed; `middle` is called once, before the piece in which the middle lies.
fn pass((mut from, mut to): (TcpStream, TcpStream), middle: impl FnOnce()) {
    let (mut buffer, mut passed, mut middle) = (vec![0; 1 << 16], 0, Some(middle));
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        passed += read;
        if passed > MIDDLE
            && let Some(middle) = middle.take()
        {
            middle();
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
}

impl Shop {
    /// Several megabytes in a table of which only this test knows.
    fn ballasted(self) -> (Self, String) {
        let table = format!("ballast_{}", self.database.trim_end_matches(".db"));
        let rows = match self.engine {
            // What its archives do not make much smaller.
            "postgresql" => "SELECT i, (SELECT string_agg(md5((i * 11 + j)::text), '') FROM generate_series(1, 10) j) FROM generate_series(1, 30000) i",
            "mariadb" => "SELECT seq, REPEAT(MD5(seq), 10) FROM seq_1_to_30000",
            _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i, hex(randomblob(150)) FROM n",
        };
        self.ask(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, label VARCHAR(400)); INSERT INTO {table} (id, label) {rows}"));
        (self, table)
    }

    /// The scratch database in which this table is, or is being filled.
    fn scratch(&self, table: &str) -> String {
        if self.engine == "postgresql" {
            return self.ask(&format!("SELECT datname FROM pg_stat_activity WHERE datname LIKE 'lockstep_scratch_%' AND query LIKE '%{table}%'"));
        }
        self.ask(&format!("SELECT table_schema FROM information_schema.tables WHERE table_name = '{table}' AND table_schema LIKE 'lockstep_scratch_%'"))
    }

    fn is_database(&self, name: &str) -> bool {
        let from = if self.engine == "postgresql" { "pg_database WHERE datname" } else { "information_schema.schemata WHERE schema_name" };
        self.ask(&format!("SELECT count(*) FROM {from} = '{name}'")) == "1"
    }

    fn start(&self, port: Option<u16>, more: &[&str]) -> Child {
        let args = self.release(more);
        let mut command = self.command(port, &args.iter().map(String::as_str).collect::<Vec<_>>());
        command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Files below the store whose names end so, as long as they say.
    fn parts(&self) -> Vec<(PathBuf, u64)> {
        files(&self.place.path().join("store")).into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "part")).collect()
    }

    /// A release that was killed and resumed has ended as one that was not, and left nothing.
    fn ended(&self, table: &str, rows: &str, state: &(bool, String, String)) {
        assert_eq!(self.state(), *state, "{}", self.engine);
        assert_eq!(self.ask(&format!("SELECT count(*) FROM {table}")), rows, "{}", self.engine);
        assert_eq!(self.ask("SELECT count(*) FROM orders"), "300", "{}", self.engine);
        assert!(!self.there("lockstep_restore"), "{}", self.engine);
        assert!(self.parts().is_empty(), "{}: {:?}", self.engine, self.parts());
        let artifacts = self.lockstep(&["artifacts", "ls", "latest", "--json"]).expect(0).stdout;
        assert_eq!(artifacts.matches("before-release").count(), 1, "{}: {artifacts}", self.engine);
        self.lockstep(&["artifacts", "verify", "latest"]).expect(0);
        self.lockstep(&["audit", "verify"]).expect(0);
    }
}

fn files(folder: &std::path::Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path, entry.metadata().map_or(0, |metadata| metadata.len())));
        }
    }
    found
}

fn released() -> (bool, String, String) {
    (true, "2".to_owned(), "1".to_owned())
}

#[test]
fn killed_in_the_middle_of_a_backup_a_run_is_resumed_with_a_whole_one() {
    for shop in Shop::servers() {
        let (shop, table) = shop.ballasted();
        let held = Held::before(shop.server.as_ref().unwrap().0, Way::Down, 1);
        let mut running = shop.start(Some(held.port), &[]);
        held.told.recv().unwrap();
        while shop.parts().is_empty() {
            assert!(running.try_wait().unwrap().is_none(), "{}: it has ended", shop.engine);
            thread::yield_now();
        }
        running.kill().unwrap();
        running.wait().unwrap();
        held.let_go();
        assert!(!shop.parts().is_empty() && !shop.there("contacts"), "{}: half a backup is what the crash has left", shop.engine);
        shop.lockstep(&["resume", "latest", "--env", "shop.toml"]).expect(0);
        shop.ended(&table, "30000", &released());
    }
}

#[test]
fn killed_in_the_middle_of_a_trial_a_run_is_resumed_and_no_scratch_database_is_left() {
    for shop in Shop::servers() {
        let (shop, table) = shop.ballasted();
        let held = Held::before(shop.server.as_ref().unwrap().0, Way::Up, 1);
        let mut running = shop.start(Some(held.port), &[]);
        held.told.recv().unwrap();
        let scratch = shop.scratch(&table);
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(shop.is_database(&scratch), "{}: `{scratch}` is what the crash has left", shop.engine);
        held.let_go();
        shop.lockstep(&["resume", "latest", "--env", "shop.toml"]).expect(0);
        assert!(!shop.is_database(&scratch), "{}: `{scratch}` is left", shop.engine);
        shop.ended(&table, "30000", &released());
    }
}

/// Whatever has been put back by then: PostgreSQL takes it back, MariaDB begins anew.
#[test]
fn killed_in_the_middle_of_a_restore_a_run_is_resumed_and_has_what_the_backup_has() {
    for shop in Shop::servers() {
        let (shop, table) = shop.ballasted();
        // The first is the trial.
        let held = Held::before(shop.server.as_ref().unwrap().0, Way::Up, 2);
        let mut running = shop.start(Some(held.port), &["way-back=backup", "expected=7"]);
        held.told.recv().unwrap();
        running.kill().unwrap();
        running.wait().unwrap();
        held.let_go();
        shop.lockstep(&["resume", "latest", "--env", "shop.toml"]).expect(6);
        shop.ended(&table, "30000", &Shop::before());
    }
}

/// SQLite's own files say how far it has come.
#[test]
fn killed_in_the_middle_with_sqlite_nothing_is_lost_and_nothing_is_left_beside_the_file() {
    /// So much of the file has been written.
    const SOME: u64 = 4 << 20;
    for (what, more, code, state) in [
        ("copy", &[][..], 0, released()),
        ("artifact", &[][..], 0, released()),
        ("trial", &[][..], 0, released()),
        ("restore", &["way-back=backup", "expected=7"][..], 6, Shop::before()),
    ] {
        let (shop, table) = Shop::sqlite().ballasted();
        let scratch = || files(shop.place.path()).into_iter().any(|(path, length)| path.to_string_lossy().contains(".lockstep_scratch_") && length > SOME);
        let begun = |name: &str| std::fs::metadata(shop.place.path().join(name)).is_ok_and(|file| file.len() > SOME);
        let mut running = shop.start(None, more);
        let mut await_that = |reached: &dyn Fn() -> bool| {
            while !reached() {
                assert!(running.try_wait().unwrap().is_none(), "{what}: it has ended");
                thread::yield_now();
            }
        };
        let part = || shop.parts().iter().any(|(_, length)| *length > SOME);
        match what {
            "copy" => await_that(&scratch),
            "artifact" => await_that(&part),
            "trial" => {
                await_that(&part);
                await_that(&|| !part() && scratch());
            }
            _ => await_that(&|| begun("shop.db-journal")),
        }
        running.kill().unwrap();
        running.wait().unwrap();
        match what {
            "artifact" => assert!(part(), "it was not in the middle of it"),
            "restore" => assert!(begun("shop.db-journal"), "it was not in the middle of it"),
            _ => assert!(scratch(), "{what}: it was not in the middle of it"),
        }
        shop.lockstep(&["resume", "latest", "--env", "shop.toml"]).expect(code);
        let left: Vec<_> = files(shop.place.path()).into_iter().map(|(path, _)| path).filter(|path| path.to_string_lossy().contains("scratch")).collect();
        assert!(left.is_empty(), "{what}: {left:?}");
        shop.ended(&table, "200000", &state);
    }
}
