//! No secret in the open: a value that passes through a run is in nothing that the run leaves behind.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::place::{Place, example, root};
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

#[test]
fn a_process_that_crashes_leaves_no_core_with_values_in_it() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("marks")).unwrap();
    let grant = std::fs::read_to_string(root().join("guest-sdk/procedures/wait/grant.toml")).unwrap();
    place.write("grant.toml", grant.replace("@ROOT@/marks", "marks"));
    let plain = place.command();
    let line = r#"ulimit -c unlimited; exec "$0" run "$1" --env grant.toml --yes -p hold=3"#;
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", line]).arg(plain.get_program()).arg(example("wait")).current_dir(place.path()).env_clear();
    command.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?)))).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = command.spawn().unwrap();
    while !place.path().join("marks/begun").exists() {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let killed = std::process::Command::new("/bin/sh").args(["-c", &format!("kill -ABRT {}", running.id())]).status().unwrap();
    assert!(killed.success());
    let status = running.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
}
