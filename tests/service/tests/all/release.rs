//! Released versions: a copy of the binary with `VERSION` and perhaps `BROKEN` beside it.

use crate::place::{Place, free_port, get};

fn release(place: &Place, name: &str, files: &[(&str, &str)]) -> String {
    let dir = place.path(name);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_lockstep-service"), dir.join("service")).unwrap();
    for (file, text) in files {
        std::fs::write(dir.join(file), text).unwrap();
    }
    dir.to_str().unwrap().to_owned()
}

#[test]
fn a_release_is_what_its_files_say() {
    let place = Place::new();
    let dir = release(&place, "r1", &[("VERSION", "2.0.0\n"), ("BROKEN", "login\n")]);
    let port = free_port();
    let ran = place.try_start("blue", &["start", "--port", &port.to_string(), "--release", &dir]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(get(port, "/version").json()["version"], "2.0.0");
    assert_eq!(get(port, "/switches").json()["login_broken"], true);
    let runs = std::fs::read_link(format!("/proc/{}/exe", place.pid("blue")));
    // Only where there is a /proc.
    if let Ok(runs) = runs {
        assert_eq!(runs, std::fs::canonicalize(dir).unwrap().join("service"));
    }
}

#[test]
fn a_binary_started_from_its_release_reads_the_files_beside_it() {
    let place = Place::new();
    let dir = release(&place, "r1", &[("VERSION", "3.1.0")]);
    let port = free_port();
    let state = place.path("blue");
    let start = ["start", "--port", &port.to_string(), "--state", state.to_str().unwrap()];
    let ran = std::process::Command::new(format!("{dir}/service")).args(start).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(get(port, "/version").json()["version"], "3.1.0");
    assert_eq!(place.stop("blue").out.trim(), "stopped");
}

#[test]
fn the_command_line_wins_over_the_release() {
    let place = Place::new();
    let dir = release(&place, "r1", &[("VERSION", "2.0.0"), ("BROKEN", "crash")]);
    let port = place.start("blue", "9", &["--release", &dir, "--broken", "slow=1"]);
    assert_eq!(get(port, "/version").json()["version"], "9");
}

#[test]
fn a_release_that_is_not_whole_is_refused() {
    let place = Place::new();
    let without_version = release(&place, "r1", &[]);
    let unknown_mode = release(&place, "r2", &[("VERSION", "1"), ("BROKEN", "helth")]);
    std::fs::create_dir(place.path("r3")).unwrap();
    for (dir, said) in [(&*without_version, "no version"), (&unknown_mode, "`helth` is none of"), ("r3", "there is no program")] {
        let ran = place.try_start("blue", &["start", "--port", "1024", "--release", dir]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}
