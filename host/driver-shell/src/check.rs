//! What is looked at before a program is started, so that each mistake has its own code and its own words.
//!
//! The kernel says `ENOENT` for a missing program, a missing interpreter and a missing directory alike.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;

use lockstep_model::request::ShellRequest;
use lockstep_model::{Digest, Failure};

use crate::pinned::Pinned;

/// Refuses what cannot be passed to a process: a NUL anywhere, a variable without a usable name.
pub(crate) fn arguments(request: &ShellRequest) -> Result<(), Failure> {
    let refused = |what: String| Err(Failure::problem("shell.argument", what));
    if request.program.contains('\0') {
        return refused("the program's path contains a NUL byte".to_owned());
    }
    if let Some(position) = request.args.iter().position(|arg| arg.contains('\0')) {
        return refused(format!("argument {} contains a NUL byte", position + 1));
    }
    for (key, value) in request.env.iter().chain(&request.env_files) {
        // Never the value: a secret may have been put in.
        let shown: String = key.chars().take(40).flat_map(char::escape_default).collect();
        if key.is_empty() || key.contains(['=', '\0']) {
            return refused(format!("`{shown}` is not a variable's name: it is empty or contains `=` or NUL"));
        }
        if value.contains('\0') {
            return refused(format!("the value of variable `{shown}` contains a NUL byte"));
        }
    }
    Ok(())
}

/// Refuses a program that is not there, cannot be executed, or is not the one that the grant pins; of a pinned one the file that was looked at, which is the
/// one to execute.
pub(crate) fn program(request: &ShellRequest, pinned: Option<Digest>) -> Result<Option<Pinned>, Failure> {
    let program = &request.program;
    if !program.starts_with('/') {
        return Err(Failure::problem("shell.argument", format!("`{program}` is not an absolute path: the host searches no `PATH`")));
    }
    let metadata = match fs::metadata(program) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Err(missing(program)),
        Err(error) => return Err(Failure::problem("shell.start", format!("`{program}` cannot be looked at: {error}"))),
    };
    if !metadata.is_file() {
        return Err(Failure::problem("shell.start", format!("`{program}` is not a program but a directory or a device")));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(Failure::problem("shell.start", format!("`{program}` is not executable: set the permission with `chmod +x {program}`")));
    }
    pinned.map(|pinned| Pinned::open(program, pinned)).transpose()
}

/// The failure of a program that is not there.
fn missing(program: &str) -> Failure {
    Failure::problem(
        "shell.program-missing",
        format!("`{program}` does not exist on this host: install it, or correct the path in the procedure and the grant"),
    )
}
