//! Large blobs are files beside the database: encrypted, checked, never half there, and removed, copied and counted with the rest.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use lockstep_journal::store_contract::Chain;
use lockstep_journal::{BlobError, Blobs, Durability, Store};
use lockstep_model::Digest;
use lockstep_store_sqlite::{BackupError, Options, SqliteStore, backup, compact};
use tempfile::TempDir;

/// So long that who reads it from its beginning is read ahead for.
const SIZE: usize = 2_500_000;

/// The head of a file, and a piece with its tag.
const HEAD: usize = 72;
const PIECE: usize = 65_536 + 16;

fn numbered(from: u64) -> Vec<u8> {
    (from..).flat_map(u64::to_be_bytes).take(SIZE).collect()
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options::default()).unwrap()
}

fn look(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, Options { create: false, read_only: true, max_bytes: None }).unwrap()
}

/// A store with one large blob, and where its file is.
fn one_file() -> (TempDir, PathBuf, Digest, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let dir = temporary.path().join("store");
    let digest = open(&dir).keep_blob(&numbered(0)).unwrap();
    let file = dir.join("blobs").join(digest.hex());
    (temporary, dir, digest, file)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn is_corrupt(dir: &Path, digest: Digest) -> bool {
    matches!(look(dir).check_blob(digest), Err(BlobError::Corrupt(corrupt)) if corrupt == digest)
}

#[test]
fn a_large_blob_is_a_file_and_its_bytes_are_not_in_the_open() {
    let (_temporary, dir, digest, file) = one_file();
    let bytes = fs::read(&file).unwrap();
    let plain = numbered(0);
    assert_eq!(bytes.len(), HEAD + SIZE + 16 * SIZE.div_ceil(PIECE - 16));
    for window in plain.chunks(64).take(200) {
        assert!(!bytes.windows(window.len()).any(|found| found == window));
    }
    assert!(fs::metadata(dir.join("store.db")).unwrap().len() < SIZE as u64 / 2, "it is in the database as well");
    assert_eq!(look(&dir).blob(digest).unwrap(), Some(plain));
    fs::remove_file(dir.join("key")).unwrap();
    assert!(matches!(look(&dir).open_blob(digest), Err(BlobError::NoKey { .. })));
}

#[test]
fn a_file_that_was_changed_cut_off_reordered_or_exchanged_is_an_error_that_names_the_digest() {
    let (_temporary, dir, digest, file) = one_file();
    let other = open(&dir).keep_blob(&numbered(1_000_000)).unwrap();
    let (sound, foreign) = (fs::read(&file).unwrap(), fs::read(dir.join("blobs").join(other.hex())).unwrap());
    let tampered = |what: &str, bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        assert!(is_corrupt(&dir, digest), "{what}");
    };
    for place in (0..HEAD).chain([HEAD, HEAD + PIECE - 1, HEAD + PIECE, HEAD + 16 * PIECE, HEAD + 30 * PIECE, sound.len() - 1]) {
        let mut changed = sound.clone();
        changed[place] ^= 1;
        tampered(&format!("byte {place}"), &changed);
    }
    for length in [0, HEAD - 1, HEAD, HEAD + 3 * PIECE, HEAD + 30 * PIECE, sound.len() - 1] {
        tampered(&format!("cut to {length}"), &sound[..length]);
    }
    for first in [HEAD, HEAD + 30 * PIECE] {
        let (mut swapped, second) = (sound.clone(), first + PIECE);
        swapped[first..second].copy_from_slice(&sound[second..second + PIECE]);
        swapped[second..second + PIECE].copy_from_slice(&sound[first..second]);
        tampered("two pieces in each other's place", &swapped);
    }
    tampered("another blob's file", &foreign);
    let mut mixed = sound.clone();
    mixed[HEAD..HEAD + PIECE].copy_from_slice(&foreign[HEAD..HEAD + PIECE]);
    tampered("a piece of another blob", &mixed);
    fs::write(&file, &sound).unwrap();
    assert_eq!(look(&dir).check_blob(digest).unwrap(), Some(SIZE as u64));
}

#[test]
fn a_part_is_read_without_what_is_before_it_and_a_changed_piece_gives_none_of_its_bytes() {
    let (_temporary, dir, digest, file) = one_file();
    let mut changed = fs::read(&file).unwrap();
    changed[HEAD] ^= 1;
    fs::write(&file, changed).unwrap();
    let store = look(&dir);
    let mut reader = store.open_blob(digest).unwrap().unwrap();
    let mut part = vec![0; 100_000];
    reader.seek(SeekFrom::Start(70_000)).unwrap();
    reader.read_exact(&mut part).unwrap();
    assert_eq!(part, numbered(0)[70_000..170_000]);
    reader.seek(SeekFrom::Start(65_535)).unwrap();
    assert!(matches!(reader.read(&mut part).map_err(BlobError::from), Err(BlobError::Corrupt(_))));
}

#[test]
fn a_reader_that_leaves_the_order_and_comes_back_gives_the_same_bytes() {
    let (_temporary, dir, digest, file) = one_file();
    let (store, all) = (look(&dir), numbered(0));
    let mut reader = store.open_blob(digest).unwrap().unwrap();
    let mut part = vec![0; 1_150_001];
    for from in [0, 1_340_000, 5, 1_349_999, 0] {
        reader.seek(SeekFrom::Start(from as u64)).unwrap();
        reader.read_exact(&mut part).unwrap();
        assert!(part == all[from..from + part.len()], "from {from}");
    }
    // A piece that is changed while it is read: it was not opened yet, or gives what it was.
    let mut reader = store.open_blob(digest).unwrap().unwrap();
    reader.read_exact(&mut part[..1_100_000]).unwrap();
    let mut changed = fs::read(&file).unwrap();
    changed[HEAD + 37 * PIECE] ^= 1;
    fs::write(&file, changed).unwrap();
    let mut rest = Vec::new();
    assert!(matches!(reader.read_to_end(&mut rest).map_err(BlobError::from), Err(BlobError::Corrupt(_))));
    assert!(rest == all[1_100_000..1_100_000 + rest.len()]);
}

#[test]
fn a_draft_that_is_dropped_leaves_nothing_however_much_was_written_and_any_way_of_writing_gives_the_same_blob() {
    let (_temporary, dir, digest, _file) = one_file();
    let store = open(&dir);
    let mut draft = store.draft().unwrap();
    draft.write_all(&numbered(7)).unwrap();
    assert_eq!(names(&dir.join("blobs")).len(), 2);
    drop(draft);
    assert_eq!(names(&dir.join("blobs")), [digest.hex()]);
    for (at_a_time, size) in [(1, 1 << 20), (999, (1 << 20) + 1), (65_537, 1_310_720), (SIZE, SIZE)] {
        let (all, mut draft) = (&numbered(3)[..size], store.draft().unwrap());
        all.chunks(at_a_time).for_each(|part| draft.write_all(part).unwrap());
        let kept = draft.finish().unwrap();
        assert_eq!((kept.digest, kept.size), (Digest::of(all), size as u64));
        assert!(store.blob(kept.digest).unwrap().unwrap() == all, "{at_a_time} at a time");
        assert_eq!(dir.join("blobs").join(kept.digest.hex()).exists(), size > 1 << 20);
    }
}

#[test]
fn what_a_crash_left_is_removed_when_the_store_is_opened_to_write_and_what_is_being_written_is_not() {
    let (_temporary, dir, digest, _) = one_file();
    let folder = dir.join("blobs");
    let store = open(&dir);
    let mut under_way = store.draft().unwrap();
    under_way.write_all(&numbered(7)).unwrap();
    fs::write(folder.join("0123456789abcdef.part"), "half of it").unwrap();
    fs::write(folder.join(Digest::of(b"renamed, and then the power went").hex()), "all of it").unwrap();
    fs::write(folder.join("notes.txt"), "not ours").unwrap();
    assert_eq!(names(&folder).len(), 5);
    look(&dir);
    assert_eq!(names(&folder).len(), 5, "who only looks removes nothing");
    open(&dir);
    let left = names(&folder);
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left.contains(&digest.hex()) && left.contains(&"notes.txt".to_owned()) && left.iter().any(|name| name.ends_with(".part")));
    under_way.finish().unwrap();
    compact(&dir).unwrap();
    assert_eq!(names(&folder).len(), 3);
}

#[test]
fn a_file_that_is_gone_is_no_blob_any_more() {
    let (_temporary, dir, digest, file) = one_file();
    fs::remove_file(file).unwrap();
    let store = look(&dir);
    assert!(store.open_blob(digest).unwrap().is_none());
    assert!(store.kept_blobs().unwrap().is_empty(), "the verifier would not miss it");
}

#[test]
fn a_removed_blobs_file_is_gone_and_its_room_is_counted() {
    let (_temporary, dir, digest, file) = one_file();
    let length = fs::metadata(&file).unwrap().len();
    assert_eq!(compact(&dir).unwrap().1.files, length);
    let store = open(&dir);
    assert_eq!(store.remove_blobs(&[digest], u64::MAX).unwrap(), [digest]);
    assert!(!file.exists());
    drop(store);
    assert_eq!(compact(&dir).unwrap().1.files, 0);
}

#[test]
fn a_copy_has_the_files_and_is_whole_or_not_there() {
    let (temporary, dir, digest, file) = one_file();
    let to = temporary.path().join("copy");
    open(&dir).append(Chain::of_run(1).batch(1), Durability::Durable).unwrap();
    // What a crash left of another copy: its files had their name already.
    fs::create_dir_all(to.join("blobs")).unwrap();
    fs::write(to.join("blobs/half"), "").unwrap();
    assert!(matches!(backup(&dir, &to), Err(BackupError::NotEmpty(_))), "somebody's folder");
    fs::write(to.join("store.db.partial"), "").unwrap();
    fs::create_dir(to.join("store.db.partial-blobs")).unwrap();
    backup(&dir, &to).unwrap();
    assert_eq!(names(&to), ["blobs", "store.db"]);
    assert_eq!(names(&to.join("blobs")), [digest.hex()]);
    fs::remove_file(file).unwrap();
    fs::copy(dir.join("key"), to.join("key")).unwrap();
    assert_eq!(look(&to).blob(digest).unwrap(), Some(numbered(0)));
}
