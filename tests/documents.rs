//! The documents say what is so: README's blocks run, ARCHITECTURE's invariants name tests that exist.

use std::path::Path;

use crate::place::{example, lockstep, root};

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// An invariant, the tests that hold it, and what they were seen red with.
fn invariants() -> Vec<[String; 3]> {
    let architecture = read("ARCHITECTURE.md");
    let table = architecture.split("## Invariants").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| invariant"));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(|row| cells(row).try_into().unwrap_or_else(|_| panic!("not three columns: {row}"))).collect()
}

#[test]
fn every_invariant_names_a_test_that_exists_and_the_fault_it_was_seen_red_with() {
    let rows = invariants();
    assert!(rows.len() >= 8, "the table of invariants was not found");
    let mut sources = String::new();
    gather(&root().join("host"), &mut sources);
    gather(&root().join("tests"), &mut sources);
    for [invariant, held_by, seen_red_with] in rows {
        let tests: Vec<_> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test holds: {invariant}");
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "no test is named {test}");
        }
        assert!(seen_red_with.split(' ').count() >= 3, "plant a fault, see its tests red, and say which it was: {invariant}");
    }
}

fn gather(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_readme_shows_what_really_happens() {
    let place = tempfile::TempDir::new().unwrap();
    let store = place.path().join("store");
    // The blocks run in the checkout and name these two.
    let _ = (example("hello"), example("misbehaving"));
    std::env::set_current_dir(root()).unwrap();
    trycmd::TestCases::new()
        .case(root().join("README.md"))
        .register_bin("lockstep", lockstep())
        .env("LOCKSTEP_STORE", store.display().to_string())
        .env("NO_COLOR", "1");
}

/// Documents that show procedures, and the examples that each shows.
const SHOWN: &[(&str, &[&str])] = &[("README.md", &["hello", "restart"]), ("guest-sdk/GUIDE.md", &["restart"])];

/// What a fence calls a language, and the file of an example in it.
const FENCES: &[(&str, &str)] =
    &[("rust", "rust/src/lib.rs"), ("typescript", "typescript/src/main.ts"), ("python", "python/src/main.py"), ("go", "go/{}.go"), ("c", "c/src/{}.c")];

#[test]
fn the_procedures_in_the_documents_are_those_of_examples_that_are_built() {
    for (document, cases) in SHOWN {
        let text = read(document);
        for (fence, file) in FENCES {
            let blocks: Vec<_> = text.split(&format!("```{fence}\n")).skip(1).filter_map(|rest| rest.split("```").next()).collect();
            assert!(!blocks.is_empty(), "{document} shows no procedure in {fence}");
            let files = cases.iter().map(|case| format!("guest-sdk/procedures/{case}/{}", file.replace("{}", case)));
            let sources: Vec<_> = files.map(|file| read(&file)).collect();
            for block in blocks {
                let shown = sources.iter().any(|source| source.contains(block.trim_end()));
                assert!(shown, "{document} shows what is in none of the examples {cases:?}:\n{block}");
            }
        }
    }
}

#[test]
fn the_grant_and_the_scenario_in_the_guide_are_those_of_its_example() {
    let guide = read("guest-sdk/GUIDE.md");
    let blocks: Vec<_> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2, "a grant file and a scenario");
    for (block, file) in blocks.iter().zip(["grant.toml", "scenarios/comes-back.toml"]) {
        assert!(read(&format!("guest-sdk/procedures/restart/{file}")).contains(block.trim_end()), "the guide shows another {file}:\n{block}");
    }
}

#[test]
fn the_grant_in_the_readme_parses() {
    let readme = read("README.md");
    let grant = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a grant");
    let place = crate::place::Place::new();
    place.write("readme.toml", grant);
    let mut check = place.command();
    check.env("DEPLOY_KEY", "something").env("SHOP_DB", "something").arg("check").arg(example("hello")).args(["--env", "readme.toml"]);
    crate::place::Ran::from(check.output().unwrap()).expect(0);
}

#[test]
fn every_verb_is_in_the_readme_or_its_own_help() {
    let help = std::process::Command::new(lockstep()).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for verb in [
        "new",
        "build",
        "inspect",
        "check",
        "plan",
        "simulate",
        "test",
        "run",
        "resume",
        "undo",
        "pause",
        "cancel",
        "retry",
        "skip",
        "mark-done",
        "resolve",
        "replay",
        "migrate",
        "tick",
        "worker",
        "lease",
        "runs",
        "show",
        "logs",
        "audit",
        "grant",
        "store",
        "doctor",
        "explain",
        "completions",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(verb)), "`lockstep --help` does not name {verb}");
    }
}

#[test]
fn the_scripts_say_what_they_are_for() {
    for entry in std::fs::read_dir(root().join("scripts")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("# ")), "{} does not say what it is for", path.display());
        }
    }
}
