//! Grant files in the life of a run: denials, what to do after one, and under which grant a run goes on.

use crate::place::{Ran, example};
use crate::yard::{Yard, allowing_env};

/// The command in backquotes that begins with `lockstep` and these words.
fn proposed(ran: &Ran, words: &str) -> Vec<String> {
    let start = format!("lockstep {words}");
    let command = ran.stderr.split('`').find(|part| part.starts_with(&start)).unwrap_or_else(|| panic!("no `{start}…` in\n{}", ran.stderr));
    command.split(' ').skip(1).map(str::to_owned).collect()
}

#[test]
fn a_denied_run_that_had_done_something_is_undone_and_says_that_it_was_denied() {
    let yard = Yard::new();
    let ran = yard.misbehave("denied-later").expect(6);
    assert!(ran.stderr.contains("error[LS0107]") && ran.stderr.contains("undoing what was done"), "{}", ran.stderr);
    assert!(!yard.left() && ran.stdout.contains("undone"), "{}", ran.stdout);
    let nothing_done = yard.misbehave("not-granted").expect(3);
    assert!(!nothing_done.stderr.contains("undoing"), "{}", nothing_done.stderr);
    let page = yard.run(&["explain", "LS0107"]).expect(0).stdout;
    assert!(page.contains("exit code is 3") && page.contains(" 6 "), "{page}");
}

#[test]
fn the_hint_after_a_denial_is_a_command_that_works() {
    let yard = Yard::new();
    let denied = yard.misbehave("denied-paused").expect(4);
    let command = proposed(&denied, "resume");
    yard.write("yard.toml", allowing_env);
    let ran = yard.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    assert!(ran.stdout.contains("succeeded") && yard.left(), "{}", ran.stdout);
}

#[test]
fn a_run_goes_on_under_the_grant_that_it_has_and_says_how_to_use_a_changed_one() {
    let yard = Yard::new();
    let run = yard.paused();
    let unchanged = yard.run(&["resume", &run]).expect(4);
    assert!(!unchanged.stderr.contains("has changed"), "{}", unchanged.stderr);
    yard.write("yard.toml", allowing_env);
    let same = yard.run(&["resume", &run]).expect(4);
    assert!(same.stderr.contains("yard.toml has changed"), "{}", same.stderr);
    let command = proposed(&same, "resume");
    yard.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
}

#[test]
fn a_run_stays_under_the_grant_file_that_it_went_on_with() {
    let yard = Yard::new();
    let run = yard.paused();
    let other = yard.write("elsewhere/other.toml", |grant| allowing_env(grant).replace("path = \"box\"", "path = \"../box\""));
    yard.run(&["resume", &run, "--env", "elsewhere/other.toml"]).expect(0);
    let shown = yard.run(&["show", &run]).expect(0).stdout;
    let digest = yard.run(&["plan", &example("misbehaving").display().to_string(), "--env", "elsewhere/other.toml", "--json"]).expect(0).json();
    assert!(shown.contains(&format!("{} {}", digest["grant"].as_str().unwrap(), other.display())), "{shown}");
    // Which rule decided is asked of the grant that applied then.
    let before = yard.run(&["grant", "explain", &run, "--call", "act/1/1"]).expect(0).stdout;
    let after = yard.run(&["grant", "explain", &run, "--call", "act/2/1"]).expect(0).stdout;
    assert!(before.contains("denied") && after.contains("other.toml:"), "{before}\n{after}");
    // Its folders are relative to its own.
    assert!(yard.left());
    yard.run(&["undo", &run]).expect(0);
    assert!(!yard.left());
}

#[test]
fn that_a_run_has_ended_is_said_before_anything_that_it_lacks() {
    let yard = Yard::new();
    yard.misbehave("denied-later").expect(6);
    let resolved = yard.run(&["resolve", "latest", "done", "--reason", "I saw it"]).expect(2);
    assert!(resolved.stderr.contains("error[LS0409]"), "{}", resolved.stderr);
    for verb in ["resume", "undo"] {
        for more in [&[][..], &["--env", "nowhere.toml"], &["--file", "nowhere.wasm"]] {
            let ran = yard.run(&[&[verb, "latest"], more].concat()).expect(2);
            assert!(ran.stderr.contains("error[LS0409]"), "{}", ran.stderr);
        }
    }
}

#[test]
fn check_finds_a_rule_that_can_never_apply() {
    let yard = Yard::new();
    let env = yard.place.write("local.toml", "[http]\nallow = [\"GET http://10.1.2.3/\"]\n");
    let check = || yard.run(&["check", &example("hello").display().to_string(), "--env", &env.display().to_string()]);
    let ran = check().expect(2);
    assert!(ran.stderr.contains("http.allow[0], local.toml:2") && ran.stderr.contains("private-addresses = [\"10.1.2.3\"]"), "{}", ran.stderr);
    std::fs::write(&env, "[http]\nallow = [\"GET http://10.1.2.3/\"]\nprivate-addresses = [\"10.1.2.3\"]\n").unwrap();
    check().expect(0);
}

#[test]
fn a_command_is_explained_with_the_directory_of_a_mount_that_it_works_in() {
    let yard = Yard::new();
    yard.write("yard.toml", |grant| format!("{grant}\n[[shell.allow]]\nprogram = \"/usr/bin/env\"\nargs = []\ndirectories = [{{ mount = \"/box/**\" }}]\n"));
    let explain = |directory: &str| yard.run(&["grant", "explain", "--env", "yard.toml", "--directory", directory, "/usr/bin/env"]);
    let allowed = explain("/box/work").expect(0).stdout;
    assert!(allowed.contains(&format!("works in `/box/work`, in the mount at `{}`", yard.place.path().join("box").display())), "{allowed}");
    let denied = explain("/box").stdout;
    assert!(denied.contains("add { mount = \"/box\" } to `directories` of shell.allow[4]"), "{denied}");
    let no_command = yard.run(&["grant", "explain", "--env", "yard.toml", "--directory", "/box", "read", "/box/x"]).expect(2);
    assert!(no_command.stderr.contains("a working directory is of a command"), "{}", no_command.stderr);
}

#[test]
fn only_what_can_be_undone_is_proposed_to_be_undone() {
    let yard = Yard::new();
    let run = yard.paused();
    let paused = yard.run(&["show", &run]).expect(0).stdout;
    assert!(
        paused.contains(&format!("next: lockstep resume {run} --env {}\n", yard.place.path().join("yard.toml").display()))
            && paused.contains(&format!("next: lockstep undo {run}")),
        "{paused}"
    );
    yard.place.hello();
    let hello = yard.run(&["show", "latest", "--json"]).expect(0).json();
    let next: Vec<_> = hello["next"].as_array().unwrap().iter().map(|command| command.as_str().unwrap()).collect();
    assert!(!next.is_empty() && next.iter().all(|command| !command.contains(" undo ")), "{next:?}");
}

#[test]
fn a_proposed_command_names_the_store_when_this_one_did() {
    let yard = Yard::new();
    let run = yard.paused();
    let mut command = yard.place.command();
    command.env_remove("LOCKSTEP_STORE").args(["--store", "store", "show", &run]);
    let shown = Ran::from(command.output().unwrap()).expect(0).stdout;
    assert!(shown.contains(&format!("next: lockstep --store store resume {run}")), "{shown}");
}
