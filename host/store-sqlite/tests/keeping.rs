//! A store is compacted and copied while others write to it, and both can be interrupted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockstep_journal::Blobs;
use lockstep_journal::store::{Batch, Durability, Store, StoreError};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::verify::{VerifyOptions, VerifyReport, verify};
use lockstep_model::Digest;
use lockstep_store_sqlite::{BackupError, Options, SqliteStore, backup, compact};
use tempfile::TempDir;

const LARGE: usize = 1 << 20;

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options::default()).unwrap()
}

fn look(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options { create: false, read_only: true, max_bytes: None }).unwrap()
}

fn verified(store: &SqliteStore, key: &str) -> VerifyReport {
    let report = verify(store, VerifyOptions { key: Some(key), ..VerifyOptions::default() }).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    report
}

/// Eight blobs of a mebibyte and a record.
fn fill(store: &SqliteStore) -> Vec<Digest> {
    store.append(Chain::of_run(1).batch(1), Durability::Durable).unwrap();
    (0..8).map(|number| store.keep_blob(&vec![number; LARGE]).unwrap()).collect()
}

#[test]
fn what_was_removed_is_given_back_to_the_disk() {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let store = open(&dir);
    let blobs = fill(&store);
    assert_eq!(store.remove_blobs(&blobs[..6], u64::MAX).unwrap(), blobs[..6]);
    drop(store);
    let before = fs::metadata(dir.join("store.db")).unwrap().len();
    let (was, is) = compact(&dir).unwrap();
    let after = fs::metadata(dir.join("store.db")).unwrap().len();
    assert_eq!((was.database, is.database), (before, after));
    assert!(was.free > 6 * LARGE as u64 && is.free == 0, "{was:?} {is:?}");
    assert!(before - after > 6 * LARGE as u64 && after > 2 * LARGE as u64, "{before} {after}");
    assert_eq!(is.log, 0);
    let store = open(&dir);
    assert_eq!(store.blob(blobs[7]).unwrap(), Some(vec![7; LARGE]));
    verified(&store, &store.verifier_key());
    assert_eq!(compact(&dir).unwrap().1.database, after, "there is nothing more to give back");
}

#[test]
fn a_missing_store_is_neither_compacted_nor_copied_nor_made() {
    let temporary = TempDir::new().unwrap();
    let (dir, to) = (temporary.path().join("store"), temporary.path().join("copy"));
    assert!(matches!(compact(&dir), Err(StoreError::Missing(_))));
    assert!(matches!(backup(&dir, &to), Err(BackupError::Store(StoreError::Missing(_)))));
    assert!(!dir.exists() && !to.exists());
}

#[test]
fn a_store_is_copied_and_compacted_while_others_write_to_it() {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let store = open(&dir);
    let blobs = fill(&store);
    let (key, stop) = (store.verifier_key(), AtomicBool::new(false));
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut chain = Chain::of_run(2);
            // Not for ever: when a copy fails, this must end as well for the failure to be seen.
            for _ in 0..2_000 {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                store.append(Batch { checkpoint: true, ..chain.batch(3) }, Durability::Durable).unwrap();
            }
        });
        let mut last = 0;
        for round in 0..6 {
            let to = temporary.path().join(format!("copies/{round}"));
            let head = backup(&dir, &to).unwrap();
            let copy = look(&to);
            let report = verified(&copy, &key);
            assert_eq!((report.head, report.records % 3), (head, 1), "all of a commit or nothing");
            assert!(head.size >= last);
            last = head.size;
            assert_eq!(copy.kept_blobs().unwrap().len(), store.kept_blobs().unwrap().len());
            store.remove_blobs(&blobs[round..=round], u64::MAX).unwrap();
            compact(&dir).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    verified(&store, &key);
}

#[test]
fn a_copy_has_no_key_and_is_a_store_again_when_it_is_given_one() {
    let temporary = TempDir::new().unwrap();
    let (dir, to) = (temporary.path().join("store"), temporary.path().join("copy"));
    let blobs = fill(&open(&dir));
    backup(&dir, &to).unwrap();
    let files: Vec<_> = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, ["store.db"]);
    let refused = SqliteStore::open(&to, Options::default()).unwrap_err().to_string();
    assert!(refused.contains("its key file") && refused.contains("is gone"), "{refused}");
    assert!(look(&to).blob(blobs[0]).is_err());
    fs::copy(dir.join("key"), to.join("key")).unwrap();
    let copy = open(&to);
    assert_eq!(copy.blob(blobs[0]).unwrap(), Some(vec![0; LARGE]));
    copy.append(Chain::of_run(2).batch(1), Durability::Durable).unwrap();
    assert_eq!((copy.head().unwrap().size, look(&dir).head().unwrap().size), (2, 1));
}

#[test]
fn a_copy_is_written_over_nothing_but_what_a_crash_left_of_one() {
    let temporary = TempDir::new().unwrap();
    let (dir, to) = (temporary.path().join("store"), temporary.path().join("copy"));
    fill(&open(&dir));
    fs::create_dir(&to).unwrap();
    fs::write(to.join("store.db.partial"), "half a copy").unwrap();
    fs::write(to.join("store.db.partial-journal"), "").unwrap();
    backup(&dir, &to).unwrap();
    let copy = fs::read(to.join("store.db")).unwrap();
    let error = backup(&dir, &to).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(fs::read(to.join("store.db")).unwrap(), copy);
    let folder = temporary.path().join("other");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("letter"), "to a friend").unwrap();
    assert!(matches!(backup(&dir, &folder), Err(BackupError::NotEmpty(_))));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn two_copies_are_not_written_to_one_folder_at_once() {
    let temporary = TempDir::new().unwrap();
    let (dir, to) = (temporary.path().join("store"), temporary.path().join("copy"));
    fill(&open(&dir));
    fs::create_dir(&to).unwrap();
    let other = fs::File::open(&to).unwrap();
    other.lock().unwrap();
    assert!(matches!(backup(&dir, &to), Err(BackupError::UnderWay(_))));
    drop(other);
    backup(&dir, &to).unwrap();
}
