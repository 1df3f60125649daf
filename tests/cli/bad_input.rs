//! Bad input, each with one clear error: a code, a place, a hint, the published exit code, and nothing left half done.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, Ran, example, lockstep};
use crate::yard::Yard;

/// A component that exports nothing: the preamble alone.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// A core module: the preamble alone.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Runs `file` under an empty grant; expects the code, the exit, and that no run was made of it.
#[track_caller]
fn refused(place: &Place, file: &Path, code: &str, exit: i32) {
    let env = place.write("empty.toml", "");
    let ran = run(place, file, &env, &[]).expect(exit);
    assert!(ran.stderr.contains(&format!("error[{code}]")), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "an error says what to do:\n{}", ran.stderr);
    assert_eq!(place.lockstep(["runs", "--json"]).expect(0).json().as_array().map(Vec::len), Some(0), "no run was made");
}

fn run(place: &Place, file: &Path, env: &Path, more: &[&str]) -> Ran {
    let mut args: Vec<std::ffi::OsString> = vec!["run".into(), file.into(), "--env".into(), env.into()];
    args.extend(more.iter().map(Into::into));
    place.command().env("PLANTED", "pl4nted").args(args).output().unwrap().into()
}

#[test]
fn what_is_no_component_is_refused() {
    let place = Place::new();
    for (name, bytes) in [("text.wasm", &b"not a component"[..]), ("empty.wasm", b""), ("core.wasm", CORE_MODULE)] {
        refused(&place, &place.write(name, bytes), "LS0201", 2);
    }
    refused(&place, &place.write("cut.wasm", &EMPTY_COMPONENT[..6]), "LS0209", 2);
}

#[test]
fn a_component_of_another_world_is_refused() {
    let place = Place::new();
    refused(&place, &place.write("other.wasm", EMPTY_COMPONENT), "LS0202", 2);
}

#[test]
fn a_component_that_wants_a_newer_contract_is_refused() {
    let place = Place::new();
    let mut bytes = std::fs::read(example("hello")).unwrap();
    let (old, new) = (b"lockstep:contract/run@0.1.0", b"lockstep:contract/run@0.9.0");
    let found: Vec<_> = (0..bytes.len() - old.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    refused(&place, &place.write("newer.wasm", bytes), "LS0203", 2);
}

#[test]
fn an_import_that_is_not_granted_is_refused_before_there_is_a_run() {
    let place = Place::new();
    refused(&place, &example("misbehaving"), "LS0102", 3);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::new();
    refused(&place, Path::new("nowhere.wasm"), "LS0002", 2);
}

#[test]
fn a_typo_in_the_grant_file_is_shown_with_its_place_and_every_other_with_it() {
    let place = Place::new();
    let env = place.write("typo.toml", "[http]\nalow = []\n[limits]\nmemory = \"lots\"\n");
    let ran = run(&place, &example("hello"), &env, &[]).expect(2);
    for part in ["error[LS0101]", "typo.toml:2:1", "allow", "typo.toml:4"] {
        assert!(ran.stderr.contains(part), "expected `{part}` in\n{}", ran.stderr);
    }
}

#[test]
fn a_parameter_that_is_not_declared_is_named() {
    let place = Place::new();
    let env = place.write("env.toml", "");
    let ran = run(&place, &example("hello"), &env, &["-p", "whom=you"]).expect(2);
    assert!(ran.stderr.contains("LS0011") && ran.stderr.contains("`whom`") && ran.stderr.contains("who"), "{}", ran.stderr);
}

fn misbehave(how: &str) -> Ran {
    let yard = Yard::new();
    let ran = yard.misbehave(how);
    if ran.code != 2 {
        yard.run(&["audit", "verify"]).expect(0);
    }
    ran
}

#[test]
fn a_plan_that_does_not_hold_is_refused_with_every_reason() {
    for (how, code, part) in [
        ("cyclic", "LS0206", "circle"),
        ("duplicate", "LS0205", "twice"),
        ("huge-id", "LS0205", "10000000 bytes"),
        ("many-steps", "LS0205", "1000"),
        ("panic-in-plan", "LS0205", ""),
        ("call-in-plan", "LS0205", "clock"),
    ] {
        let ran = misbehave(how).expect(2);
        assert!(ran.stderr.contains(code) && ran.stderr.contains(part), "{how}: expected {code} and `{part}` in\n{}", ran.stderr);
        assert!(ran.stderr.len() < 5_000, "{how}: the error is {} bytes long", ran.stderr.len());
    }
}

#[test]
fn what_a_step_asks_for_wrongly_fails_the_step_with_a_code() {
    for (how, exit, code) in [
        ("invalid-utf8", 1, "shell.invalid-utf8"),
        ("nul-argument", 1, "shell.argument"),
        ("url-with-space", 1, "http.url"),
        ("url-with-credentials", 1, "http.url"),
        ("header-injection", 1, "http.header"),
        ("path-with-dots", 1, "files.path"),
        ("link-outside", 3, "would leave its mount"),
        ("relative-program", 1, "shell.argument"),
        ("not-granted", 3, "/usr/bin/env"),
        ("metadata", 3, "169.254.169.254"),
        ("secret-in-argument", 1, "shell.argument"),
    ] {
        let ran = misbehave(how);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, exit, "{how}:\n{said}");
        assert!(said.contains(code), "{how}: expected `{code}` in\n{said}");
    }
}

#[test]
fn a_guest_that_runs_wild_is_contained() {
    for (how, code) in [
        ("loop", "timed out"),
        ("call-forever", "limit.calls"),
        ("memory", "limit.memory"),
        ("recursion", "limit.recursion"),
        ("recursion", "; at src/computing.rs:68 in misbehaving::computing::deeper"),
        ("loop", "; at src/computing.rs:53 in misbehaving::computing::spin"),
        ("panic", "on purpose"),
        ("panic", "; at src/computing.rs:23 in misbehaving::computing::MODES"),
        ("log-flood", "limit."),
    ] {
        let ran = misbehave(how).expect(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(code), "{how}: expected `{code}` in\n{said}");
    }
}

#[test]
fn what_cannot_be_a_store_is_said_to_be_none() {
    let place = Place::new();
    let file = place.write("file", "").display().to_string();
    for args in [&["runs"][..], &["show", "latest"], &["audit", "verify"]] {
        let ran = place.lockstep([args, &["--store", &file]].concat()).expect(2);
        assert!(ran.stderr.contains("error[LS0301]") && ran.stderr.contains("is a folder"), "{}", ran.stderr);
    }
    for store in [&*file, "/proc/x"] {
        let doctor = place.lockstep(["doctor", "--json", "--store", store]).expect(1).json();
        assert_eq!(doctor["ok"], false, "{doctor}");
    }
    let ran = place.lockstep(["runs", "-n", "0"]).expect(2);
    assert!(ran.stderr.contains("error[LS0001]") && ran.stderr.contains("1.."), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_probably_meant_is_named() {
    let place = Place::new();
    place.write("staging.toml", "");
    place.write("shop.wasm", "");
    let ran = run(&place, Path::new("shpo.wasm"), Path::new("staging.toml"), &[]).expect(2);
    assert!(ran.stderr.contains("did you mean `shop.wasm`?"), "{}", ran.stderr);
    let ran = run(&place, &example("hello"), Path::new("stagnig.toml"), &[]).expect(2);
    assert!(ran.stderr.contains("did you mean `staging.toml`?"), "{}", ran.stderr);
}

#[test]
fn a_store_of_a_newer_format_is_refused() {
    let place = Place::new();
    place.hello();
    let connection = rusqlite::Connection::open(place.path().join("store/store.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let ran = place.lockstep(["runs"]);
    assert!(ran.code != 0 && ran.stderr.contains("format 99") && ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn a_store_that_another_process_has_locked_is_said_to_be() {
    let place = Place::new();
    place.hello();
    let connection = rusqlite::Connection::open(place.path().join("store/store.db")).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let env = place.write("env.toml", "");
    let ran = run(&place, &example("hello"), &env, &[]);
    assert!(ran.code != 0 && ran.stderr.contains("locked by another process") && ran.stderr.contains("hint: "), "{}", ran.stderr);
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    place.lockstep(["audit", "verify"]).expect(0);
}

/// Runs `script` in a mount namespace of its own, where a file system can be small or read-only. None where the machine does not let us.
pub(super) fn in_namespace(place: &Place, script: &str) -> Option<Ran> {
    let enter = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]).current_dir(place.path()).env("LOCKSTEP", lockstep());
        command.env("HELLO", example("hello")).output()
    };
    let able = enter("mount -t tmpfs -o size=64k tmpfs .").is_ok_and(|output| output.status.success());
    if !able {
        crate::place::missing("mount namespaces (unshare --user --mount): full and read-only disks");
        return None;
    }
    Some(enter(script).unwrap().into())
}

#[test]
fn a_store_that_is_read_only_can_be_read_and_not_run_on() {
    let place = Place::new();
    place.hello();
    let script = r#"mount --bind store store && mount -o remount,bind,ro store
        "$LOCKSTEP" --store store runs
        "$LOCKSTEP" --store store audit verify
        code=0; "$LOCKSTEP" --store store run "$HELLO" --env hello.toml || code=$?
        exit $code"#;
    let Some(ran) = in_namespace(&place, script) else { return };
    assert!(ran.code != 0 && ran.stderr.contains("read-only") && ran.stderr.contains("hint: "), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("hello"), "the runs are shown: {}", ran.stdout);
}

#[test]
fn a_store_that_is_full_stops_a_run_and_says_so() {
    let place = Place::new();
    place.write("hello.toml", "");
    std::fs::create_dir(place.path().join("small")).unwrap();
    let mut stopped = 0;
    for size in [32, 64, 96, 128, 160, 192, 224] {
        let script = format!(
            r#"mount -t tmpfs -o size={size}k tmpfs small
            code=0; "$LOCKSTEP" --store small/store run "$HELLO" --env hello.toml || code=$?
            exit $code"#
        );
        let Some(ran) = in_namespace(&place, &script) else { return };
        if ran.code != 0 {
            assert!(ran.stderr.contains("error[LS0305]") && ran.stderr.contains("hint: "), "{size} KiB:\n{}\n{}", ran.stdout, ran.stderr);
            stopped += 1;
        }
    }
    assert!(stopped > 1, "the disk was never full");
}
