//! `logs --follow`: another process's run, as it goes on.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::place::Ran;
use crate::yard::{Yard, allowing_env};

/// Follows the run; gives the process and the first line it printed: from then on it listens to signals.
fn following(yard: &Yard, run: &str) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = yard.place.command().args(["logs", run, "-f", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    (child, lines, first)
}

#[test]
fn what_another_process_adds_is_followed_until_the_run_has_ended() {
    let yard = Yard::new();
    let run = yard.paused();
    let (mut child, lines, first) = following(&yard, &run);
    assert!(first.contains("wrote it"), "{first}");
    yard.write("yard.toml", allowing_env);
    let ran: Ran = yard.place.lockstep(["resume", &run, "--env", "yard.toml"]);
    ran.expect(0);
    let more: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(&line.unwrap()).expect("one value a line")).collect();
    assert!(child.wait().unwrap().success());
    let texts: Vec<_> = more.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert!(texts.last() == Some(&"asked for it") && !texts.contains(&"wrote it"), "new lines only: {texts:?}");
}

#[test]
fn following_ends_well_when_the_operator_ends_it() {
    let yard = Yard::new();
    let run = yard.paused();
    let (mut child, _lines, _) = following(&yard, &run);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}
