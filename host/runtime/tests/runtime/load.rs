//! Bytes that are not a procedure: each kind has its own words.

use lockstep_engine::Procedure;
use lockstep_runtime::{Limits, LoadError};

use crate::support::{Guest, load, runtime};

fn refused(bytes: &[u8]) -> LoadError {
    match runtime().load(bytes, Limits::default()) {
        Ok(_) => panic!("loaded"),
        Err(error) => error,
    }
}

fn refused_text(text: &str) -> LoadError {
    refused(&wat::parse_str(text).unwrap())
}

#[test]
fn an_empty_file_is_empty() {
    assert_eq!(refused(b""), LoadError::Empty);
}

#[test]
fn what_is_not_webassembly_is_named() {
    assert_eq!(refused(b"\x7fELF\x02\x01"), LoadError::NotWasm);
    assert_eq!(refused(b"\n  (component)"), LoadError::Text);
    assert_eq!(refused(&wat::parse_str("(module)").unwrap()), LoadError::CoreModule);
    assert!(matches!(refused(b"\0asm"), LoadError::Invalid(_)));
    assert!(matches!(refused(b"\0asm\x0d\0\x07\0"), LoadError::Invalid(_)));
}

#[test]
fn a_damaged_component_is_invalid() {
    let whole = Guest::new().component();
    assert!(matches!(refused(&whole[..whole.len() / 2]), LoadError::Invalid(_)));
    let mut garbage = whole[..8].to_vec();
    garbage.extend([0xff; 64]);
    assert!(matches!(refused(&garbage), LoadError::Invalid(_)));
}

#[test]
fn a_component_of_another_world_is_named_with_what_it_exports() {
    let error = refused_text(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#);
    assert!(matches!(&error, LoadError::NotAProcedure { exports } if exports == &["wasi:cli/run@0.2.0"]), "{error}");
    assert!(refused_text("(component)").to_string().contains("exports nothing"));
}

#[test]
fn an_import_from_outside_the_contract_is_named() {
    let error = refused_text(r#"(component (import "wasi:http/types@0.2.0" (instance)) (import "lockstep:contract/teleport@0.1.0" (instance)))"#);
    let LoadError::UnknownImports { imports } = error else { panic!("{error}") };
    assert_eq!(imports, ["wasi:http/types@0.2.0", "lockstep:contract/teleport@0.1.0"]);
}

#[test]
fn a_newer_contract_is_named_with_both_versions() {
    let error = refused_text(r#"(component (import "lockstep:contract/http@0.2.0" (instance)))"#);
    let text = error.to_string();
    assert!(text.contains("0.2.0 (http)") && text.contains("this host has 0.1.0"), "{text}");
}

#[test]
fn imports_are_the_interfaces_that_are_used() {
    let guest = Guest::new().import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)");
    let guest = guest.run_step("(drop (call $request (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) (i32.const 16)");
    assert_eq!(load(&guest).imports(), ["http", "plan", "types"]);
    assert_eq!(load(&Guest::new()).imports(), ["plan", "types"]);
}
