//! Where the servers are that `scripts/servers` has started.

use std::io::Write;

/// The value of `LOCKSTEP_TEST_<name>`: where a server of that name is, as `scripts/servers up` has printed it.
///
/// One rule for all: what cannot run here is printed as missing and counted, never silently passed. Without the variable this prints `missing: …`, past the
/// test's captured output, and the test returns; `scripts/test` starts the servers first and counts those that cannot be had.
///
/// ```no_run
/// let Some(postgres) = lockstep_faults::server("POSTGRES") else { return };
/// ```
///
/// # Panics
///
/// Without the variable under `CI=true`: there nothing may be missing.
#[track_caller]
pub fn server(name: &str) -> Option<String> {
    let variable = format!("LOCKSTEP_TEST_{name}");
    let address = std::env::var(&variable).ok().filter(|address| !address.is_empty());
    if address.is_none() {
        missing(&format!("{variable} is not set: scripts/servers up, and set what it prints"));
    }
    address
}

/// A program that comes with a server, by its absolute path: on the `PATH`, or where Debian keeps those of PostgreSQL. The same rule holds for it.
///
/// # Panics
///
/// Without it under `CI=true`.
#[track_caller]
pub fn program(name: &str) -> Option<String> {
    let on_path = std::env::var("PATH").unwrap_or_default().split(':').map(std::path::PathBuf::from).collect::<Vec<_>>();
    // The first one on Debian's `PATH` is a script that looks for the right version by itself; the programs themselves are here.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let found = versions.chain(on_path).map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        missing(&format!("there is no program `{name}`"));
    }
    found.map(|program| program.display().to_string())
}

/// Says what a test lacks, which then returns.
///
/// # Panics
///
/// Under `CI=true`.
#[track_caller]
pub fn missing(what: &str) {
    let said = format!("missing: {what}; {} did not run", std::panic::Location::caller());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
    // Not `eprintln`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "{said}");
}
