//! Programs that the command line itself runs: compilers and package managers. A procedure has no part in this.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockstep_api::Code;

use crate::environment;
use crate::error::CliError;

/// A command to be built up and run.
#[expect(clippy::disallowed_methods, reason = "a build runs the operator's own tools; nothing of a procedure runs here")]
pub(super) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// Where a program is, when it is on the `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    environment::search_path().into_iter().map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|kind| kind.is_file() && kind.permissions().mode() & 0o111 != 0)
}

/// What a program prints, without the newline at its end; none when it cannot be run or fails.
pub(super) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// The first line of what a program prints.
pub(crate) fn first_line(program: &Path, args: &[&str]) -> Option<String> {
    output(command(program).args(args)).and_then(|text| text.lines().next().map(str::to_owned))
}

/// Runs a program that talks to the operator; its standard output goes to standard error, which is where talk belongs.
pub(super) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(std::io::stderr()).status().is_ok_and(|status| status.success())
}

/// Runs a program that has nothing to say when all is well: what it says is shown when it fails.
pub(super) fn is_silent_unless_it_fails(command: &mut Command) -> bool {
    use std::io::Write as _;
    let Ok(output) = command.stdin(Stdio::null()).output() else { return false };
    if !output.status.success() {
        // Nothing can be done when standard error is gone.
        let _ = std::io::stderr().write_all(&[output.stdout, output.stderr].concat());
    }
    output.status.success()
}

/// Waits until no other build installs what this file names, and keeps others waiting until the value is dropped: projects share their tools.
///
/// # Errors
/// When the file cannot be opened or locked.
pub(super) fn alone_with(named: &Path) -> Result<File, CliError> {
    let locked = File::open(named).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| CliError::new(Code::ToolMissing, format!("{} cannot be locked for installing what it names: {error}", named.display())))
}

/// A program that is not there.
pub(super) fn missing(name: &str, hint: &str) -> CliError {
    CliError::new(Code::ToolMissing, format!("`{name}` is not installed or not on the PATH")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::{find_program, first_line};

    #[test]
    fn a_program_is_found_on_the_path() {
        let sh = find_program("sh").unwrap();
        assert_eq!(first_line(&sh, &["-c", "echo one; echo two"]).unwrap(), "one");
        assert_eq!(first_line(&sh, &["-c", "echo one; exit 1"]), None);
        assert!(find_program("no-such-program-here").is_none());
    }
}
