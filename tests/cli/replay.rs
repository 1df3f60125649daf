//! Replays of real components: what was recorded is checked against the bytes that did it, and against others.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use crate::kills::site::Site;
use crate::place::{Place, Ran, example, root};

/// The example with one text in it exchanged for another: a component that differs in nothing else.
fn other(place: &Place, case: &str, text: &str, by: &str) -> PathBuf {
    assert_eq!(text.len(), by.len());
    let mut bytes = std::fs::read(example(case)).unwrap();
    let places: Vec<usize> = bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes()).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "`{text}` is not in {case}");
    for at in places {
        bytes[at..at + text.len()].copy_from_slice(by.as_bytes());
    }
    place.write(&format!("other-{case}.wasm"), bytes)
}

/// Runs a step that asks for the time for ever, until it is interrupted.
fn interrupted(place: &Place) -> Ran {
    let given = "[http]\nallow = [\"GET http://127.0.0.1:1/**\"]\n[[shell.allow]]\nprogram = \"/bin/echo\"\nargs = []\n\
                 [files.mounts.\"/box\"]\npath = \"box\"\nallow = [\"read\"]\n[secrets]\nPLANTED = { env = \"PLANTED\", to = [\"/bin/cat\"] }\n\
                 [limits]\ncalls = 1000000\n";
    let env = place.write("misbehaving.toml", given);
    let mut command = place.command();
    command.arg("run").arg(example("misbehaving")).arg("--env").arg(env).args(["-p", "how=call-forever"]);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(running.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("plan sha256:") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended before it began");
    }
    let interrupt = std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    std::io::copy(&mut said, &mut std::io::sink()).unwrap();
    Ran::from(running.wait_with_output().unwrap())
}

#[test]
fn a_finished_run_agrees_with_its_component_and_nothing_is_written() {
    let place = Place::new();
    let run = place.hello();
    let before = place.lockstep(["audit", "export", "latest"]).expect(0).stdout;
    let ran = place.lockstep(["replay", "latest"]).expect(0);
    assert_eq!(ran.stdout, format!("✓ greet: 1 call\n✓ the plan is the same\nreplay of run {run}: agrees (1 attempt, 1 call)\n"));
    let shown = place.lockstep(["replay", "latest", "--json"]).expect(0).json();
    assert_eq!((&shown["agrees"], &shown["attempts"][0]["verdict"]), (&true.into(), &"agreed".into()), "{shown}");
    assert_eq!(place.lockstep(["audit", "export", "latest"]).expect(0).stdout, before);
}

#[test]
fn another_component_that_says_something_else_diverges_and_both_sides_are_shown_with_the_place() {
    let place = Place::new();
    place.hello();
    let file = other(&place, "hello", "hello, ", "hallo, ");
    let args = |more: &[&'static str]| {
        let mut args = vec!["replay".to_owned(), "latest".to_owned(), "--file".to_owned(), file.display().to_string()];
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        args
    };
    let ran = place.lockstep(args(&[])).expect(7);
    for part in ["✗ greet: diverges at call greet/1/1", "recorded  log.info `hello, world`", "asked     log.info `hallo, world`"] {
        assert!(ran.stdout.contains(part), "expected `{part}` in {}", ran.stdout);
    }
    assert!(ran.stderr.contains("error[LS0406]"), "{}", ran.stderr);
    let shown = place.lockstep(args(&["--json"])).expect(7).json();
    let divergence = &shown["attempts"][0]["divergence"];
    assert_eq!((&divergence["call"], &shown["error"]["code"]), (&"greet/1/1".into(), &"LS0406".into()), "{shown}");
}

#[test]
fn a_divergence_names_the_line_that_asked_in_every_language_that_is_compiled() {
    let place = Place::new();
    place.hello();
    let cells = [("hello", "rust/src/lib.rs", "src/lib.rs", "info!(", "hello::greet"), ("hello-c", "c/src/hello.c", "src/hello.c", "ls_info(", "greet")];
    for (cell, source, file, asks, function) in cells.into_iter().chain([("hello-go", "go/hello.go", "hello.go", "log.Info(", "main.greet")]) {
        let source = std::fs::read_to_string(root().join("guest-sdk/procedures/hello").join(source)).unwrap();
        let line = source.lines().position(|line| line.contains(asks)).unwrap() + 1;
        let component = other(&place, cell, "hello, ", "hallo, ").display().to_string();
        let shown = place.lockstep(["replay", "latest", "--json", "--file", &component]).expect(7).json();
        assert_eq!(shown["attempts"][0]["divergence"]["position"], format!("{file}:{line} in {function}"), "{shown}");
    }
}

/// Everything that the service and its command were ever asked.
fn asked(site: &Site) -> Vec<String> {
    ["commands.log", "site/state/blue/requests.log", "site/state/green/requests.log"].map(|log| std::fs::read_to_string(site.path(log)).unwrap()).to_vec()
}

#[test]
fn a_deployment_agrees_with_its_component_and_shows_both_sides_to_a_changed_one_and_nobody_is_asked_anything() {
    let site = Site::new(false);
    site.release("2.0.0");
    Ran::from(site.deploy("2.0.0").output().unwrap()).expect(0);
    // Looking how it stands asks as well.
    let stood = site.stands();
    let asked_before = asked(&site);
    let replay = |more: &[&str]| Ran::from(site.lockstep(&[&["replay", "latest"], more].concat()).output().unwrap());
    let shown = replay(&["--json"]).expect(0).json();
    assert_eq!((&shown["agrees"], shown["attempts"].as_array().unwrap().len()), (&true.into(), 14), "{shown}");

    let changed = other(&site.place, "blue-green", "/login", "/logon");
    let ran = replay(&["--file", changed.to_str().unwrap()]).expect(7);
    let side =
        |word: &str, path: &str| ran.stdout.lines().any(|line| line.trim_start().starts_with(word) && line.contains("http.send `POST ") && line.contains(path));
    assert!(ran.stdout.contains("✗ login: diverges at call login/1/"), "{}", ran.stdout);
    assert!(side("recorded", "/login`") && side("asked", "/logon`"), "{}", ran.stdout);
    assert_eq!((asked(&site), site.stands()), (asked_before, stood), "nothing was asked and nothing moved");
}

#[test]
fn a_run_that_was_interrupted_replays_as_far_as_it_went_and_moves_to_a_component_that_agrees() {
    let place = Place::new();
    interrupted(&place).expect(4);
    let ran = place.lockstep(["replay", "latest"]).expect(0);
    assert!(ran.stdout.contains("where its records end"), "{}", ran.stdout);

    let before = place.lockstep(["show", "latest", "--json"]).expect(0).json();
    let planned_otherwise = other(&place, "misbehaving", "Does it", "Did it!");
    let ran = place.lockstep(["migrate", "latest", planned_otherwise.to_str().unwrap(), "--reason", "to see"]).expect(7);
    assert!(ran.stderr.contains("the plan is sha256:") && ran.stdout.contains("step `act` is declared otherwise"), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(place.lockstep(["show", "latest", "--json"]).expect(0).json(), before, "nothing is written");

    let mended = other(&place, "misbehaving", "is nothing I know how to do", "is nothing that I know of..");
    let mended = mended.to_str().unwrap();
    let ran = place.lockstep(["resume", "latest", "--file", mended]).expect(2);
    assert!(ran.stderr.contains("LS0208") && ran.stderr.contains("lockstep migrate"), "{}", ran.stderr);
    place.lockstep(["migrate", "latest", mended]).expect(2);
    let moved = place.lockstep(["migrate", "latest", mended, "--reason", "says it better", "--json"]).expect(0).json();
    assert_eq!(moved["migrated"], true, "{moved}");
    let after = place.lockstep(["show", "latest", "--json"]).expect(0).json();
    assert_eq!(after["component"], moved["component"]);
    assert_ne!(after["component"], before["component"]);
    place.lockstep(["migrate", "latest", mended, "--reason", "once more"]).expect(2);
    // The store has the new bytes: its id is enough to go on with it.
    let tight = place.write("tight.toml", "[limits]\ncalls = 1\n");
    let ran = place.lockstep(["resume", "latest", "--yes", "--env", tight.to_str().unwrap()]).expect(1);
    assert!(ran.stderr.contains("limit.calls"), "{}", ran.stderr);
    place.lockstep(["replay", "latest"]).expect(0);
    place.lockstep(["migrate", "latest", example("misbehaving").to_str().unwrap(), "--reason", "too late"]).expect(2);
}
