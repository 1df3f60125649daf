//! What the binary costs as a whole process: a cold run of `hello` beside `/bin/true`, and the memory that a run takes.
//!
//! The difference and the size count; both commands take turns, so that a slow moment of the machine meets both.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a program of its own that measures and prints a table")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TURNS: usize = 40;

fn main() {
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let (lockstep, hello) = (built.join("lockstep"), built.join("../guests/hello.wasm"));
    if !lockstep.exists() || !hello.exists() {
        println!("whole: lockstep or hello is missing: run scripts/bench, which builds them");
        return;
    }
    let place = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let grant = place.path().join("hello.toml");
    std::fs::write(&grant, "").unwrap();
    let run = || command(&lockstep, &hello, &grant, place.path());
    let nothing = || Command::new("/bin/true");

    // The first run compiles the component and makes the store.
    timed(run());
    let (mut runs, mut nothings) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        runs.push(timed(run()));
        nothings.push(timed(nothing()));
    }
    let (run_time, nothing_time) = (median(&mut runs), median(&mut nothings));
    println!("cold `lockstep run hello`, component cached   {:>8.1} ms", milliseconds(run_time));
    println!("/bin/true                                     {:>8.1} ms", milliseconds(nothing_time));
    println!("more than /bin/true (target: under 30 ms)     {:>8.1} ms", milliseconds(run_time.saturating_sub(nothing_time)));
    if let Some(peak) = peak_memory(&lockstep, &hello, &grant, place.path()) {
        println!("memory of the run (target: under 64 MB)       {peak:>8.1} MB");
    }
}

fn command(lockstep: &Path, hello: &Path, grant: &Path, place: &Path) -> Command {
    let mut command = Command::new(lockstep);
    command.arg("run").arg(hello).arg("--env").arg(grant).arg("--store").arg(place.join("store")).arg("--quiet");
    command
}

fn timed(mut command: Command) -> Duration {
    let began = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    began.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The largest resident size, as the kernel counts it for a child that has ended: asked of a shell, which has no other child.
fn peak_memory(lockstep: &Path, hello: &Path, grant: &Path, place: &Path) -> Option<f64> {
    let time: PathBuf = "/usr/bin/time".into();
    if !time.exists() {
        return sampled_memory(command(lockstep, hello, grant, place));
    }
    let inner = command(lockstep, hello, grant, place);
    let output = Command::new(time).args(["-f", "%M"]).arg(inner.get_program()).args(inner.get_args()).stdout(Stdio::null()).output().ok()?;
    let kilobytes: f64 = String::from_utf8(output.stderr).ok()?.trim().lines().last()?.parse().ok()?;
    Some(kilobytes / 1_024.0)
}

/// Without `/usr/bin/time`: the high-water mark while it runs, read as fast as it goes.
fn sampled_memory(mut command: Command) -> Option<f64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().ok()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = peak.max(line.unwrap_or(0.0) / 1_024.0);
    }
    Some(peak)
}
