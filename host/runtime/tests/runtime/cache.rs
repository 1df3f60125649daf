//! Compiled code on disk: used when it is ours and whole, and as if it were not there when it is not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lockstep_engine::Procedure;
use lockstep_runtime::{Limits, Origin, Runtime, RuntimeOptions};

use crate::support::{Guest, World};

/// Loads the guest in a new runtime, as another process would, and sees that it works.
fn origin(root: &Path) -> Origin {
    let runtime = Runtime::new(RuntimeOptions { cache_dir: Some(root.to_owned()) }).unwrap();
    let procedure = runtime.load(&Guest::new().component(), Limits::default()).unwrap();
    assert_eq!(procedure.describe().unwrap().name, "guest");
    World::new().run(&procedure).unwrap();
    procedure.origin()
}

fn only_entry(root: &Path) -> PathBuf {
    let entries: Vec<_> = fs::read_dir(root.join("compiled")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    entry.clone()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_component_is_compiled_once() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!([origin(root.path()), origin(root.path())], [Origin::Compiled, Origin::Cache]);
}

#[test]
fn compiled_code_is_private() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    assert_eq!((mode(&root.path().join("compiled")), mode(&only_entry(root.path()))), (0o700, 0o600));
}

#[test]
fn damaged_code_is_compiled_again() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    let entry = only_entry(root.path());
    let whole = fs::read(&entry).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() - 1], &whole[..10], b""] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!([origin(root.path()), origin(root.path())], [Origin::Compiled, Origin::Cache]);
        assert_eq!(fs::read(&entry).unwrap(), whole, "mended");
    }
}

#[test]
fn code_of_another_component_is_not_taken_for_this_one() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    let entry = only_entry(root.path());
    let runtime = Runtime::new(RuntimeOptions { cache_dir: Some(root.path().to_owned()) }).unwrap();
    let other = Guest::new().run_step("unreachable").component();
    runtime.load(&other, Limits::default()).unwrap();
    let others = fs::read_dir(root.path().join("compiled")).unwrap().map(|found| found.unwrap().path()).find(|path| *path != entry).unwrap();
    fs::copy(others, &entry).unwrap();
    assert_eq!(origin(root.path()), Origin::Compiled);
}

#[test]
fn code_that_others_can_write_is_not_loaded() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    let entry = only_entry(root.path());
    fs::set_permissions(&entry, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(origin(root.path()), Origin::Compiled);
    assert_eq!(mode(&entry), 0o600, "replaced by a private file");
}

#[test]
fn a_link_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    let entry = only_entry(root.path());
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &entry).unwrap();
    assert_eq!([origin(root.path()), origin(root.path())], [Origin::Compiled, Origin::Cache]);
}

#[test]
fn a_directory_that_is_open_to_others_is_not_used() {
    let root = tempfile::tempdir().unwrap();
    origin(root.path());
    fs::set_permissions(root.path().join("compiled"), Permissions::from_mode(0o777)).unwrap();
    assert_eq!(origin(root.path()), Origin::Compiled);
}

#[test]
fn a_cache_that_cannot_be_is_done_without() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("compiled"), "a file").unwrap();
    assert_eq!([origin(root.path()), origin(root.path())], [Origin::Compiled, Origin::Compiled]);
}
