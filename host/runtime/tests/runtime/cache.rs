//! Compiled code on disk: used when it is ours and whole, and as if it were not there when it is not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lockstep_engine::Procedure;
use lockstep_model::Digest;
use lockstep_runtime::{Limits, LoadedProcedure, Origin, Runtime, RuntimeOptions};
use wasm_encoder::{ComponentSection, CustomSection, Encode};

use crate::support::{Guest, World};

/// Loads a component in a new runtime, as another process would.
fn load(root: &Path, component: &[u8]) -> LoadedProcedure {
    let runtime = Runtime::new(RuntimeOptions { cache_dir: Some(root.to_owned()) }).unwrap();
    runtime.load(component, Limits::default()).unwrap()
}

/// Loads the guest and sees that it works.
fn origin(root: &Path) -> Origin {
    let procedure = load(root, &Guest::new().component());
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

/// As `lockstep build` ends a component: with its lines and its description.
fn described(component: Vec<u8>, description: &str) -> Vec<u8> {
    with_section(with_section(component, "lockstep:lines", "\0\0"), "lockstep:descriptor", description)
}

fn with_section(mut component: Vec<u8>, name: &str, data: &str) -> Vec<u8> {
    let section = CustomSection { name: name.into(), data: data.as_bytes().into() };
    component.push(section.id());
    section.encode(&mut component);
    component
}

#[test]
fn what_was_compiled_to_be_described_is_not_compiled_again_to_be_run() {
    let root = tempfile::tempdir().unwrap();
    let bare = Guest::new().component();
    assert_eq!(load(root.path(), &bare).origin(), Origin::Compiled);
    for description in ["one", "another"] {
        let component = described(bare.clone(), description);
        let loaded = load(root.path(), &component);
        assert_eq!(loaded.origin(), Origin::Cache);
        // It is the component that it is all the same: a journal names all of its bytes.
        assert_eq!(loaded.digest(), Digest::of(&component));
        World::new().run(&loaded).unwrap();
    }
    only_entry(root.path());
}

#[test]
fn other_code_with_the_same_description_is_compiled() {
    let root = tempfile::tempdir().unwrap();
    load(root.path(), &described(Guest::new().component(), "one"));
    let other = load(root.path(), &described(Guest::new().run_step("unreachable").component(), "one"));
    assert_eq!(other.origin(), Origin::Compiled);
    assert!(World::new().run(&other).is_err());
    // Nor is a section that is not ours left out: whoever compiles may read it.
    let others = with_section(Guest::new().component(), "lockstep", "one");
    assert_eq!(load(root.path(), &others).origin(), Origin::Compiled);
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
    load(root.path(), &Guest::new().run_step("unreachable").component());
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
