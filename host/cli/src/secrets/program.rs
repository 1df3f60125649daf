//! A program of the host that gives the value of a secret: `pass show api-key`.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use lockstep_model::Secret;

use super::all_of;

/// How long it may take: somebody may have to touch a token.
const PATIENCE: Duration = Duration::from_secs(30);
/// Room for what it says: most keys are shorter.
const ROOM: usize = 64 << 10;

/// What a program writes, when it ends well and in time. What it says on standard error is the operator's to see.
pub(super) fn output(words: &[String]) -> Result<Secret<Vec<u8>>, String> {
    let (program, args) = words.split_first().ok_or("its command names no program")?;
    let mut child = start(program, args).map_err(|error| format!("{program} cannot be started: {error}"))?;
    let stdout = child.stdout.take().ok_or_else(|| format!("{program} has no standard output"))?;
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(all_of(stdout, ROOM)));
    let Ok(value) = receive.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{program} did not give it within {PATIENCE:?}"));
    };
    let status = child.wait().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { value.map_err(|why| format!("{program}: {why}")) } else { Err(format!("{program} failed: {status}")) }
}

#[expect(clippy::disallowed_methods, reason = "the operator's own program for a secret of the grant: no procedure can say anything about it")]
fn start(program: &str, args: &[String]) -> std::io::Result<Child> {
    Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
}

#[cfg(test)]
mod tests {
    use super::output;

    #[test]
    fn a_program_that_fails_or_is_not_there_gives_no_value_and_says_why() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(output(&words("/bin/echo value")).unwrap().expose(), b"value\n");
        assert_eq!(output(&words("/bin/false")).unwrap_err(), "/bin/false failed: exit status: 1");
        assert!(output(&words("/no/such/program")).unwrap_err().starts_with("/no/such/program cannot be started: "));
    }
}
