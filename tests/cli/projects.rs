//! A new project builds, and runs as it is.

use crate::place::{Place, root};

#[test]
fn a_new_project_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "rust"]).expect(0);
    let project = place.path().join("greeter");
    let inside = |args: &[&str]| -> crate::place::Ran {
        // The guests share one target directory, so that the SDK is compiled once.
        let mut command = place.command();
        command.env("CARGO_TARGET_DIR", root().join("target/new-project")).current_dir(&project).args(args).output().unwrap().into()
    };
    let built = inside(&["build", "--json"]).expect(0).json();
    for field in ["file", "digest", "imports"] {
        assert!(!built[field].is_null(), "{built}");
    }
    assert_eq!(inside(&["run", "--json"]).expect(0).json()["outcome"], "succeeded");
    let again = place.lockstep(["new", "greeter", "--lang", "rust"]).expect(2);
    assert!(again.stderr.contains("LS0007"), "{}", again.stderr);
}

#[test]
fn a_language_that_is_not_there_yet_is_said_to_be() {
    let place = Place::new();
    let ran = place.lockstep(["new", "greeter", "--lang", "cobol"]).expect(2);
    assert!(ran.stderr.contains("rust"), "{}", ran.stderr);
}
