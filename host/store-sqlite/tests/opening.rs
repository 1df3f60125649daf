//! Stores that cannot be opened, or not as asked: each says why, and nothing is made or changed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_journal::Blobs;
use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{VerifyOptions, verify};
use lockstep_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

const READ_ONLY: Options = Options { create: false, read_only: true, max_bytes: None };

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options::default()).unwrap()
}

fn error(dir: &Path, options: Options) -> StoreError {
    SqliteStore::open(dir, options).unwrap_err()
}

/// A store with three records, closed.
fn three_records() -> (TempDir, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("deep/store");
    open(&dir).append(Chain::of_run(1).batch(3), Durability::Durable).unwrap();
    (temporary, dir)
}

fn database(dir: &Path) -> Connection {
    Connection::open(dir.join("store.db")).unwrap()
}

/// Names and modes of the files, sorted.
fn files(dir: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)).collect();
    files.sort();
    files
}

#[test]
fn a_store_belongs_to_its_owner_alone() {
    let (_temporary, dir) = three_records();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(files(&dir), [("key".to_owned(), 0o600), ("store.db".to_owned(), 0o600)], "nothing else is left behind");
    let store = open(&dir);
    store.append(Chain::of_run(2).batch(1), Durability::Durable).unwrap();
    assert!(files(&dir).iter().all(|(_, mode)| *mode == 0o600), "{:?}", files(&dir));
}

#[test]
fn a_missing_store_is_not_made_unless_asked_for() {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    for options in [READ_ONLY, Options { create: false, ..Options::default() }] {
        assert!(matches!(error(&dir, options), StoreError::Missing(path) if path.ends_with("store")));
        assert!(!dir.exists());
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (_temporary, dir) = three_records();
    fs::set_permissions(dir.join("key"), fs::Permissions::from_mode(0o640)).unwrap();
    let error = error(&dir, Options::default());
    assert!(matches!(error, StoreError::Exposed { mode: 0o640, .. }));
    assert!(error.to_string().ends_with("has mode 640: others than its owner can read or write it"), "{error}");
}

#[test]
fn a_lost_or_foreign_or_broken_key_is_no_key() {
    let (_temporary, dir) = three_records();
    let (_other, other) = three_records();
    let words = |dir: &Path| error(dir, Options::default()).to_string();
    let key = fs::read(dir.join("key")).unwrap();
    fs::remove_file(dir.join("key")).unwrap();
    assert!(words(&dir).contains("is gone"), "{}", words(&dir));
    assert!(!dir.join("key").exists());
    fs::copy(other.join("key"), dir.join("key")).unwrap();
    assert!(words(&dir).contains("of another store"), "{}", words(&dir));
    fs::write(dir.join("key"), &key[..key.len() - 9]).unwrap();
    assert!(words(&dir).contains("is not a key file"), "{}", words(&dir));
    fs::write(dir.join("key"), key).unwrap();
    open(&dir);
}

#[test]
fn a_newer_store_is_left_alone() {
    let (_temporary, dir) = three_records();
    database(&dir).execute_batch("PRAGMA user_version = 7").unwrap();
    let before = fs::read(dir.join("store.db")).unwrap();
    for options in [Options::default(), READ_ONLY] {
        assert!(matches!(error(&dir, options), StoreError::NewerFormat { found: 7, known: 1 }));
    }
    assert_eq!(fs::read(dir.join("store.db")).unwrap(), before);
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let (_temporary, dir) = three_records();
    fs::write(dir.join("store.db"), "a letter to a friend, long enough to be a page of its own? no matter".repeat(100)).unwrap();
    assert!(matches!(error(&dir, Options::default()), StoreError::Damaged(_)));
    assert!(matches!(error(&dir, READ_ONLY), StoreError::Damaged(_)));
    fs::remove_file(dir.join("store.db")).unwrap();
    database(&dir).execute_batch("CREATE TABLE customer (name TEXT)").unwrap();
    let before = fs::read(dir.join("store.db")).unwrap();
    let error = error(&dir, Options::default());
    assert_eq!(error.to_string(), "the store is damaged: its database is not one of Lockstep");
    assert_eq!(fs::read(dir.join("store.db")).unwrap(), before);
}

#[test]
fn a_torn_page_is_damage_and_no_panic() {
    let (_temporary, dir) = three_records();
    let mut bytes = fs::read(dir.join("store.db")).unwrap();
    for (at, byte) in bytes.iter_mut().enumerate().skip(4096) {
        *byte = u8::try_from(at % 251).unwrap();
    }
    fs::write(dir.join("store.db"), bytes).unwrap();
    assert!(matches!(error(&dir, Options::default()), StoreError::Damaged(_)));
}

#[test]
fn reading_only_makes_nothing_and_writes_nothing() {
    let (_temporary, dir) = three_records();
    let before = (files(&dir), fs::read(dir.join("store.db")).unwrap());
    let store = SqliteStore::open(&dir, READ_ONLY).unwrap();
    let run = Chain::of_run(1).run();
    assert_eq!((store.runs().unwrap(), store.records(run).unwrap().len(), store.head().unwrap().size), (vec![run], 3, 3));
    assert!(verify(&store, VerifyOptions::default()).unwrap().is_sound());
    assert!(matches!(store.append(Chain::of_run(2).batch(1), Durability::Durable), Err(StoreError::ReadOnly)));
    assert!(matches!(store.append(Chain::of_run(2).batch(1), Durability::Written), Err(StoreError::ReadOnly)));
    assert!(matches!(store.checkpoint(), Err(StoreError::ReadOnly)));
    assert!(store.keep_blob(b"bytes").is_err());
    assert_eq!((files(&dir), fs::read(dir.join("store.db")).unwrap()), before);
}

#[test]
fn reading_only_sees_what_another_process_has_just_written() {
    let (_temporary, dir) = three_records();
    let writer = open(&dir);
    let reader = SqliteStore::open(&dir, READ_ONLY).unwrap();
    let mut chain = Chain::of_run(2);
    for size in 4..10 {
        writer.append(chain.batch(1), Durability::Durable).unwrap();
        assert_eq!(reader.head().unwrap().size, size);
    }
    drop(writer);
    assert_eq!(reader.records(chain.run()).unwrap().len(), 6);
}

#[test]
fn reading_only_reads_the_log_that_a_crash_left() {
    let (_temporary, dir) = three_records();
    let writer = open(&dir);
    writer.append(Chain::of_run(2).batch(5), Durability::Durable).unwrap();
    // What is on disk while the writer runs is what a crash leaves, but for the log's index.
    let copy = TempDir::new().unwrap();
    for name in ["store.db", "store.db-wal"] {
        fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    let before = files(copy.path());
    let store = SqliteStore::open(copy.path(), READ_ONLY).unwrap();
    assert_eq!(store.head().unwrap().size, 8);
    let report = verify(&store, VerifyOptions { key: Some(&writer.verifier_key()), ..VerifyOptions::default() }).unwrap();
    assert!(report.is_sound() && report.records == 8, "{report:?}");
    assert_eq!(files(copy.path()), before);
}

#[test]
fn a_full_store_refuses_and_keeps_what_it_has() {
    let (_temporary, dir) = three_records();
    let store = SqliteStore::open(&dir, Options { max_bytes: Some(256 * 1024), ..Options::default() }).unwrap();
    let mut chain = Chain::of_run(2);
    let large = |chain: &mut Chain| Batch { records: vec![chain.record(40_000)], ..Batch::default() };
    let mut kept = 0;
    let refused = loop {
        match store.append(large(&mut chain), Durability::Durable) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert_eq!(store.records(chain.run()).unwrap().len(), kept);
    assert!(matches!(store.keep_blob(&[0; 100_000]).unwrap_err().to_string().as_str(), "the store's disk is full"));
    // What fits still goes in.
    store.append(Chain::of_run(3).batch(1), Durability::Durable).unwrap();
    assert!(verify(&store, VerifyOptions::default()).unwrap().is_sound());
}

#[test]
fn after_a_failed_written_batch_the_next_of_the_run_fails_and_others_do_not() {
    let (_temporary, dir) = three_records();
    let store = SqliteStore::open(&dir, Options { max_bytes: Some(256 * 1024), ..Options::default() }).unwrap();
    let (mut chain, mut other) = (Chain::of_run(2), Chain::of_run(3));
    store.append(chain.batch(1), Durability::Durable).unwrap();
    let resumed = chain.clone();
    store.append(Batch { records: vec![chain.record(400_000)], ..Batch::default() }, Durability::Written).unwrap();
    // Nobody hears what becomes of these either: the reason is kept for who does.
    store.append(chain.batch(1), Durability::Written).unwrap();
    store.append(chain.batch(1), Durability::Written).unwrap();
    store.append(other.batch(1), Durability::Durable).unwrap();
    assert!(matches!(store.append(chain.batch(1), Durability::Durable), Err(StoreError::Full)));
    // Who goes on from what is there can go on.
    let mut chain = resumed;
    store.append(chain.batch(2), Durability::Durable).unwrap();
    assert_eq!(store.records(chain.run()).unwrap().len(), 3);
    assert!(verify(&store, VerifyOptions::default()).unwrap().is_sound());
}

#[test]
fn a_store_locked_by_another_process_says_so() {
    let (_temporary, dir) = three_records();
    let store = open(&dir);
    let other = database(&dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut chain = Chain::of_run(2);
    let batch = chain.batch(1);
    assert!(matches!(store.append(batch.clone(), Durability::Durable), Err(StoreError::Locked)));
    assert_eq!(store.head().unwrap().size, 3, "readers do not wait");
    other.execute_batch("ROLLBACK").unwrap();
    store.append(batch, Durability::Durable).unwrap();
}

#[test]
fn a_store_that_others_open_and_close_meanwhile_can_be_looked_at() {
    let (_temporary, dir) = three_records();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut chain = Chain::of_run(2);
            while !over.load(Ordering::Relaxed) {
                open(&dir).append(chain.batch(1), Durability::Durable).unwrap();
            }
        });
        let looks: Vec<_> = (0..300)
            .map(|_| {
                let look = SqliteStore::open(&dir, READ_ONLY)?;
                Ok((look.runs()?.contains(&Chain::of_run(1).run()), look.records(Chain::of_run(1).run())?.len(), look.head()?.size >= 3))
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        assert!(looks.iter().all(|look: &Result<_, StoreError>| matches!(look, Ok((true, 3, true)))), "{looks:?}");
    });
}

#[test]
fn two_processes_write_to_one_new_store() {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    std::thread::scope(|scope| {
        for number in 0..4 {
            let dir = &dir;
            scope.spawn(move || {
                // Each has its own connections, as a process would.
                let store = open(dir);
                let mut chain = Chain::of_run(number);
                for round in 0..40 {
                    let durability = if round % 2 == 0 { Durability::Durable } else { Durability::Written };
                    store.append(Batch { checkpoint: round % 10 == 0, ..chain.batch(2) }, durability).unwrap();
                }
            });
        }
    });
    let store = open(&dir);
    let report = verify(&store, VerifyOptions::default()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.runs), (320, 4));
}

#[test]
fn two_processes_cannot_drive_one_run() {
    let (_temporary, dir) = three_records();
    let (one, two) = (open(&dir), open(&dir));
    let mut chain = Chain::of_run(2);
    one.append(chain.batch(2), Durability::Durable).unwrap();
    let mut copy = chain.clone();
    two.append(chain.batch(1), Durability::Durable).unwrap();
    assert!(matches!(one.append(copy.batch(1), Durability::Durable), Err(StoreError::Conflict { seq: 2, .. })));
}
