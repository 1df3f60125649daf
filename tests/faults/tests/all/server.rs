//! Where a server is, and what is said of one that is nowhere.
//!
//! Each test plays itself in a process of its own, since the environment belongs to all tests of this one.

use std::process::Command;

/// Set in the process that is played.
const PLAYED: &str = "LOCKSTEP_FAULTS_PLAYED";

/// Whether a test passes that asks for a server, and what it says. Nothing in the process that is played: there it has asked.
fn played(test: &str, variables: &[(&str, &str)]) -> Option<(bool, String)> {
    if std::env::var_os(PLAYED).is_some() {
        if let Some(address) = lockstep_faults::server("NOWHERE") {
            assert_eq!(address, "there");
        }
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env_remove("CI").env_remove("LOCKSTEP_TEST_NOWHERE").env(PLAYED, "");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("running 1 test"), "{said}");
    Some((output.status.success(), said))
}

#[test]
fn a_server_that_is_missing_is_said_past_the_captured_output() {
    let Some((passed, said)) = played("server::a_server_that_is_missing_is_said_past_the_captured_output", &[]) else { return };
    assert!(passed, "{said}");
    assert!(said.contains("missing: LOCKSTEP_TEST_NOWHERE is not set: scripts/servers up"), "{said}");
    assert!(said.contains("tests/all/server.rs:"), "which test did not run: {said}");
}

#[test]
fn a_server_that_is_missing_is_a_failure_in_continuous_integration() {
    let Some((passed, said)) = played("server::a_server_that_is_missing_is_a_failure_in_continuous_integration", &[("CI", "true")]) else { return };
    assert!(!passed && said.contains("missing: LOCKSTEP_TEST_NOWHERE"), "{said}");
}

#[test]
fn a_server_that_is_there_is_found_by_its_variable() {
    let variables = [("CI", "true"), ("LOCKSTEP_TEST_NOWHERE", "there")];
    let Some((passed, said)) = played("server::a_server_that_is_there_is_found_by_its_variable", &variables) else { return };
    assert!(passed && !said.contains("missing"), "{said}");
}
