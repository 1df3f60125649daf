//! Twenty planted values of every source that a machine has by itself: nothing that a run leaves behind, shows or has in memory while it waits has one of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};

use super::secrets::{Holding, forms, found, grep, memory, own, value, wait_grant};
use crate::place::{Place, Ran, example, missing, root};

/// The values, what declares them for `to`, and the variables that some of them come from. Each source has a few.
fn planted(place: &Place, to: &str) -> (Vec<String>, String, Vec<(String, String)>) {
    let (values, mut declared, mut variables): (Vec<String>, _, _) = ((0..20).map(value).collect(), "\n[secrets]\n".to_owned(), Vec::new());
    fs::create_dir(place.path().join("keys")).unwrap();
    for (number, value) in values.iter().enumerate() {
        let id = format!("V{number:02}");
        let file = place.write(&format!("keys/{id}"), format!("{value}\n"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let source = match number % 4 {
            0 => "directory = \"keys\"".to_owned(),
            1 => format!("file = \"keys/{id}\""),
            2 => format!("command = [\"/bin/cat\", \"{}\"]", file.display()),
            _ => format!("env = \"{id}\""),
        };
        if source.starts_with("env") {
            variables.push((id.clone(), value.clone()));
        }
        declared += &format!("{id} = {{ {source}, to = [\"{to}\"] }}\n");
    }
    (values, declared, variables)
}

/// Every form of every value, on lines so long that all of them together take many reads.
fn spill(values: &[String]) -> String {
    values.iter().flat_map(|value| forms(value)).map(|form| format!("{form}{}\n", ".".repeat(997))).collect()
}

#[test]
fn what_programs_spill_of_twenty_values_of_every_source_in_pieces_is_in_no_artifact_report_log_error_or_record() {
    let place = Place::new();
    for folder in ["in", "out"] {
        fs::create_dir(place.path().join(folder)).unwrap();
    }
    place.write("in/dump", "rows\n");
    // Seven bytes at a time: no form comes in one piece. The first goes into an artifact and the log, the second fails with all of it.
    let spills = "cd \"${0%/*}\"; dd bs=7 if=spill status=none; dd bs=7 if=spill status=none >&2";
    for (name, script) in [("filter", spills.to_owned()), ("serve", format!("{spills}; exit 1"))] {
        let program = place.write(name, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (values, declared, variables) = planted(&place, &place.path().join("filter").display().to_string());
    let spilled = place.write("spill", spill(&values));
    let grant = fs::read_to_string(root().join("guest-sdk/procedures/carry/grant.toml")).unwrap();
    let grant = grant.replace("@ROOT@", place.path().to_str().unwrap()).replace("@MIRROR@", "127.0.0.1:9");
    place.write("carry.toml", grant + &declared);
    let mut command = place.command();
    let ran: Ran = command.envs(variables).arg("run").arg(example("carry")).args(["--env", "carry.toml", "--yes"]).output().unwrap().into();
    let ran = ran.expect(6);
    let told = |args: &[&str]| place.lockstep(args).expect(0).stdout;
    let result = told(&["artifacts", "get", "latest", "result"]);
    assert_eq!(result.lines().count(), fs::read_to_string(&spilled).unwrap().lines().count());
    for (line, number) in result.lines().zip((0..20).flat_map(|number| [number; 9])) {
        assert!(line.contains(&format!("{{{{secret:V{number:02}:")), "its marker stands where the value was: {}", &line[..120.min(line.len())]);
    }
    let exported = told(&["audit", "export", "latest", "--format", "ndjson"]);
    let shown =
        [told(&["show", "latest", "--all"]), told(&["show", "latest", "--json"]), told(&["logs", "latest"]), told(&["audit", "show", "latest", "--json"])];
    assert!(ran.stderr.contains("{{secret:V") && exported.contains("{{secret:V"), "they are told, with markers");
    let texts = [ran.stdout, ran.stderr, exported, result].into_iter().chain(shown).collect::<Vec<_>>();
    // What the test itself has put there.
    fs::remove_file(spilled).unwrap();
    fs::remove_dir_all(place.path().join("keys")).unwrap();
    for form in values.iter().flat_map(|value| forms(value)) {
        assert!(!texts.iter().any(|text| text.contains(own(&form))), "{form}");
        assert_eq!(grep(place.path(), own(&form).as_bytes()), Vec::<String>::new(), "{form}");
    }
}

/// Stops a process where it is, and lets it end when this is dropped.
struct Stopped(u32);

impl Stopped {
    fn now(running: &Child) -> Self {
        signal("STOP", running.id());
        Self(running.id())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", self.0);
    }
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("/bin/sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap().success());
}

#[test]
fn a_run_that_waits_has_no_value_in_memory_though_its_process_sits_there() {
    let place = Place::new();
    // All but those that come from the environment, which the kernel keeps for whoever started Lockstep.
    let (values, declared, variables) = planted(&place, "/usr/bin/sleep");
    place.write("grant.toml", wait_grant() + &declared);
    let mut holding = Holding::start(place, "true", "-p hold=1 -p sleep=3600");
    holding.wait_for(|holding| holding.place.lockstep(["runs", "--json"]).stdout.contains("\"waiting").then_some(()));
    let stopped = Stopped::now(&holding.running);
    let all = memory(holding.running.id());
    drop(stopped);
    holding.running.kill().unwrap();
    holding.running.wait().unwrap();
    let Some(all) = all else { return missing("the right to read the memory of a process: root has it") };
    assert!(!variables.is_empty());
    let forms: Vec<String> = values.iter().flat_map(|value| forms(value)).collect();
    assert_eq!(found(&all, &forms), BTreeMap::new());
}
