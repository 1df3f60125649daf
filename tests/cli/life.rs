//! A run's life on the command line: checked, planned, run, looked at, undone, resumed.

use crate::place::{Place, example};

fn hello_args<'a>(verb: &'a str, more: &[&'a str]) -> Vec<std::ffi::OsString> {
    let mut args: Vec<std::ffi::OsString> = vec![verb.into(), example("hello").into(), "--env".into(), "hello.toml".into()];
    args.extend(more.iter().map(Into::into));
    args
}

#[test]
fn a_run_ends_with_one_json_object_and_is_listed() {
    let place = Place::new();
    place.write("hello.toml", "");
    let ran = place.lockstep(hello_args("run", &["--json", "-p", "who=you"])).expect(0);
    let end = ran.json();
    assert_eq!(end["outcome"], "succeeded", "{}", ran.stdout);
    let runs = place.lockstep(["runs", "--json"]).expect(0).json();
    assert_eq!((&runs[0]["run"], &runs[0]["procedure"], &runs[0]["outcome"]), (&end["run"], &"hello".into(), &"succeeded".into()));
}

#[test]
fn a_plan_has_a_digest_that_a_run_can_be_bound_to() {
    let place = Place::new();
    place.write("hello.toml", "");
    let plan = place.lockstep(hello_args("plan", &["--json"])).expect(0).json();
    let digest = plan["digest"].as_str().expect("a digest").to_owned();
    place.lockstep(hello_args("run", &["--plan", &digest])).expect(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let ran = place.lockstep(hello_args("run", &["--plan", &other])).expect(2);
    assert!(ran.stderr.contains("LS0207"), "{}", ran.stderr);
}

#[test]
fn check_and_inspect_run_nothing() {
    let place = Place::new();
    place.write("hello.toml", "");
    place.lockstep(hello_args("check", &[])).expect(0);
    let mut inspect: Vec<std::ffi::OsString> = vec!["inspect".into(), example("hello").into()];
    inspect.push("--json".into());
    let described = place.lockstep(inspect).expect(0);
    for part in ["hello", "greet", "sha256:", "who"] {
        assert!(described.stdout.contains(part), "expected `{part}` in {}", described.stdout);
    }
    assert!(!place.path().join("store").exists(), "looking makes no store");
}

#[test]
fn a_run_is_shown_with_its_steps_and_its_log() {
    let place = Place::new();
    let run = place.hello();
    let shown = place.lockstep(["show", "latest"]).expect(0).stdout;
    for part in ["greet", "succeeded", &run[..10]] {
        assert!(shown.contains(part), "expected `{part}` in {shown}");
    }
    assert!(place.lockstep(["logs", &run[..12]]).expect(0).stdout.contains("hello, world"));
}

#[test]
fn a_run_that_is_over_cannot_be_resumed_and_an_unknown_one_is_named() {
    let place = Place::new();
    let run = place.hello();
    let ran = place.lockstep(["resume", &run]);
    assert!(ran.code != 0 && ran.stderr.contains("has ended"), "{}", ran.stderr);
    let ran = place.lockstep(["show", "01J00000000000000000000000"]).expect(2);
    assert!(ran.stderr.contains("error[") && ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn a_run_without_effects_has_nothing_to_undo() {
    let place = Place::new();
    place.hello();
    let ran = place.lockstep(["undo", "latest", "--reason", "to see"]).expect(0);
    assert!(ran.stderr.contains("nothing had to be undone") && !ran.stderr.contains("undoing what was done"), "{}", ran.stderr);
}
