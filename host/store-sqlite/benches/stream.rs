//! What it costs to keep a file as an artifact and to place it again, beside `cp` of the same file: each until it is durable, on the same disk, in turns.
//!
//! The ratio counts. As a test it only shows that it works, with little.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a program of its own that prints a table, and starts `cp`")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lockstep_journal::Blobs;
use lockstep_journal::blobs::{Behind, pump};
use lockstep_model::Digest;
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

/// Measured so often, in turns: the best of each counts, since whatever else the machine does only makes it slower.
const TURNS: u64 = 5;

fn main() {
    let megabytes = if std::env::args().any(|argument| argument == "--bench") { 512 } else { 3 };
    // On the disk of the build, not in a directory that may lie in memory.
    let temporary = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (source, target) = (temporary.path().join("source"), temporary.path().join("target"));
    written(&source, megabytes);
    let (mut copied, mut kept, mut placed) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..TURNS {
        copied = copied.min(timed(|| copy(&source, &target)));
        fs::remove_file(&target).unwrap();
        // A store of its own each time: what one has already it does not keep once more.
        let dir = temporary.path().join("store");
        let (store, mut digest) = (SqliteStore::open(&dir, Options::default()).unwrap(), Digest::ZERO);
        kept = kept.min(timed(|| digest = keep(&store, &source)));
        placed = placed.min(timed(|| place(&store, digest, &target)));
        assert_eq!(fs::metadata(&target).unwrap().len(), megabytes << 20);
        drop(store);
        fs::remove_file(&target).unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }
    let speed = |time: Duration| ((megabytes << 20) as f64 / 1e6 / time.as_secs_f64()).round();
    println!("`cp` of {megabytes} MiB and a sync             {:>10} MB/s", speed(copied));
    for (what, time) in [("a file kept as an artifact", kept), ("an artifact placed as a file", placed)] {
        println!("{what:<38} {:>10} MB/s   {:.2} of `cp`", speed(time), copied.as_secs_f64() / time.as_secs_f64());
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn written(path: &Path, megabytes: u64) {
    let mut file = File::create(path).unwrap();
    for number in 0..megabytes {
        let words = (number * 131_072..(number + 1) * 131_072).flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        file.write_all(&words.collect::<Vec<u8>>()).unwrap();
    }
    file.sync_all().unwrap();
}

fn copy(source: &Path, target: &Path) {
    assert!(Command::new("cp").arg("--reflink=never").args([source, target]).status().unwrap().success());
    File::open(target).unwrap().sync_all().unwrap();
}

fn keep(store: &SqliteStore, source: &Path) -> Digest {
    let mut draft = store.draft().unwrap();
    pump(&mut File::open(source).unwrap(), |piece| draft.write_all(piece)).unwrap().unwrap();
    draft.finish().unwrap().digest
}

fn place(store: &SqliteStore, digest: Digest, target: &Path) {
    let (mut reader, mut file) = (store.open_blob(digest).unwrap().unwrap(), File::create(target).unwrap());
    let mut behind = Behind::new(file.try_clone().unwrap());
    pump(&mut reader, |piece| file.write_all(piece).and_then(|()| behind.wrote(piece.len()))).unwrap().unwrap();
    behind.finish().and_then(|()| file.sync_all()).unwrap();
}
