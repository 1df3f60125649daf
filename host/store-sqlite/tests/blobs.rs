//! Bytes kept beside the journal lie there encrypted, and nothing but what was kept comes out again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_journal::store::{Durability, Store};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::{BlobError, Blobs};
use lockstep_model::Digest;
use lockstep_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

const TEXT: &[u8] = b"the response of a database with the names of customers";

/// A closed store with one record and one blob.
fn one_blob() -> (TempDir, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    store.append(Chain::of_run(1).batch(1), Durability::Durable).unwrap();
    store.keep_blob(TEXT).unwrap();
    (temporary, dir)
}

fn look(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options { create: false, read_only: true, max_bytes: None }).unwrap()
}

fn contains(dir: &Path, needle: &[u8]) -> bool {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}

#[test]
fn a_blob_is_not_in_the_files_in_the_open() {
    let (_temporary, dir) = one_blob();
    assert!(contains(&dir, Digest::of(TEXT).0.as_slice()), "its digest is");
    assert!(!contains(&dir, b"customers"));
    let store = SqliteStore::open(&dir, Options::default()).unwrap();
    store.keep_blob(b"not even in the log: customers").unwrap();
    assert!(!contains(&dir, b"customers"));
    assert_eq!(look(&dir).blob(Digest::of(TEXT)).unwrap().as_deref(), Some(TEXT));
}

#[test]
fn any_byte_of_a_blob_changed_in_the_file_is_an_error_that_names_the_digest() {
    let (_temporary, dir) = one_blob();
    let database = rusqlite::Connection::open(dir.join("store.db")).unwrap();
    let sealed: Vec<u8> = database.query_row("SELECT bytes FROM blob", [], |row| row.get(0)).unwrap();
    let digest = Digest::of(TEXT);
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 0x40;
        assert_eq!(database.execute("UPDATE blob SET bytes = ?1", [changed]).unwrap(), 1);
        let error = look(&dir).blob(digest).unwrap_err();
        assert!(matches!(error, BlobError::Corrupt(corrupt) if corrupt == digest), "byte {place}: {error}");
        assert!(error.to_string().contains(&digest.to_string()), "{error}");
    }
}

#[test]
fn a_blob_under_the_digest_of_another_is_not_taken_for_it() {
    let (_temporary, dir) = one_blob();
    let other = SqliteStore::open(&dir, Options::default()).unwrap().keep_blob(b"other").unwrap();
    let database = rusqlite::Connection::open(dir.join("store.db")).unwrap();
    let moved = "UPDATE blob SET bytes = (SELECT bytes FROM blob WHERE digest = ?1) WHERE digest = ?2";
    assert_eq!(database.execute(moved, (other.0, Digest::of(TEXT).0)).unwrap(), 1);
    assert!(matches!(look(&dir).blob(Digest::of(TEXT)), Err(BlobError::Corrupt(_))));
    assert_eq!(look(&dir).blob(other).unwrap().as_deref(), Some(b"other".as_slice()));
}

#[test]
fn reading_only_needs_the_key_for_a_blob_alone() {
    let (_temporary, dir) = one_blob();
    fs::remove_file(dir.join("key")).unwrap();
    let store = look(&dir);
    assert_eq!(store.records(Chain::of_run(1).run()).unwrap().len(), 1);
    assert!(store.blob(Digest::of(b"never kept")).unwrap().is_none());
    let digest = Digest::of(TEXT);
    let error = store.blob(digest).unwrap_err();
    assert!(matches!(&error, BlobError::NoKey { digest: of, .. } if *of == digest), "{error}");
    assert!(error.to_string().starts_with(&format!("the bytes of {digest} cannot be opened: ")), "{error}");
    assert!(error.to_string().contains("is gone"), "{error}");
}

#[test]
fn the_key_of_another_store_opens_no_blob_and_is_said_to_be_one() {
    let (_temporary, dir) = one_blob();
    let (_other, other) = one_blob();
    let own = fs::read_to_string(dir.join("key")).unwrap();
    let foreign = fs::read_to_string(other.join("key")).unwrap();
    let digest = Digest::of(TEXT);
    fs::write(dir.join("key"), &foreign).unwrap();
    let error = look(&dir).blob(digest).unwrap_err().to_string();
    assert!(error.contains(&digest.to_string()) && error.contains("its key file is of another store"), "{error}");
    // The line that signs is the store's own, the one that seals is not.
    let mixed: Vec<_> = own.lines().take(2).chain(foreign.lines().skip(2)).collect();
    fs::write(dir.join("key"), mixed.join("\n") + "\n").unwrap();
    let error = look(&dir).blob(digest).unwrap_err();
    assert!(matches!(error, BlobError::Corrupt(corrupt) if corrupt == digest), "{error}");
}
