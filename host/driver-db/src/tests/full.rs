//! A disk that is really full: a small one in memory, on which a server of the test's own has a table, in a namespace of mounts of its own.
//!
//! Of PostgreSQL alone: MariaDB ends itself when it finds no room to roll back in (`Out of disk space in rollback`), which is a broken connection for a call.

#![expect(clippy::disallowed_methods, reason = "a server of the test's own is started by the script that starts all of them")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use lockstep_driver_shell::ShellDriver;
use lockstep_engine::{House, resume, start};
use lockstep_gate::{Drivers, SecretSource};
use lockstep_grant::{Grant, SecretRule};
use lockstep_model::plan::OnFailure;
use lockstep_model::request::{DbAsk, DbRequest};
use lockstep_model::{RunOutcome, Secret};
use lockstep_store_sqlite::{Options, SqliteStore};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, resume_of, start_of};
use tempfile::TempDir;

use super::place::{Place, sql};
use crate::DbDriver;

/// A PostgreSQL of the test's own, and a folder `small` that has 12 MiB of room as far as it can see.
struct Own {
    folder: TempDir,
    url: String,
}

impl Own {
    /// None where there is no PostgreSQL or no such namespace. It runs as a user of another number, since it refuses root.
    fn start() -> Option<Self> {
        lockstep_faults::server("POSTGRES")?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("small")).unwrap();
        let other = "unshare --user --map-user=65534 --map-group=65534";
        if !enter(&folder, &format!("mount -t tmpfs -o size=64k tmpfs small && {other} true")).status.success() {
            lockstep_faults::missing("mount namespaces (unshare --user --mount, util-linux 2.38): a server on a full disk");
            return None;
        }
        let up = enter(&folder, &format!("mount -t tmpfs -o size=12m,mode=700 tmpfs small && exec {other} \"$SERVERS\" up postgres"));
        let said = String::from_utf8(up.stdout).unwrap();
        let url = said.lines().find_map(|line| line.strip_prefix("LOCKSTEP_TEST_POSTGRES="));
        let url = url.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&up.stderr))).to_owned();
        Some(Self { folder, url })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let down = servers(&mut Command::new("sh"), &self.folder).args(["-ec", "\"$SERVERS\" down postgres"]).output();
        assert!(down.is_ok_and(|down| down.status.success()) || std::thread::panicking(), "the server is still there");
    }
}

fn servers<'a>(command: &'a mut Command, folder: &TempDir) -> &'a mut Command {
    let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/servers"));
    command.current_dir(folder.path()).env("SERVERS", script).env("LOCKSTEP_SERVERS", folder.path().join("running"))
}

fn enter(folder: &TempDir, script: &str) -> Output {
    servers(&mut Command::new("unshare"), folder).args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]).output().unwrap()
}

struct Password(String);

impl SecretSource for Password {
    fn value(&self, _: &SecretRule, _: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        Ok(Some(Secret::new(self.0.clone().into_bytes())))
    }
}

#[test]
fn a_server_whose_disk_is_full_keeps_nothing_of_a_call_and_the_run_goes_on_once_there_is_room() {
    let Some(own) = Own::start() else { return };
    let place = Place::server_of("postgresql", &own.url);
    place.server(&format!("CREATE TABLESPACE small LOCATION '{}'", own.folder.path().join("small").display()));
    place.server("CREATE TABLE ballast (label TEXT) TABLESPACE small");
    place.server("INSERT INTO ballast SELECT repeat('x', 1000) FROM generate_series(1, 8000)");
    place.server("CREATE TABLE t (label TEXT) TABLESPACE small");

    let insert = sql("INSERT INTO t (label) SELECT repeat('x', 1000) FROM generate_series(1, 4000)");
    let request = DbRequest { database: "main".to_owned(), ask: DbAsk::Execute(insert) };
    let failed: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&failed);
    let work =
        move |gate: &lockstep_gate::Gate| ask(gate, request.clone()).map(drop).inspect_err(|failure| kept.lock().unwrap().push(failure.code().to_owned()));
    let script = Script::default().imports(&["db"]).step("work", work, |_| Ok(())).with(|step| step.on_failure = OnFailure::Pause);
    let (script, grant) = (Arc::new(script), grant(&format!("{}functions = [\"repeat\", \"generate_series\"]\n", place.grant)));
    let store = Arc::new(SqliteStore::open(&own.folder.path().join("store"), Options::default()).unwrap());
    let db = Arc::new(DbDriver::new(Arc::new(ShellDriver::new())));
    let fakes = FakeDrivers::default();
    let house = House { drivers: Drivers { db, ..fakes.drivers() }, secrets: Arc::new(Password(place.password.clone())), ..house(store, &fakes) };

    let report = start(&house, start_of(script.clone(), Arc::clone(&grant))).unwrap();
    assert_eq!((report.outcome, failed.lock().unwrap().as_slice()), (RunOutcome::Paused, ["db.full".to_owned()].as_slice()));
    assert_eq!(place.asked("SELECT count(*) FROM t"), "0");
    // Still full: the second try fails like the first.
    let report = resume(&house, resume_of(report.run, script.clone(), Arc::clone(&grant))).unwrap();
    assert_eq!((report.outcome, failed.lock().unwrap().len()), (RunOutcome::Paused, 2));
    // An operator makes room.
    place.server("DROP TABLE ballast");
    let report = resume(&house, resume_of(report.run, script, grant)).unwrap();
    assert_eq!((report.outcome, place.asked("SELECT count(*) FROM t").as_str()), (RunOutcome::Succeeded, "4000"));
}
