//! Guests that were built for another contract than the host's.

use lockstep_engine::Procedure;
use lockstep_runtime::{Limits, LoadError};

use crate::support::{Guest, contract_at, load, runtime};

fn guest_of(version: &'static str, uses_addition: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    contract_at(version, folder.path());
    let mut guest = Guest::of_contract(folder.path(), version);
    if uses_addition {
        guest = guest.import("clock", "ticks", "(result i32)").run_step("(drop (call $ticks)) (i32.const 16)");
    }
    guest.component()
}

#[test]
fn a_guest_of_a_later_patch_that_uses_no_addition_runs() {
    let procedure = runtime().load(&guest_of("0.1.7", false), Limits::default()).unwrap();
    assert_eq!(procedure.describe().unwrap().name, "guest");
}

#[test]
fn a_guest_that_uses_an_addition_needs_a_newer_host() {
    for version in ["0.1.7", "0.2.0"] {
        let error = runtime().load(&guest_of(version, true), Limits::default()).err().unwrap();
        assert!(matches!(&error, LoadError::NewerContract { found, .. } if found == version), "{error}");
    }
}

#[test]
fn a_guest_that_uses_what_its_contract_does_not_have_does_not_link() {
    let error = runtime().load(&guest_of("0.1.0", true), Limits::default()).err().unwrap();
    assert!(matches!(&error, LoadError::Mismatch(text) if text.contains("ticks")), "{error}");
}

#[test]
fn a_guest_of_this_contract_runs() {
    assert_eq!(load(&Guest::new()).describe().unwrap().version, "1.0.0");
}
