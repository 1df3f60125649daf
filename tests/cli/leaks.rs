//! Twenty planted values of every source, of the machine, a cluster and answers: nothing that a run leaves behind, shows or has in memory while it waits has one of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::secrets::{Holding, cores_are_written, forms, found, grep, memory, own, value, wait_grant};
use crate::kube::Cluster;
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

/// Twenty values, ten in a Secret of a cluster and ten that a far side hands out when it is asked, and which shows all of them in every form.
struct Planted {
    cluster: Cluster,
    values: Vec<String>,
    far: String,
    /// Whether it has been asked to show them.
    asked: Arc<AtomicBool>,
}

impl Planted {
    /// `silent`: it does not answer when it is asked to show them.
    fn new(silent: bool) -> Option<Self> {
        let cluster = Cluster::new()?;
        let values: Vec<String> = (0..20).map(value).collect();
        let (kept, handed) = values.split_at(10);
        let literals: Vec<String> = kept.iter().enumerate().map(|(number, value)| format!("--from-literal=K{number:02}={value}")).collect();
        let mut create = vec!["create", "secret", "generic", "planted", "-n", &cluster.namespace];
        create.extend(literals.iter().map(String::as_str));
        cluster.kubectl(&create);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = format!("http://{}", listener.local_addr().unwrap());
        let shown: String = values.iter().flat_map(|value| forms(value)).map(|form| format!("{form}\n")).collect();
        let asked = Arc::new(AtomicBool::new(false));
        let answers = [serde_json::to_string(&handed[..5]).unwrap(), serde_json::to_string(&handed[5..]).unwrap(), shown];
        let heard = asked.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let head: Vec<String> = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let says = |what: &str| head.first().is_some_and(|line| line.starts_with(what));
                let shows = says("GET /echo");
                heard.fetch_or(shows, Ordering::SeqCst);
                if shows && silent {
                    let _ = stream.read(&mut [0]);
                    continue;
                }
                let body = &answers[if shows { 2 } else { usize::from(says("POST /login/5")) }];
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            }
        });
        let planted = Self { cluster, values, far, asked };
        planted.grant();
        Some(planted)
    }

    fn grant(&self) {
        let Self { cluster, far, .. } = self;
        let grant = fs::read_to_string(root().join("guest-sdk/procedures/misbehaving/grant.toml")).unwrap();
        let http = format!("allow = [\"POST {far}/login/*\", \"GET {far}/echo\"]\nprivate-addresses = [\"127.0.0.1/32\"]");
        let declared: String = (0..10)
            .map(|number| {
                let kept = format!("K{number:02} = {{ kube = \"{}/planted\", key = \"K{number:02}\", to = [\"/bin/cat\"] }}", cluster.namespace);
                format!("{kept}\nC{number:02} = {{ capture = true, to = [\"/bin/cat\"] }}\n")
            })
            .collect();
        let access = format!("[kube]\nkubeconfig = \"{}\"\ncontext = \"admin\"\n", cluster.kubeconfig);
        let grant = grant.replace("allow = [\"GET http://127.0.0.1:1/**\"]", &http).replace("[secrets]\n", &format!("{access}\n[secrets]\n{declared}"));
        cluster.place.write("planted.toml", grant.replace("@ROOT@", cluster.place.path().to_str().unwrap()).replace("step = \"3s\"", "step = \"1m\""));
    }

    /// What runs, after a shell's line.
    fn command(&self, before: &str) -> Command {
        let plain = self.cluster.place.command();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{before}; exec \"$0\" run \"$@\"")]).arg(plain.get_program()).arg(example("misbehaving"));
        command.args(["--env", "planted.toml", "--yes", "-p", "how=echo-captured", "-p", &format!("far={}", self.far)]);
        command.current_dir(self.cluster.place.path()).env_clear().envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.env("PLANTED", "of no matter here");
        command
    }

    /// None of them, in no form, in any file or any of these texts.
    fn are_nowhere(&self, texts: &[String]) {
        for form in self.values.iter().flat_map(|value| forms(value)) {
            assert!(!texts.iter().any(|text| text.contains(own(&form))), "{form}");
            assert_eq!(grep(self.cluster.place.path(), own(&form).as_bytes()), Vec::<String>::new(), "{form}");
        }
    }
}

#[test]
fn what_comes_back_of_values_of_a_cluster_and_of_captured_ones_is_in_nothing_that_a_run_leaves_behind() {
    let Some(planted) = Planted::new(false) else { return };
    let ran: Ran = planted.command("true").output().unwrap().into();
    let ran = ran.expect(6);
    let told = |args: &[&str]| planted.cluster.place.lockstep(args).expect(0).stdout;
    let exported = told(&["audit", "export", "latest", "--format", "ndjson"]);
    for number in 0..10 {
        for id in [format!("K{number:02}"), format!("C{number:02}")] {
            assert!(exported.contains(&format!("{{{{secret:{id}:")), "its marker stands where the value was: {exported}");
        }
    }
    assert!(ran.stderr.contains("so it said: ") && ran.stderr.contains("{{secret:K00:") && ran.stderr.contains("{{secret:C00:"), "{}", ran.stderr);
    let shown =
        [told(&["show", "latest", "--all"]), told(&["show", "latest", "--json"]), told(&["logs", "latest"]), told(&["audit", "show", "latest", "--json"])];
    planted.are_nowhere(&[ran.stdout, ran.stderr, exported].into_iter().chain(shown).collect::<Vec<_>>());
}

#[test]
fn a_process_that_crashes_with_values_of_a_cluster_and_captured_ones_leaves_no_core_and_none_of_them_behind() {
    if !cores_are_written(&Place::new()) {
        return missing("cores of programs that crash: `ulimit -c unlimited`");
    }
    let Some(planted) = Planted::new(true) else { return };
    let mut running = planted.command("ulimit -c unlimited").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !planted.asked.load(Ordering::SeqCst) {
        assert!(running.try_wait().unwrap().is_none(), "it ended before that");
        std::thread::yield_now();
    }
    let in_memory = memory(running.id()).map(|all| found(&all, &planted.values).len());
    signal("ABRT", running.id());
    let ended = running.wait_with_output().unwrap();
    assert_eq!((ended.status.signal(), ended.status.core_dumped()), (Some(6), false));
    assert!(in_memory.is_none_or(|values| values == 20), "it has them all, to put them in: {in_memory:?}");
    let left: Vec<_> = fs::read_dir(planted.cluster.place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("core")), "{left:?}");
    planted.are_nowhere(&[ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()));
}
