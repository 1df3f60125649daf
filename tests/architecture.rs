//! The rules of the house that a machine can check. Each names what to do when it is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::place::root;

/// Which layer a crate is in. It may import lower layers only.
const LAYERS: &[(&str, u8)] = &[
    ("lockstep-model", 0),
    ("lockstep-journal", 1),
    ("lockstep-grant", 1),
    ("lockstep-api", 1),
    ("lockstep-gate", 2),
    ("lockstep-store-sqlite", 2),
    ("lockstep-tls", 2),
    ("lockstep-engine", 3),
    ("lockstep-driver-http", 3),
    ("lockstep-driver-shell", 3),
    ("lockstep-driver-files", 3),
    ("lockstep-driver-db", 3),
    ("lockstep-driver-redis", 3),
    ("lockstep-driver-kube", 3),
    ("lockstep-runtime", 4),
    ("lockstep-rehearsal", 5),
    ("lockstep-cli", 6),
    // For tests only: nothing that ships may import it.
    ("lockstep-testkit", 7),
    ("lockstep-faults", 7),
    ("lockstep-service", 7),
    ("lockstep-tests", 8),
];

/// Libraries that few crates may link, and which.
const OWNED: &[(&str, &[&str])] = &[
    ("wasmtime", &["lockstep-runtime"]),
    ("rusqlite", &["lockstep-driver-db", "lockstep-store-sqlite"]),
    ("cap-std", &["lockstep-driver-shell", "lockstep-driver-files"]),
    ("redis", &["lockstep-driver-redis"]),
    ("kube", &["lockstep-driver-kube"]),
    ("mysql_async", &["lockstep-driver-db"]),
    ("rustls-native-certs", &["lockstep-tls"]),
    ("sqlparser", &["lockstep-grant"]),
    ("tokio-postgres", &["lockstep-driver-db"]),
    ("clap", &["lockstep-cli"]),
    ("wit-component", &["lockstep-cli"]),
];

/// The longest source file, and the longest test.
const LONGEST: usize = 700;
const LONGEST_TEST: usize = 1_200;
/// Half of the files are not longer than this, and nine of ten not longer than that.
const MEDIAN: usize = 200;
const NINE_OF_TEN: usize = 450;

#[test]
fn a_crate_imports_lower_layers_only() {
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(layer) = layers.get(name) else {
            wrong.push(format!("{name} has no layer: give it one in LAYERS"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal) {
            if let Some(below) = layers.get(dependency.name.as_str())
                && below >= layer
            {
                wrong.push(format!("{name} (layer {layer}) imports {} (layer {below})", dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let known: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    assert!(LAYERS.iter().all(|(name, _)| known.contains(name)), "LAYERS names a crate that is gone");
}

#[test]
fn a_library_is_linked_by_its_owner_only() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    for (library, owners) in OWNED {
        let users: Vec<_> = metadata
            .packages
            .iter()
            .filter(|package| !["lockstep-tests", "lockstep-service"].contains(&package.name.as_str()))
            .filter(|package| package.dependencies.iter().any(|dependency| dependency.name == *library && dependency.kind == DependencyKind::Normal))
            .map(|package| package.name.to_string())
            .collect();
        assert_eq!(users, *owners, "{library} belongs to {owners:?}");
    }
}

#[test]
fn files_are_small_and_even() {
    let mut lengths = Vec::new();
    let mut long = Vec::new();
    for file in sources() {
        let lines = read(&file).lines().count();
        let limit = if is_test(&file) { LONGEST_TEST } else { LONGEST };
        if lines > limit {
            long.push(format!("{} has {lines} lines, at most {limit}: find the seam and split", file.display()));
        }
        lengths.push(lines);
    }
    assert!(long.is_empty(), "{long:#?}");
    lengths.sort_unstable();
    assert!(lengths.len() > 50, "the sources were not found");
    assert!(lengths[lengths.len() / 2] <= MEDIAN, "the median file has {} lines", lengths[lengths.len() / 2]);
    assert!(lengths[lengths.len() * 9 / 10] <= NINE_OF_TEN, "nine of ten files: {} lines", lengths[lengths.len() * 9 / 10]);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources().into_iter().filter(|file| !read(file).starts_with("//!")).collect();
    assert!(silent.is_empty(), "without a `//!` line: {silent:#?}");
}

#[test]
fn no_name_says_nothing() {
    let empty = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"];
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|file| file.components().any(|part| empty.contains(&part.as_os_str().to_string_lossy().trim_end_matches(".rs"))))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn lints_are_expected_with_a_reason_and_nothing_is_left_undone() {
    // Put together here, so that this file does not find itself.
    let marks = [["#[", "allow("].concat(), ["#![", "allow("].concat(), ["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[", "ignore"].concat()];
    let mut found = Vec::new();
    for file in sources() {
        for (number, line) in read(&file).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_wildcard_stands_for_our_own_variants_in_the_core() {
    let mut found = Vec::new();
    for folder in ["journal", "grant", "gate", "engine"] {
        for file in rust_files(&root().join("host").join(folder).join("src")) {
            let text = read(&file);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut matched_on = String::new();
            for (number, line) in code.lines().enumerate() {
                if let Some((_, what)) = line.split_once("match ") {
                    matched_on = what.to_owned();
                }
                let ours = ["event", "status", "outcome", "class", "request", "stop", "answer", "decision"];
                if line.trim_start().starts_with("_ =>") && ours.iter().any(|word| matched_on.trim_end_matches(" {").ends_with(word)) {
                    found.push(format!("{}:{}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "a new variant must be thought of here: {found:#?}");
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests") || file.file_name().is_some_and(|name| name == "tests.rs")
}

fn sources() -> Vec<PathBuf> {
    ["host", "guest-sdk", "tests"].iter().flat_map(|folder| rust_files(&root().join(folder))).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                if entry.file_name() != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}
