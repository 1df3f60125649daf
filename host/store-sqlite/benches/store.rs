//! What the store costs on this machine: a durable effect against a bare commit of the same bytes, syncs per effect, verification, group commit.
//!
//! The ratio counts, not the times: both sides are measured in turns, on the same disk.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program of its own that prints a table")]

mod journal;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use journal::Calls;
use lockstep_journal::Blobs;
use lockstep_journal::store::{Batch, Durability, Store};
use lockstep_journal::verify::{VerifyOptions, verify};
use lockstep_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

const EFFECTS: usize = 2_000;
/// Effects and bare commits take turns of so many: an outcome is written while the next intent waits, and its time is counted there.
const TURN: usize = 20;

const RECORDS: usize = 400_000;

/// So many are enough to measure. Among the tests, where nothing is measured, a hundredth shows that the bench runs.
fn enough(many: usize) -> usize {
    if std::env::args().any(|argument| argument == "--bench") { many } else { many / 100 }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["as-effects", dir, count] = arguments[..] {
        return effects(&open(Path::new(dir)), count.parse().unwrap());
    }
    // On the disk of the build, not in a directory that may lie in memory.
    let temporary = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    syncs(temporary.path());
    effect_against_bare_commit(temporary.path());
    syncs_per_effect(temporary.path());
    blobs(temporary.path());
    for writers in [1, 8, 64] {
        group_commit(temporary.path(), writers);
    }
    verification(temporary.path());
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options::default()).unwrap()
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("{what:<58} {value:>24}");
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, String) {
    times.sort_unstable();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    (p50, format!("{} / {} µs", p50.as_micros(), p99.as_micros()))
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn syncs(dir: &Path) {
    let mut file = File::create(dir.join("syncs")).unwrap();
    let sync = |_| {
        file.write_all(&[1; 4096]).unwrap();
        timed(|| file.sync_data().unwrap())
    };
    let (_, times) = percentiles((0..1_000).map(sync).collect());
    row("a sync of 4 KiB of this disk, p50 / p99", times);
}

fn effect_against_bare_commit(dir: &Path) {
    let bare = Connection::open(dir.join("bare.db")).unwrap();
    bare.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE effect (id INTEGER PRIMARY KEY, bytes BLOB);").unwrap();
    let store = open(&dir.join("effects"));
    let mut calls = Calls::begin(&store, 1);
    let (mut commits, mut effects) = (Vec::new(), Vec::new());
    for _ in 0..enough(EFFECTS) / TURN {
        let turn: Vec<_> = (0..TURN).map(|_| calls.effect()).collect();
        for (intent, outcome) in &turn {
            let bytes = [intent.bytes.as_slice(), &outcome.bytes].concat();
            commits.push(timed(|| {
                bare.prepare_cached("INSERT INTO effect (bytes) VALUES (?1)").unwrap().execute([bytes]).unwrap();
            }));
        }
        for (intent, outcome) in turn {
            let (intent, outcome) = (Batch { records: vec![intent], ..Batch::default() }, Batch { records: vec![outcome], ..Batch::default() });
            effects.push(timed(|| {
                store.append(intent, Durability::Durable).unwrap();
                store.append(outcome, Durability::Written).unwrap();
            }));
        }
        // The last outcome is not to be written while bare commits are measured.
        store.head().unwrap();
    }
    let sum = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64();
    let mean = sum(&effects) / sum(&commits);
    let ((bare, bare_times), (effect, effect_times)) = (percentiles(commits), percentiles(effects));
    row("a bare durable commit of an effect's bytes, p50 / p99", bare_times);
    row("a durable effect, intent and outcome, p50 / p99", effect_times);
    row("ratio of the p50s (at most 1.5)", format!("{:.2}", effect.as_secs_f64() / bare.as_secs_f64()));
    row("ratio of the means", format!("{mean:.2}"));
}

fn effects(store: &SqliteStore, count: usize) {
    let mut calls = Calls::begin(store, 1);
    for _ in 0..count {
        let (intent, outcome) = calls.effect();
        store.append(Batch { records: vec![intent], ..Batch::default() }, Durability::Durable).unwrap();
        store.append(Batch { records: vec![outcome], ..Batch::default() }, Durability::Written).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "syncs are counted from outside of the process")]
fn syncs_per_effect(dir: &Path) {
    let count = |effects: usize| {
        let trace = dir.join("trace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o"]).arg(&trace);
        strace.arg(std::env::current_exe().unwrap()).arg("as-effects").arg(dir.join(format!("syncs-{effects}"))).arg(effects.to_string());
        let status = strace.stderr(Stdio::null()).status().ok().filter(std::process::ExitStatus::success)?;
        status.success().then(|| std::fs::read_to_string(trace).unwrap().lines().filter(|line| line.contains("sync(")).count())
    };
    let effects = enough(EFFECTS);
    match (count(0), count(effects)) {
        (Some(none), Some(many)) => {
            let each = f64::from(u32::try_from(many - none).unwrap()) / f64::from(u32::try_from(effects).unwrap());
            row("syncs per effect, writing back the log included", format!("{each:.3}"));
            row("syncs of making, opening and closing a store", none);
        }
        (None, _) | (_, None) => row("syncs per effect", "MISSING: strace"),
    }
}

/// A component's size: what every run reads once, and keeps again.
fn blobs(dir: &Path) {
    const SIZE: usize = 2 << 20;
    let store = open(&dir.join("blobs"));
    let bytes = |number: u8| (0..SIZE).map(|at| (at % 251) as u8 ^ number).collect::<Vec<u8>>();
    let keep = |bytes: Vec<u8>| timed(|| store.append(Batch { blobs: vec![bytes], ..Batch::default() }, Durability::Durable).unwrap());
    let kept = (0..40).map(|number| keep(bytes(number))).collect();
    row("keeping a blob of 2 MiB, p50 / p99", percentiles(kept).1);
    row("keeping it again, p50 / p99", percentiles((0..40).map(|_| keep(bytes(7))).collect()).1);
    let digest = lockstep_model::Digest::of(&bytes(7));
    let read = (0..40).map(|_| timed(|| assert_eq!(store.blob(digest).unwrap().unwrap().len(), SIZE))).collect();
    row("reading it, p50 / p99", percentiles(read).1);
    row("of which hashing", percentiles((0..40).map(|_| timed(|| assert_eq!(lockstep_model::Digest::of(&bytes(7)), digest))).collect()).1);
}

fn group_commit(dir: &Path, writers: u64) {
    let each = enough(300);
    let store = open(&dir.join(format!("writers-{writers}")));
    let time = timed(|| {
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let store = &store;
                scope.spawn(move || {
                    let mut calls = Calls::begin(store, writer);
                    for _ in 0..each {
                        let (intent, outcome) = calls.effect();
                        store.append(Batch { records: vec![intent], ..Batch::default() }, Durability::Durable).unwrap();
                        store.append(Batch { records: vec![outcome], ..Batch::default() }, Durability::Written).unwrap();
                    }
                });
            }
        });
    });
    let effects = f64::from(u32::try_from(writers).unwrap()) * f64::from(u32::try_from(each).unwrap());
    row(&format!("effects a second of {writers} runs at once"), format!("{:.0}", effects / time.as_secs_f64()));
}

fn verification(dir: &Path) {
    let store = open(&dir.join("records"));
    let (mut number, mut bytes) = (0, 0);
    for run in 0.. {
        if number >= enough(RECORDS) {
            break;
        }
        let mut calls = Calls::begin(&store, run);
        let records: Vec<_> = (0..250).map(|_| calls.effect()).flat_map(|(intent, outcome)| [intent, outcome]).collect();
        number += records.len();
        bytes += records.iter().map(|record| record.bytes.len()).sum::<usize>();
        let durability = if run % 8 == 0 { Durability::Durable } else { Durability::Written };
        store.append(Batch { records, checkpoint: run % 4 == 0, ..Batch::default() }, durability).unwrap();
    }
    row("bytes of a record, mean", bytes / number);
    for (what, fold) in [("hashes, chains, ledger, checkpoints", false), ("the same and every run's state", true)] {
        let mut rates = Vec::new();
        for _ in 0..5 {
            let mut checked = 0;
            let time = timed(|| {
                let report = verify(&store, VerifyOptions { fold, ..VerifyOptions::default() }).unwrap();
                assert!(report.is_sound(), "{:?}", report.findings);
                checked = report.records;
            });
            rates.push(f64::from(u32::try_from(checked).unwrap()) / time.as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        row(&format!("records verified a second: {what}"), format!("{:.0}", rates[2]));
    }
}
