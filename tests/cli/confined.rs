//! Programs that are confined: what the launcher takes away before it becomes the program, and that the driver goes through it.

use std::os::unix::fs::PermissionsExt as _;

use crate::place::{Place, Ran, example, missing};
use crate::yard::Yard;

/// What programs of this machine are made of.
const SYSTEM: [&str; 4] = ["read=/usr", "read=/bin", "read=/lib", "read=/etc"];

fn launched(place: &Place, confinement: &[&str], script: &str) -> Ran {
    let system = SYSTEM.iter().filter(|_| confinement.iter().any(|word| word.starts_with("landlock"))).copied();
    let system = system.chain(std::fs::metadata("/lib64").ok().filter(|_| confinement.contains(&"landlock=")).map(|_| "read=/lib64"));
    let words: Vec<&str> = ["internal-exec"].into_iter().chain(confinement.iter().copied()).chain(system).chain(["--", "/bin/sh", "-c", script]).collect();
    place.lockstep(words)
}

fn has_landlock(place: &Place) -> bool {
    place.lockstep(["doctor", "--json"]).json()["landlock"] == true
}

#[test]
fn limits_are_those_of_the_rule_and_no_core_is_written() {
    let place = Place::new();
    let limits = ["memory=1073741824", "cpu=60", "files=64", "file-size=1048576"];
    let ran = launched(&place, &limits, "ulimit -v; ulimit -t; ulimit -n; ulimit -f; ulimit -c");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // In units of 1024 bytes and of blocks of 512.
    assert_eq!(ran.stdout, "1048576\n60\n64\n2048\n0\n");
    let raised = launched(&place, &limits, "ulimit -n 65 || echo refused");
    assert!(raised.stdout.contains("refused") || raised.code != 0, "{}", raised.stdout);
    // Ended by the signal, it has no code.
    assert_eq!(launched(&place, &["file-size=10"], "echo 0123456789abcdef > out; echo went on").code, -1, "it went on after a file was too long");
}

#[test]
fn doctor_says_what_the_kernel_takes_away_from_programs() {
    let place = Place::new();
    let found = place.lockstep(["doctor", "--json"]).json();
    // Without those nothing of this machine would run.
    assert_eq!((&found["no-new-privileges"], &found["limits"]), (&true.into(), &true.into()), "{found}");
    let said = place.lockstep(["doctor"]).stdout;
    for what in ["landlock", "privileges", "limits"] {
        assert!(said.lines().any(|line| line.contains(&format!(" {what}")) && line.contains("the kernel can")), "{what}: {said}");
    }
}

#[test]
fn a_program_reaches_the_files_that_its_rule_names_and_no_others() {
    let place = Place::new();
    if !has_landlock(&place) {
        missing("Landlock in the kernel");
        return;
    }
    std::fs::create_dir(place.path().join("mine")).unwrap();
    place.write("secret", "hidden");
    let write = format!("write={}", place.path().join("mine").display());
    let ran = launched(
        &place,
        &["landlock=", &write],
        "echo here > mine/file && cat mine/file; echo out > other 2>/dev/null || echo refused; cat secret 2>/dev/null || echo hidden-from-it",
    );
    assert_eq!(ran.stdout, "here\nrefused\nhidden-from-it\n", "{}", ran.stderr);
    let within = launched(&place, &["landlock=", &write], "exec 2>/dev/null; sh -c 'cat secret || echo children-too'");
    assert_eq!(within.stdout, "children-too\n");
    let nowhere = launched(&place, &["landlock=", "read=/no/such/place"], "true");
    assert!(nowhere.code == 126 && nowhere.stderr.contains("`/no/such/place` of its `landlock`"), "{}", nowhere.stderr);
}

#[test]
fn a_launcher_becomes_the_pinned_program_or_none() {
    let place = Place::new();
    let file = place.write("tool", "#!/bin/sh\necho it is \"$1\"\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let summed = std::process::Command::new("/usr/bin/sha256sum").arg(&file).output().unwrap();
    let digest = format!("sha256:{}", &String::from_utf8(summed.stdout).unwrap()[..64]);
    let file = file.to_str().unwrap();
    let right = place.lockstep(["internal-exec", "files=64", &format!("digest={digest}"), "--", file, "one"]);
    assert_eq!((right.code, right.stdout.as_str()), (0, "it is one\n"), "{}", right.stderr);
    let other = format!("sha256:{}", "0".repeat(64));
    let wrong = place.lockstep(["internal-exec", "files=64", &format!("digest={other}"), "--", file, "one"]);
    assert!(wrong.code == 126 && wrong.stdout.is_empty() && wrong.stderr.contains("is not the program that the grant pins"), "{}", wrong.stderr);
}

#[test]
fn what_is_no_confinement_starts_nothing() {
    let place = Place::new();
    for words in [
        &["internal-exec"][..],
        &["internal-exec", "nonsense=1", "--", "/bin/true"],
        &["internal-exec", "files=many", "--", "/bin/true"],
        &["internal-exec", "--", "/no/such/program"],
    ] {
        let ran = place.lockstep(words);
        assert!(ran.code == 126 && ran.stderr.starts_with("lockstep could not start it: "), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn a_step_runs_a_program_within_the_limits_of_its_rule() {
    let Yard { place } = Yard::new();
    let grant = std::fs::read_to_string(place.path().join("yard.toml")).unwrap();
    let run = |place: &Place, confinement: &str| -> Ran {
        place.write("confined.toml", grant.replace("args = []\n", &format!("args = []\n{confinement}\n")));
        let mut command = place.command();
        command.env("PLANTED", "pl4nted").arg("run").arg(example("misbehaving")).args(["--env", "confined.toml", "-p", "how=echo-secret", "--yes"]);
        command.output().unwrap().into()
    };
    let within = run(&place, "limits = { memory = \"1GiB\", files = 64, cpu = \"60s\" }");
    assert!(within.stderr.contains("it is {{secret:PLANTED:"), "{}", within.stderr);
    if !has_landlock(&place) {
        missing("Landlock in the kernel");
        return;
    }
    let kept_out = run(&place, "landlock = { read = [] }");
    assert!(kept_out.stderr.contains("was not started") && kept_out.stderr.contains("shell.start"), "{}", kept_out.stderr);
}
