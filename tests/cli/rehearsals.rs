//! Rehearsals on the command line: `simulate` and `test`, over the examples.

use std::path::PathBuf;

use crate::place::{Place, example, root};

fn case(name: &str) -> PathBuf {
    root().join("guest-sdk/procedures").join(name)
}

fn scenario(case_name: &str, name: &str) -> PathBuf {
    case(case_name).join("scenarios").join(format!("{name}.toml"))
}

/// `lockstep simulate` of an example.
fn simulate(place: &Place, case_name: &str, scenario: &std::path::Path, more: &[&str]) -> crate::place::Ran {
    let mut args: Vec<std::ffi::OsString> = vec!["simulate".into(), example(case_name).into(), "--scenario".into(), scenario.into()];
    args.extend(more.iter().map(Into::into));
    place.lockstep(args)
}

/// `lockstep test` of the scenarios in a folder.
fn test(place: &Place, folder: &std::path::Path, case_name: &str, more: &[&str]) -> crate::place::Ran {
    let mut args: Vec<std::ffi::OsString> = vec!["test".into(), folder.into(), "--file".into(), example(case_name).into()];
    args.extend(more.iter().map(Into::into));
    place.lockstep(args)
}

#[test]
fn a_simulation_ends_like_a_run_and_leaves_no_trace() {
    let place = Place::new();
    let ran = simulate(&place, "blue-green", &scenario("blue-green", "goes-live"), &["--json"]).expect(0);
    assert_eq!((&ran.json()["outcome"], &ran.json()["environment"]), (&"succeeded".into(), &"rehearsal".into()));
    let ran = simulate(&place, "blue-green", &scenario("blue-green", "answers-too-slowly"), &[]).expect(6);
    for part in ["✓ clean", "↶ switch undone", "error[LS0402]", "undone: switch, start, install, tag"] {
        assert!(ran.stderr.contains(part), "expected `{part}` in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("lockstep show"), "there is nothing to show: {}", ran.stderr);
    assert!(!place.path().join("store").exists(), "a simulation makes no store");
}

#[test]
fn what_a_scenario_expects_and_does_not_find_is_a_failure_of_its_own() {
    let place = Place::new();
    let wrong = format!("like = {:?}\n[expect]\noutcome = \"undone\"\nnever = [\"service stop */blue\"]\n", scenario("blue-green", "goes-live"));
    let ran = simulate(&place, "blue-green", &place.write("wrong.toml", wrong), &[]).expect(1);
    for part in ["error[LS0602]", "outcome: expected undone, found succeeded", "never: `service stop */blue` is made"] {
        assert!(ran.stderr.contains(part), "expected `{part}` in {}", ran.stderr);
    }
}

#[test]
fn a_scenario_that_is_not_valid_is_shown_where() {
    let place = Place::new();
    for (text, expect) in [
        ("[[http]]\nreqest = \"GET https://api.test/\"\n", "typo.toml:2:1"),
        ("like = \"typo.toml\"\n", "is like itself"),
        ("[secrets]\nNONE = \"x\"\n", "which the grant does not declare"),
        ("like = \"nowhere.toml\"\n", "nowhere.toml"),
    ] {
        let file = place.write("typo.toml", text);
        place.write("hello.toml", "");
        let ran = simulate(&place, "hello", &file, &["--env", "hello.toml"]).expect(2);
        assert!(ran.stderr.contains(expect), "expected `{expect}` in {}", ran.stderr);
    }
}

#[test]
fn every_law_holds_for_every_example() {
    let place = Place::new();
    for entry in std::fs::read_dir(root().join("guest-sdk/procedures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ran = test(&place, &case(&name), &name, &["--json"]).expect(0).json();
        assert_eq!(ran["broken"], 0, "{ran}");
        for scenario in ran["scenarios"].as_array().unwrap() {
            for law in scenario["laws"].as_array().unwrap() {
                assert_eq!(law["tried"], law["places"], "{name}: not every place was tried: {scenario}");
            }
        }
    }
    assert!(!place.path().join("store").exists(), "a test makes no store");
}

#[test]
fn a_broken_law_is_shown_with_the_command_that_shows_it_again() {
    let place = Place::new();
    let scenarios = place.path().join("scenarios");
    std::fs::create_dir(&scenarios).unwrap();
    // The tag cannot be deleted any more: an undo that comes to it is stuck.
    let stubborn = format!(
        "like = {:?}\n[[shell]]\nprogram = \"/usr/bin/git\"\nargs = [\"-C\", \"*\", \"tag\", \"--delete\", \"**\"]\ncode = 1\nstderr = \"protected\"\n",
        scenario("blue-green", "goes-live")
    );
    std::fs::write(scenarios.join("stubborn.toml"), stubborn).unwrap();
    let ran = test(&place, place.path(), "blue-green", &["--law", "fail"]).expect(1);
    for part in ["FAIL", "stubborn: fail at ", "the run is stuck", "protected", "error[LS0602]: 1 of 1 law broken"] {
        assert!(ran.stdout.contains(part) || ran.stderr.contains(part), "expected `{part}` in {}{}", ran.stdout, ran.stderr);
    }
    let again = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("again: lockstep ")).expect("a command");
    let args: Vec<&str> = again.split(' ').collect();
    assert_eq!(args[args.len() - 6..args.len() - 1], ["--only", "stubborn", "--law", "fail", "--at"]);
    let once_more = place.lockstep(&args).expect(1);
    assert!(once_more.stdout.contains("stubborn: fail at ") && once_more.stdout.contains("the run is stuck"), "{}", once_more.stdout);
}

#[test]
fn a_test_without_scenarios_or_places_says_what_there_is() {
    let place = Place::new();
    let ran = test(&place, place.path(), "hello", &[]).expect(2);
    assert!(ran.stderr.contains("LS0603") && ran.stderr.contains("lockstep explain scenario"), "{}", ran.stderr);
    let ran = test(&place, &case("blue-green"), "blue-green", &["--only", "nothing-like-it"]).expect(2);
    assert!(ran.stderr.contains("LS0603") && ran.stderr.contains("goes-live"), "{}", ran.stderr);
    let ran = test(&place, &case("hello"), "hello", &["--law", "crash", "--at", "99"]).expect(2);
    assert!(ran.stderr.contains("`99` is no place of a crash"), "{}", ran.stderr);
    let ran = test(&place, &case("hello"), "hello", &["--law", "gravity"]).expect(2);
    assert!(ran.stderr.contains("expected plain, crash or fail"), "{}", ran.stderr);
}
