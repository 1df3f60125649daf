//! One procedure, one journal: every scenario of every example gives the same records in every language that the example is written in.
//!
//! A rehearsal has its own clock and its own randomness, so that what is left to differ is what the component is: its digest, and the hashes of the records
//! that follow from it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::place::{Place, Ran, compiled, example, root};

/// The languages that an example may be written in, beside Rust, which the others are compared with. By the names of their folders.
const LANGUAGES: &[&str] = &["typescript", "python", "go", "c"];

/// Interfaces that need no grant, as WASI does not, which is virtual: a language that always imports them asks an operator for nothing more.
const NO_GRANT: &[&str] = &["types", "plan", "run", "log", "clock", "random", "artifact"];

/// Examples that are not there in every language: which are missing, and why.
const MISSING: &[(&str, &[&str], &str)] = &[
    ("misbehaving", LANGUAGES, "it is for the tests of the host"),
    ("cache-flush", &["python"], "its component takes long to make, and `every-call` makes its calls"),
    ("kube-rollout", &["python"], "its component takes long to make, and `every-call` makes its calls"),
    ("compose-release", &["python"], "its component takes long to make, and `blue-green` asks for the same"),
    ("carry", LANGUAGES, "it is for the sizes of artifacts, and `every-call` makes its calls"),
];

/// The example whose failures speak each language's own words, and what it says in all of them.
const OWN_WORDS: (&str, &str) = ("astray", "the cup is empty");

/// The example that every law is held against in every language, and not in Rust alone.
const LAWFUL: &str = "crash";

/// The sorted names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The records of one scenario, played with one component.
fn journal(place: &Place, component: &Path, scenario: &Path) -> Vec<Value> {
    let file = place.path().join("journal.ndjson");
    let args = ["simulate".as_ref(), component, "--scenario".as_ref(), scenario, "--journal".as_ref(), &*file].map(Path::as_os_str);
    let ran = Ran::from(place.command().args(args).env("LOCKSTEP_STORE", compiled()).output().unwrap());
    assert!(!ran.stderr.contains("error[LS06"), "{}: {}", component.display(), ran.stderr);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}: {}", component.display(), ran.stderr));
    std::fs::remove_file(&file).unwrap();
    text.lines().map(|line| same_for_all(serde_json::from_str(line).unwrap())).collect()
}

/// Without what a component's bytes decide.
fn same_for_all(mut record: Value) -> Value {
    for follows in ["hash", "prev"] {
        assert!(record.as_object_mut().unwrap().remove(follows).is_some(), "{record}");
    }
    if record["kind"] == "RunCreated" {
        assert!(record["body"].as_object_mut().unwrap().remove("component").is_some(), "{record}");
    }
    record
}

/// Without what a language says in its own words: the messages of failures, wherever they are told.
fn same_words(records: Vec<Value>) -> Vec<Value> {
    let mut messages: Vec<String> = records.iter().filter_map(|record| record.pointer("/body/failure/detail/message")).map(Value::to_string).collect();
    // One may begin with another.
    messages.sort_by_key(|message| std::cmp::Reverse(message.len()));
    let plain = |record: &Value| {
        let without = |text: String, message: &String| text.replace(&message[1..message.len() - 1], "…");
        serde_json::from_str(&messages.iter().fold(record.to_string(), without)).unwrap()
    };
    records.iter().map(plain).collect()
}

/// What is wrong with the journals of one example in one language.
fn differences(place: &Place, case: &str, component: &Path) -> Vec<String> {
    let scenarios = root().join("guest-sdk/procedures").join(case).join("scenarios");
    let mut found = Vec::new();
    for scenario in names(&scenarios) {
        let file = scenarios.join(&scenario);
        let (mut rust, mut other) = (journal(place, &example(case), &file), journal(place, component, &file));
        if case == OWN_WORDS.0 {
            if !other.iter().any(|record| record.to_string().contains(OWN_WORDS.1)) {
                found.push(format!("{}, {scenario}: nowhere is `{}` said", component.display(), OWN_WORDS.1));
            }
            (rust, other) = (same_words(rust), same_words(other));
        }
        let first = rust.iter().zip(&other).find(|(rust, other)| rust != other);
        if let Some((rust, other)) = first {
            found.push(format!("{}, {scenario}:\n  rust  {rust}\n  found {other}", component.display()));
        } else if rust.len() != other.len() {
            found.push(format!("{}, {scenario}: {} records, {} in Rust", component.display(), other.len(), rust.len()));
        }
    }
    found
}

#[test]
fn every_example_gives_the_same_journal_in_every_language() {
    let place = Place::new();
    let (mut cells, mut absent, mut different) = (0, Vec::new(), Vec::new());
    let cases = names(&root().join("guest-sdk/procedures"));
    for case in &cases {
        let missing = |language: &&&str| MISSING.iter().any(|(of, languages, _)| of == case && languages.contains(language));
        for language in LANGUAGES.iter().filter(|language| !missing(language)) {
            if !root().join("guest-sdk/procedures").join(case).join(language).is_dir() {
                absent.push(format!("{case}/{language}"));
                continue;
            }
            cells += 1;
            different.extend(differences(&place, case, &cell(case, language)));
        }
    }
    assert!(different.is_empty(), "{} differences:\n{}", different.len(), different.join("\n"));
    assert!(cells > 0 && absent.is_empty(), "{cells} cells give the journal of Rust; {} are missing: {}", absent.len(), absent.join(", "));
}

#[test]
fn a_crash_at_any_append_comes_to_the_same_end_in_every_language() {
    let place = Place::new();
    for language in LANGUAGES {
        let (folder, component) = (root().join("guest-sdk/procedures").join(LAWFUL), cell(LAWFUL, language));
        let args = ["test".as_ref(), folder.as_path(), "--file".as_ref(), &component, "--json".as_ref()].map(Path::as_os_str);
        let tested = Ran::from(place.command().args(args).env("LOCKSTEP_STORE", compiled()).output().unwrap()).expect(0).json();
        let crashes =
            tested["scenarios"].as_array().unwrap().iter().flat_map(|scenario| scenario["laws"].as_array().unwrap()).filter(|law| law["law"] == "crash");
        let tried: u64 = crashes.map(|law| law["tried"].as_u64().unwrap()).sum();
        assert!(tested["broken"] == 0 && tried > 40, "{language}: {tried} crashes: {tested}");
    }
}

/// The component of an example in a language. `scripts/test` builds them all first.
fn cell(case: &str, language: &str) -> PathBuf {
    example(&format!("{case}-{language}"))
}

#[test]
fn no_language_needs_more_of_a_grant_than_rust() {
    let place = Place::new();
    let imports = |component: &Path| {
        let shown = place.lockstep(["inspect".as_ref(), component, "--json".as_ref()].map(Path::as_os_str)).expect(0).json();
        shown["imports"].as_array().unwrap_or_else(|| panic!("no imports in {shown}")).clone()
    };
    let free = |import: &str| import.starts_with("wasi:") || NO_GRANT.iter().any(|free| import.contains(&format!("/{free}@")));
    let granted = |import: &Value| !free(import.as_str().unwrap());
    for case in names(&root().join("guest-sdk/procedures")) {
        for language in LANGUAGES.iter().filter(|language| root().join("guest-sdk/procedures").join(&case).join(language).is_dir()) {
            let (rust, other) = (imports(&example(&case)), imports(&cell(&case, language)));
            let more: Vec<_> = other.iter().filter(|import| granted(import) && !rust.contains(import)).collect();
            assert!(more.is_empty(), "{case} in {language} imports {more:?} as well");
        }
    }
}
