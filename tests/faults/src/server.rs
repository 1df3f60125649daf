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
        let place = std::panic::Location::caller();
        let said = format!("missing: {variable} is not set, {place} did not run: scripts/servers up, and set what it prints");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
        // Not `eprintln`, which the test harness keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "{said}");
    }
    address
}
