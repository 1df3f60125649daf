//! How it looks: plain where nobody sits, nothing asked for, a page for every error.

use crate::place::{Place, Ran};
use crate::yard::Yard;

#[test]
fn without_a_terminal_there_is_no_colour_and_no_cursor_movement() {
    let place = Place::new();
    let env = place.write("hello.toml", "");
    let ran = place.lockstep(["run".into(), crate::place::example("hello").into_os_string(), "--env".into(), env.into_os_string()]).expect(0);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("greet"), "progress is talk: {}", ran.stderr);
    assert!(!ran.stdout.contains("greet"), "the result is data: {}", ran.stdout);
}

#[test]
fn every_error_code_has_a_page() {
    let place = Place::new();
    let list = place.lockstep(["explain", "--json"]).expect(0).json();
    let codes: Vec<_> = list.as_array().expect("a list").iter().filter_map(|entry| entry["code"].as_str().map(str::to_owned)).collect();
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        let page = place.lockstep(["explain", &code]).expect(0).stdout;
        assert!(page.lines().count() > 2, "{code}: {page}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.lockstep(["completions", shell]).expect(0).stdout.contains("lockstep"));
    }
}

#[test]
fn everything_can_be_had_as_json() {
    let place = Place::new();
    let run = place.hello();
    for args in [
        &["--version"][..],
        &["--help"],
        &["run", "--help"],
        &["completions", "bash"],
        &["runs"],
        &["show", &run],
        &["replay", &run],
        &["audit", "show", &run],
        &["audit", "verify"],
        &["audit", "checkpoint"],
        &["audit", "prove", "--record", "0"],
        &["explain", "LS0107"],
        &["grant", "explain", "--env", "hello.toml", "GET https://example.com/"],
    ] {
        let value = place.lockstep([args, &["--json"]].concat()).expect(0).json();
        assert!(value.is_object() || value.is_array(), "{args:?}: {value}");
    }
    assert!(place.lockstep(["--version", "--json"]).json()["version"].is_string());
    // Streams have a value a line, and their help says so.
    for args in [&["logs", &run][..], &["audit", "export", &run]] {
        let lines = place.lockstep([args, &["--json"]].concat()).expect(0).stdout;
        assert!(!lines.is_empty() && lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap().is_object()), "{lines}");
        let help = place.lockstep([args, &["--help"]].concat()).expect(0).stdout;
        assert!(help.to_lowercase().contains("one json object a line") || help.contains("one object a line"), "{help}");
    }
}

#[test]
fn no_text_of_a_guest_steers_the_terminal() {
    let yard = Yard::new();
    let ran = yard.misbehave("steering").expect(1);
    let logged = yard.run(&["logs", "latest"]).expect(0).stdout;
    assert!(ran.stderr.matches("2J").count() >= 6 && logged.matches("2J").count() == 4, "the texts are shown: {}\n{logged}", ran.stderr);
    let component = crate::place::example("misbehaving").display().to_string();
    let run = ["--env", "yard.toml", "-p", "how=steering"];
    let mut said = vec![ran];
    for json in [&[][..], &["--json"]] {
        for args in [
            &["show", "latest", "--all"][..],
            &["logs", "latest"],
            &["runs"],
            &["audit", "show", "latest"],
            &["audit", "export", "latest"],
            &["audit", "prove", "--record", "3"],
            &["grant", "explain", "--env", "yard.toml", "GET http://127.0.0.1:1/\u{9b}2J"],
            &["grant", "explain", "--env", "yard.toml", "/usr/bin/\u{202e}env"],
            &[&["plan", &component], &run[..]].concat(),
            &[&["check", &component], &run[..]].concat(),
        ] {
            said.push(yard.run(&[args, json].concat()));
        }
    }
    for Ran { stdout, stderr, .. } in said {
        for text in [stdout, stderr] {
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
        }
    }
}

#[test]
fn the_doctor_measures_the_disk() {
    let place = Place::new();
    let ran = place.lockstep(["doctor"]);
    assert!(ran.stdout.contains("p50") && ran.stdout.contains("p99"), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn the_doctor_has_a_line_for_each_guest_language_with_its_tools_or_how_to_get_them() {
    let place = Place::new();
    let shown = place.lockstep(["doctor"]).expect(0).stdout;
    let empty = Ran::from(place.command().env("PATH", place.path()).arg("doctor").output().unwrap()).stdout;
    for (language, found, way) in [
        ("Rust", "cargo 1.", "https://rustup.rs"),
        ("TypeScript", "node v", "https://nodejs.org"),
        ("Python", "Python 3.", "python3-venv"),
        ("Go", "go1.", "https://go.dev/dl"),
        ("C", "version ", "clang-19"),
    ] {
        let line = |text: &str| text.lines().find(|line| line.split_whitespace().nth(1) == Some(language)).map(str::to_owned).unwrap_or_default();
        assert!(line(&shown).starts_with('✓') && line(&shown).contains(found), "{shown}");
        assert!(line(&empty).starts_with('✗') && line(&empty).contains(way), "{empty}");
    }
}

#[test]
fn the_doctor_says_how_much_compiled_code_is_kept() {
    let place = Place::new();
    place.hello();
    let found = place.lockstep(["doctor", "--json"]).json();
    assert!(found["compiled-components"] == 1 && found["compiled-bytes"].as_u64().unwrap() > 10_000, "{found}");
    let shown = place.lockstep(["doctor"]).stdout;
    assert!(shown.contains("compiled   1 component, ") && shown.contains("beyond 1.0 GiB"), "{shown}");
}

#[test]
fn a_usage_error_exits_with_2() {
    let place = Place::new();
    let ran = place.lockstep(["rnu"]).expect(2);
    assert!(ran.stderr.contains("error[LS0001]") && ran.stderr.contains("run"), "{}", ran.stderr);
}
