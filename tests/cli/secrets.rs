//! No secret in the open: a value that passes through a run is in nothing that the run leaves behind.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::cache::{Redis, grant, url};
use crate::place::{Place, Ran, example, missing, root};
use crate::yard::Yard;

const PLANTED: &str = "pl4nted-s3cret/value";

pub(super) fn grep(folder: &Path, needle: &[u8]) -> Vec<String> {
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

/// `wait` in the middle of a program that takes a while, started by a shell's line before it.
pub(super) struct Holding {
    pub(super) place: Place,
    pub(super) running: Child,
}

impl Holding {
    pub(super) fn start(place: Place, before: &str, parameters: &str) -> Self {
        std::fs::create_dir(place.path().join("marks")).unwrap();
        let plain = place.command();
        let line = format!("{before}; exec \"$0\" run \"$1\" --env grant.toml --yes {parameters}");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).arg(plain.get_program()).arg(example("wait")).current_dir(place.path()).env_clear();
        command.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?)))).stdout(Stdio::null()).stderr(Stdio::null());
        let running = command.spawn().unwrap();
        let mut holding = Self { place, running };
        holding.wait_for(|holding| holding.place.path().join("marks/begun").exists().then_some(()));
        holding
    }

    pub(super) fn wait_for<T>(&mut self, found: impl Fn(&Self) -> Option<T>) -> T {
        loop {
            assert!(self.running.try_wait().unwrap().is_none(), "it ended before that");
            if let Some(found) = found(self) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The program that it waits for.
    fn program(&mut self) -> u32 {
        self.wait_for(|holding| {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", holding.running.id())).unwrap();
            let children = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
            let mut pids = children.flat_map(|line| line.split(' ').filter_map(|pid| pid.parse::<u32>().ok()).collect::<Vec<_>>());
            pids.find(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("sleep") || exe.ends_with("coreutils")))
        })
    }
}

pub(super) fn wait_grant() -> String {
    std::fs::read_to_string(root().join("guest-sdk/procedures/wait/grant.toml")).unwrap()
}

/// Whether a program that is allowed to leaves a core behind on this machine.
pub(super) fn cores_are_written(place: &Place) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -c unlimited && exec /bin/sh -c 'kill -ABRT $$'"]).current_dir(place.path()).status().unwrap().core_dumped()
}

#[test]
fn a_process_that_crashes_leaves_no_core_with_values_in_it() {
    if !cores_are_written(&Place::new()) {
        return missing("cores of programs that crash: `ulimit -c unlimited`");
    }
    for (signal, number) in [("ABRT", 6), ("SEGV", 11)] {
        let place = Place::new();
        plant(&place);
        let mut holding = Holding::start(place, "ulimit -c unlimited", "-p hold=3");
        holding.program();
        let status = loop {
            // A fault that somebody else has sent is taken for one that will be there again, once.
            Command::new("/bin/kill").args([&format!("-{signal}"), &holding.running.id().to_string()]).status().unwrap();
            if let Some(status) = holding.running.try_wait().unwrap() {
                break status;
            }
        };
        assert_eq!((status.signal(), status.core_dumped()), (Some(number), false));
        let left: Vec<_> = std::fs::read_dir(holding.place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("core")), "{left:?}");
    }
}

#[test]
fn a_descriptor_that_lockstep_was_started_with_reaches_no_program() {
    let place = Place::new();
    place.write("grant.toml", wait_grant());
    place.write("planted", PLANTED);
    let mut holding = Holding::start(place, "exec 7<planted 9<planted", "-p hold=3");
    let program = holding.program();
    let open = std::fs::read_dir(format!("/proc/{program}/fd")).unwrap().map(|entry| entry.unwrap());
    let mut numbers: Vec<String> = open.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    numbers.sort();
    assert_eq!(numbers, ["0", "1", "2"]);
    assert!(holding.running.wait().unwrap().success());
}

/// All that can be read of a process's memory; none when only root may.
pub(super) fn memory(pid: u32) -> Option<Vec<u8>> {
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut all = Vec::new();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        // What a file is mapped to and nobody has written holds nothing of a run.
        if rest.starts_with("rw") {
            let mut part = vec![0; usize::try_from(to - from).unwrap()];
            memory.seek(SeekFrom::Start(from)).unwrap();
            let read = memory.read(&mut part).unwrap_or_default();
            all.extend_from_slice(&part[..read]);
        }
    }
    Some(all)
}

/// How often each form is there. In one pass: memory is long, and forms are many.
pub(super) fn found(all: &[u8], forms: &[String]) -> BTreeMap<String, usize> {
    let mut beginning: HashMap<&[u8], Vec<&String>> = HashMap::new();
    let mut begins = [false; 256];
    for form in forms {
        let first = &own(form).as_bytes()[..8];
        begins[usize::from(first[0])] = true;
        beginning.entry(first).or_default().push(form);
    }
    let mut found = BTreeMap::new();
    for (at, window) in all.windows(8).enumerate().filter(|(_, window)| begins[usize::from(window[0])]) {
        for form in beginning.get(window).into_iter().flatten().filter(|form| all[at..].starts_with(own(form).as_bytes())) {
            *found.entry((*form).clone()).or_default() += 1;
        }
    }
    found
}

/// Twenty files with a value each, and a grant that names them.
fn plant(place: &Place) -> Vec<String> {
    let values: Vec<String> = (0..20).map(value).collect();
    std::fs::create_dir(place.path().join("keys")).unwrap();
    let mut grant = wait_grant() + "\n[secrets]\n";
    for (number, value) in values.iter().enumerate() {
        let file = place.write(&format!("keys/V{number:02}"), format!("{value}\n"));
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        grant += &format!("V{number:02} = {{ directory = \"keys\", to = [\"/usr/bin/sleep\"] }}\n");
    }
    place.write("grant.toml", grant);
    values
}

#[test]
fn while_a_run_goes_on_a_value_is_in_its_memory_once_and_in_no_other_form() {
    let place = Place::new();
    let values = plant(&place);
    let mut holding = Holding::start(place, "true", "-p hold=3");
    holding.program();
    let Some(all) = memory(holding.running.id()) else { return missing("the right to read the memory of a process: root has it") };
    assert!(holding.running.wait().unwrap().success());
    // Where it is kept, to be put in.
    let kept: BTreeMap<String, usize> = values.iter().map(|value| (value.clone(), 1)).collect();
    assert_eq!(found(&all, &values.iter().flat_map(|value| forms(value)).collect::<Vec<_>>()), kept);
}

#[test]
fn a_worker_that_has_ended_a_run_has_none_of_its_values_in_memory() {
    let place = Place::new();
    let values = plant(&place);
    std::fs::create_dir(place.path().join("marks")).unwrap();
    let component = example("wait").display().to_string();
    place.lockstep(["run", &component, "--env", "grant.toml", "--yes", "--detach", "-p", "sleep=6"]).expect(5);
    let mut worker = place.command().args(["worker", "--threads", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(worker.stderr.take().unwrap()).lines();
    assert!(said.by_ref().map(Result::unwrap).any(|line| line.contains(": succeeded")), "it woke the run");
    let all = memory(worker.id());
    worker.kill().unwrap();
    worker.wait().unwrap();
    let Some(all) = all else { return missing("the right to read the memory of a process: root has it") };
    assert_eq!(found(&all, &values.iter().flat_map(|value| forms(value)).collect::<Vec<_>>()), BTreeMap::new());
}

/// Asks which value the last run had; the exit code is the answer.
fn used(place: &Place, secret: &str, value: &str) -> Ran {
    let mut command = place.command();
    let mut running = command.args(["audit", "secret", "latest", secret]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    Ran::from(running.wait_with_output().unwrap())
}

#[test]
fn after_a_rotation_the_journal_tells_which_value_a_run_used() {
    let Yard { place } = Yard::new();
    let mut command = place.command();
    command.env("PLANTED", PLANTED).arg("run").arg(example("misbehaving")).args(["--env", "yard.toml", "-p", "how=echo-secret", "--yes"]);
    command.output().unwrap();
    assert!(used(&place, "PLANTED", &format!("{PLANTED}\n")).expect(0).stdout.contains("this value"));
    assert!(used(&place, "PLANTED", "another").expect(1).stdout.contains("another value"));
    assert!(used(&place, "OTHER", PLANTED).expect(2).stderr.contains("no call of run"));
}

#[test]
fn a_value_that_the_grant_places_in_a_connection_is_told_apart_after_a_rotation_as_well() {
    let (place, Some(redis)) = (Place::new(), Redis::start()) else { return };
    place.write("grant.toml", grant());
    let component = example("cache-flush").display().to_string();
    let mut command = place.command();
    let ran: Ran = command.env("REDIS_URL", url(redis.port)).args(["run", &component, "--env", "grant.toml", "--yes"]).output().unwrap().into();
    ran.expect(0);
    used(&place, "REDIS_URL", &url(redis.port)).expect(0);
    used(&place, "REDIS_URL", "redis://:the-one-before@127.0.0.1/0").expect(1);
}

#[test]
fn why_a_secret_has_no_value_is_said_and_never_the_value() {
    let Yard { place } = Yard::new();
    let written = std::fs::read_to_string(place.path().join("yard.toml")).unwrap();
    let file = place.write("PLANTED", PLANTED);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (source, why) in [
        ("env = \"NOT_SET\"", "the variable NOT_SET is not set"),
        ("file = \"none\"", "there is no file"),
        ("directory = \".\"", "may be read by others than its owner"),
        ("command = [\"/bin/false\"]", "/bin/false failed: exit status: 1"),
    ] {
        place.write("changed.toml", written.replace("env = \"PLANTED\"", source));
        let component = example("misbehaving").display().to_string();
        let ran = place.lockstep(["run", &component, "--env", "changed.toml", "-p", "how=echo-secret", "--yes"]);
        assert!(ran.stderr.contains(why) && !ran.stderr.contains(PLANTED), "{source}: {}", ran.stderr);
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let line = format!("command = [\"/bin/cat\", \"{}\"]", file.display());
    for source in ["directory = \".\"", &line] {
        place.write("changed.toml", written.replace("env = \"PLANTED\"", source));
        let component = example("misbehaving").display().to_string();
        let ran = place.lockstep(["run", &component, "--env", "changed.toml", "-p", "how=echo-secret", "--yes"]);
        assert!(ran.stderr.contains("it is {{secret:PLANTED:"), "{source}: {}", ran.stderr);
    }
}

/// Values that nothing else looks like.
pub(super) fn value(number: u32) -> String {
    format!("pl4nted{number:02}/+=~\u{e9}-value")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |three: &[u8]| {
        let bits = three.iter().chain([&0, &0]).take(3).fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        (0..4).map(|at| if at <= three.len() { char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(letters).collect()
}

/// A value as it looks encoded.
pub(super) fn forms(value: &str) -> Vec<String> {
    let hex = |format: fn(u8) -> String| value.bytes().map(format).collect::<String>();
    let percent = |byte: u8| if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let lower = hex(|byte| format!("{byte:02x}"));
    let inner = |before: &str| base64(format!("{before}{value}").as_bytes());
    let url = inner("").replace('+', "-").replace('/', "_");
    vec![
        value.to_owned(),
        lower.to_uppercase(),
        lower,
        value.bytes().map(percent).collect(),
        value.replace('/', "\\/").replace('\u{e9}', "\\u00e9"),
        inner(""),
        url,
        inner("u"),
        inner("us"),
    ]
}

/// What of a form is the value's alone: at other places of base64 the first and the last letters are shared with what stands beside.
pub(super) fn own(form: &str) -> &str {
    &form[4..form.len() - 6]
}

#[test]
fn twenty_values_that_come_back_in_every_form_are_in_nothing_that_a_run_leaves_behind() {
    let (place, Some(redis)) = (Place::new(), Redis::start()) else { return };
    let values: Vec<String> = (0..20).map(value).collect();
    let lines: Vec<String> = values.iter().flat_map(|value| forms(value)).map(|form| format!("SET app:cache:{form} x")).collect();
    redis.ask(&lines);
    let declared: String = (0..20).map(|number| format!("V{number:02} = {{ env = \"V{number:02}\", to = [\"redis.cache\"] }}\n")).collect();
    place.write("grant.toml", grant() + &declared);
    let mut command = place.command();
    command.env("REDIS_URL", url(redis.port)).envs(values.iter().enumerate().map(|(number, value)| (format!("V{number:02}"), value)));
    let component = example("cache-flush").display().to_string();
    let ran: Ran = command.args(["run", &component, "--env", "grant.toml", "--yes"]).output().unwrap().into();
    let ran = ran.expect(0);
    let told = |args: &[&str]| place.lockstep(args).expect(0).stdout;
    let exported = told(&["audit", "export", "latest", "--format", "ndjson"]);
    for number in 0..20 {
        assert!(exported.contains(&format!("{{{{secret:V{number:02}:")), "its marker stands where the value was: {exported}");
    }
    let texts = [ran.stdout, ran.stderr, exported, told(&["show", "latest", "--all"]), told(&["logs", "latest"]), told(&["audit", "show", "latest", "--json"])];
    for value in &values {
        for form in forms(value) {
            let own = own(&form);
            assert!(!texts.iter().any(|text| text.contains(own)), "{form}");
            assert_eq!(grep(&place.path().join("store"), own.as_bytes()), Vec::<String>::new());
        }
    }
}
