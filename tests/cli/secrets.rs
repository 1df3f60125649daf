//! No secret in the open: a value that passes through a run is in nothing that the run leaves behind.

use std::path::Path;

use crate::place::example;
use crate::yard::Yard;

const PLANTED: &str = "pl4nted-s3cret/value";

fn grep(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(grep(&path, needle));
        } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_value_that_a_program_prints_is_nowhere_in_store_or_output() {
    let Yard { place } = Yard::new();
    let mut command = place.command();
    command.env("PLANTED", PLANTED).arg("run").arg(example("misbehaving")).args(["--env", "yard.toml"]);
    let ran: crate::place::Ran = command.args(["-p", "how=echo-secret", "--yes"]).output().unwrap().into();
    assert!(ran.stderr.contains("it is {{secret:PLANTED:"), "the program got and printed it: {}", ran.stderr);
    let shown = place.lockstep(["show", "latest", "--json"]).stdout;
    let exported = place.lockstep(["audit", "export", "latest", "--format", "ndjson"]).stdout;
    for text in [&ran.stdout, &ran.stderr, &shown, &exported] {
        assert!(!text.contains(PLANTED), "{text}");
    }
    assert_eq!(grep(&place.path().join("store"), PLANTED.as_bytes()), Vec::<String>::new());
}
