//! What only whole processes can show: how many syncs an effect costs, what SIGKILL leaves, what another user can read.
//!
//! The program starts itself again as the process that is watched, killed or given another user.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test program of its own")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use lockstep_journal::lease::{LASTS, LeaseAsk, LeaseEnd, LeaseUse};
use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{VerifyOptions, verify};
use lockstep_model::{RunId, Timestamp};
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

/// Fewer commits than make a quiet moment worth writing back the log: no other syncs come between.
const EFFECTS: usize = 30;

/// Every sync fails while a file says so, as with a disk that has lost what it was given: it tells of that once, and the sync after that goes well.
const FAILING_DISK: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void) {
    const char *fault = getenv("LOCKSTEP_TEST_FAULT");
    char met[4096];
    if (fault == NULL || access(fault, F_OK) != 0)
        return 0;
    snprintf(met, sizeof met, "%s.met", fault);
    close(open(met, O_CREAT | O_WRONLY, 0600));
    errno = EIO;
    return 1;
}

int fsync(int file) { return fails() ? -1 : (int)syscall(SYS_fsync, file); }
int fdatasync(int file) { return fails() ? -1 : (int)syscall(SYS_fdatasync, file); }
"#;

/// One commit fewer than make a quiet moment worth writing back the log.
const NEARLY_WORTH_IT: usize = 63;

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

/// None: it cannot be shown here, and why.
type Shown = Option<&'static str>;

type Test = (&'static str, fn() -> Shown);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["as-effects", dir, count] => effects(Path::new(dir), count.parse().unwrap()),
        ["as-writer", dir] => write_and_wait(Path::new(dir)),
        ["as-reader", dir] => read(Path::new(dir)),
        ["as-holder", dir] => hold(Path::new(dir)),
        ["as-unlucky", dir, fault, when] => meet_a_failing_disk(Path::new(dir), Path::new(fault), when),
        _ => return run_tests(),
    }
    ExitCode::SUCCESS
}

fn run_tests() -> ExitCode {
    let tests: [Test; 6] = [
        ("an_effect_costs_one_sync", an_effect_costs_one_sync),
        ("written_records_survive_sigkill", written_records_survive_sigkill),
        ("another_user_can_read_what_is_readable", another_user_can_read_what_is_readable),
        ("the_run_of_a_killed_process_is_taken_over_at_once", the_run_of_a_killed_process_is_taken_over_at_once),
        ("a_process_that_wakes_up_late_writes_nothing", a_process_that_wakes_up_late_writes_nothing),
        (
            "a_sync_that_fails_while_nobody_waits_is_told_and_nothing_is_written_until_the_store_is_opened_again",
            a_sync_that_fails_while_nobody_waits_is_told_and_nothing_is_written_until_the_store_is_opened_again,
        ),
    ];
    let mut missing = 0;
    for (name, test) in tests {
        // A failure panics and ends the program with an error.
        match test() {
            None => println!("test {name} ... ok"),
            Some(what) => {
                println!("test {name} ... MISSING: {what}");
                missing += 1;
            }
        }
    }
    println!("\ntest result: ok. {} passed; 0 failed; {missing} missing", tests.len() - missing);
    ExitCode::SUCCESS
}

#[expect(clippy::disallowed_methods, reason = "this test is about processes")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

fn this_program() -> Command {
    command(&std::env::current_exe().unwrap())
}

fn an_effect_costs_one_sync() -> Shown {
    let temporary = TempDir::new().unwrap();
    let syncs = |effects: usize| {
        let (trace, dir) = (temporary.path().join(format!("trace-{effects}")), temporary.path().join(format!("store-{effects}")));
        let mut strace = command(Path::new("strace"));
        strace.args(["-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o"]).arg(&trace);
        strace.arg(std::env::current_exe().unwrap()).arg("as-effects").arg(dir).arg(effects.to_string());
        let status = strace.stderr(Stdio::null()).status().ok()?;
        assert!(status.success());
        Some(fs::read_to_string(trace).unwrap().lines().filter(|line| line.contains("sync(")).count())
    };
    let (Some(none), Some(many)) = (syncs(0), syncs(EFFECTS)) else { return Some("strace, to count syncs") };
    assert_eq!(many - none, EFFECTS, "syncs of {EFFECTS} effects; making and closing a store takes {none}");
    None
}

fn effects(dir: &Path, count: usize) {
    let store = SqliteStore::open(dir, Options::default()).unwrap();
    let mut chain = Chain::of_run(1);
    let lease = store.take_lease(&ask(chain.run(), taken())).unwrap().unwrap();
    for _ in 0..count {
        for durability in [Durability::Durable, Durability::Written] {
            let used = Some(LeaseUse { lease: lease.clone(), end: LeaseEnd::Kept });
            store.append(Batch { lease: used, ..chain.batch(1) }, durability).unwrap();
        }
    }
}

fn written_records_survive_sigkill() -> Shown {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    for round in 1..=5 {
        let mut child = this_program().arg("as-writer").arg(&dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "written\n");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(dir.join("store.db-wal").exists(), "it had no time to clean up");
        let store = SqliteStore::open(&dir, Options::default()).unwrap();
        let report = verify(&store, VerifyOptions::default()).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        assert_eq!(report.records, round * 20);
    }
    None
}

/// Writes without waiting for a disk, says so once it is done, and waits for its end.
fn write_and_wait(dir: &Path) {
    let store = SqliteStore::open(dir, Options::default()).unwrap();
    let runs = store.runs().unwrap().len();
    let mut chain = Chain::of_run(u64::try_from(runs).unwrap());
    for _ in 0..20 {
        store.append(chain.batch(1), Durability::Written).unwrap();
    }
    assert_eq!(store.records(chain.run()).unwrap().len(), 20);
    println!("written");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

fn another_user_can_read_what_is_readable() -> Shown {
    let temporary = TempDir::new().unwrap();
    if fs::metadata(temporary.path()).unwrap().uid() != 0 {
        return Some("root, to become another user");
    }
    let dir = temporary.path().join("store");
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    let mut chain = Chain::of_run(1);
    store.append(chain.batch(3), Durability::Durable).unwrap();
    // While the writer is there, after a crash without and with the log's index, and closed.
    assert_eq!(read_as_nobody(temporary.path(), &dir), "3 records, sound\n");
    for (name, files) in [("log", ["store.db", "store.db-wal"].as_slice()), ("index", &["store.db", "store.db-wal", "store.db-shm"])] {
        let copy = temporary.path().join(name);
        fs::create_dir(&copy).unwrap();
        for file in files {
            fs::copy(dir.join(file), copy.join(file)).unwrap();
        }
        assert_eq!(read_as_nobody(temporary.path(), &copy), "3 records, sound\n", "{name}");
        assert_eq!(fs::read_dir(&copy).unwrap().count(), files.len());
    }
    drop(store);
    assert_eq!(read_as_nobody(temporary.path(), &dir), "3 records, sound\n");
    None
}

/// The other user may look into the directory and read the database, not the key.
fn read_as_nobody(temporary: &Path, dir: &Path) -> String {
    for open in [temporary, dir] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for file in fs::read_dir(dir).unwrap().map(Result::unwrap).filter(|file| file.file_name() != "key") {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    // A copy, because this program lies where only its owner may look.
    let program = temporary.join("program");
    if !program.exists() {
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    }
    let output = command(&program).arg("as-reader").arg(dir).current_dir("/").uid(NOBODY).gid(NOBODY).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn read(dir: &Path) {
    let store = SqliteStore::open(dir, Options { create: false, read_only: true, max_bytes: None }).unwrap();
    assert!(store.append(Batch::default(), Durability::Durable).is_err());
    assert!(store.open_secret(Chain::of_run(1).run(), "token", &[0; 64]).is_err());
    let report = verify(&store, VerifyOptions::default()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    println!("{} records, sound", report.records);
}

/// When the lease is taken, in every process: no test waits for a clock.
fn taken() -> Timestamp {
    Timestamp::from_microseconds(0)
}

fn ask(run: RunId, now: Timestamp) -> LeaseAsk {
    LeaseAsk { environment: "production".into(), run, holder: "mia".into(), reason: "deploy".into(), now, force: false }
}

/// Takes a lease and writes under it, says so, and writes once more when it is told to.
fn hold(dir: &Path) {
    let store = SqliteStore::open(dir, Options::default()).unwrap();
    let mut chain = Chain::of_run(1);
    let lease = store.take_lease(&ask(chain.run(), taken())).unwrap().unwrap();
    let mut write = || {
        let used = Some(LeaseUse { lease: lease.clone(), end: LeaseEnd::Kept });
        store.append(Batch { lease: used, ..chain.batch(1) }, Durability::Durable)
    };
    write().unwrap();
    println!("held");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    println!("{}", write().map_or_else(|error| error.to_string(), |()| "written".to_owned()));
}

/// A process that holds the lease, and what it says from now on.
fn holding(dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = this_program().arg("as-holder").arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    (child, said)
}

fn the_run_of_a_killed_process_is_taken_over_at_once() -> Shown {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let (mut child, _) = holding(&dir);
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    let run = Chain::of_run(1).run();
    let refused = store.take_lease(&ask(run, taken())).unwrap().unwrap_err();
    assert!(refused.process.unwrap().starts_with(&format!("{}-", child.id())));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.take_lease(&ask(run, taken())).unwrap().unwrap().token, 2);
    None
}

fn a_process_that_wakes_up_late_writes_nothing() -> Shown {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let (mut child, mut said) = holding(&dir);
    let signal = |name: &str| command(Path::new("kill")).args([name, &child.id().to_string()]).status().ok();
    if signal("-STOP").is_none_or(|status| !status.success()) {
        return Some("kill, to stop a process");
    }
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    let run = Chain::of_run(1).run();
    let almost = Timestamp::from_microseconds(taken().after(LASTS).microseconds() - 1);
    assert!(store.take_lease(&ask(run, almost)).unwrap().is_err(), "it lives, and its heartbeat is not too old");
    let token = store.take_lease(&ask(run, taken().after(LASTS))).unwrap().unwrap().token;
    signal("-CONT").unwrap();
    child.stdin.take().unwrap().write_all(b"!").unwrap();
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("has lost the lease of `production`"), "{line}");
    assert!(child.wait().unwrap().success());
    assert_eq!((token, store.records(run).unwrap().len()), (2, 1));
    None
}

/// In a quiet moment, and by a commit that is not synced and fills the log: both write it back to the database, and nobody waits for that sync.
fn a_sync_that_fails_while_nobody_waits_is_told_and_nothing_is_written_until_the_store_is_opened_again() -> Shown {
    let temporary = TempDir::new().unwrap();
    let library = temporary.path().join("failing-disk.so");
    let mut compiler = command(Path::new("cc"));
    compiler.args(["-shared", "-fPIC", "-x", "c", "-", "-o"]).arg(&library).stdin(Stdio::piped());
    let Ok(mut compiling) = compiler.spawn() else { return Some("cc, to make a disk that fails") };
    compiling.stdin.take().unwrap().write_all(FAILING_DISK.as_bytes()).unwrap();
    assert!(compiling.wait().unwrap().success());
    for (when, kept) in [("quiet", NEARLY_WORTH_IT + 1), ("large", NEARLY_WORTH_IT + 6)] {
        let (dir, fault) = (temporary.path().join(when), temporary.path().join(format!("{when}-fault")));
        let mut unlucky = this_program();
        unlucky.arg("as-unlucky").args([&dir, &fault]).arg(when).env("LD_PRELOAD", &library).env("LOCKSTEP_TEST_FAULT", &fault);
        let said = unlucky.output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8(said.stdout).unwrap();
        // The first of them before the disk fails, with nobody waiting for it.
        assert_eq!(said, "kept\nmedium\nmedium\n", "{when}");
        let store = SqliteStore::open(&dir, Options::default()).unwrap();
        let run = Chain::of_run(1).batch(1).records[0].record.run;
        assert_eq!(store.records(run).unwrap().len(), kept, "{when}: nothing was written after that");
        store.append(Chain::of_run(2).batch(1), Durability::Durable).unwrap();
        assert!(verify(&store, VerifyOptions::default()).unwrap().is_sound(), "{when}");
    }
    None
}

/// The disk fails once it holds most of what it is to hold, and is well again before anybody asks.
fn meet_a_failing_disk(dir: &Path, fault: &Path, when: &str) {
    let store = SqliteStore::open(dir, Options::default()).unwrap();
    let mut chain = Chain::of_run(1);
    for _ in 0..NEARLY_WORTH_IT {
        store.append(chain.batch(1), Durability::Durable).unwrap();
    }
    fs::write(fault, "").unwrap();
    let last = match when {
        "large" => Batch { records: (0..6).map(|_| chain.record(500_000)).collect(), ..Batch::default() },
        _ => chain.batch(1),
    };
    let ask = |batch: Batch, durability: Durability| {
        println!(
            "{}",
            match store.append(batch, durability) {
                Ok(()) => "kept",
                Err(StoreError::Medium(_)) => "medium",
                Err(_) => "other",
            }
        );
    };
    ask(last, Durability::Written);
    while !fault.with_file_name(format!("{when}-fault.met")).exists() {
        std::thread::yield_now();
    }
    fs::remove_file(fault).unwrap();
    for _ in 0..2 {
        ask(chain.batch(1), Durability::Durable);
    }
}
