//! The driver against real programs of the host.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockstep_gate::{CallContext, Driver as _, Interrupt, LiveOutput, NoLiveOutput, Stream};
use lockstep_grant::{Decision, Grant, Grantable as _, ShellTerms};
use lockstep_model::request::{ShellRequest, ShellResponse};
use lockstep_model::{Content, Digest, Failure};
use rustix::process::{Pid, Signal, kill_process};

use super::{ShellDriver, run};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn terms() -> ShellTerms {
    ShellTerms { env: Arc::new([]), directory: None, digest: None, output_limit: 1024 * 1024 }
}

fn sh(script: &str) -> ShellRequest {
    ShellRequest::command("/bin/sh", &["-c", script])
}

fn perform_on(request: &ShellRequest, terms: &ShellTerms) -> Result<ShellResponse, Failure> {
    run(request, terms, &CallContext { idempotency_key: KEY, time_left: Duration::from_secs(60), interrupt: &Interrupt::default(), live: &NoLiveOutput })
}

fn perform(request: &ShellRequest) -> ShellResponse {
    perform_on(request, &terms()).unwrap()
}

fn failure(request: &ShellRequest) -> Failure {
    perform_on(request, &terms()).unwrap_err()
}

fn text(content: &Content) -> &str {
    content.as_text().unwrap()
}

/// Whether a process runs: one that is only waiting to be reaped does not.
fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// A killed process dies in its own time, which is soon.
fn await_death(pid: i32) {
    let patience = Instant::now() + Duration::from_secs(20);
    while is_alive(pid) {
        assert!(Instant::now() < patience, "process {pid} lives on");
        std::thread::yield_now();
    }
}

/// An executable script. Another process writes it: a descriptor open for writing here could be inherited by a program that another test starts just then,
/// and the kernel executes no file that somebody may write.
fn script(dir: &Path, content: &str) -> String {
    let path = dir.join("script");
    let mut request = ShellRequest::command("/bin/sh", &["-c", "/bin/cat > \"$1\" && /bin/chmod 755 \"$1\"", "sh", path.to_str().unwrap()]);
    request.stdin = content.into();
    assert_eq!(perform(&request).code, 0);
    path.to_str().unwrap().to_owned()
}

fn end(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn exit_code_and_both_outputs_come_back() {
    let exit = perform(&sh("echo out; echo err >&2; exit 7"));
    assert_eq!((exit.code, text(&exit.stdout), text(&exit.stderr), exit.truncated), (7, "out\n", "err\n", false));
    assert_eq!(perform(&ShellRequest::command("/bin/true", &[])).code, 0);
}

#[test]
fn a_program_can_gain_no_privileges_and_lockstep_keeps_its_own() {
    let status = |text: &str| text.lines().find_map(|line| line.strip_prefix("NoNewPrivs:")).map(|value| value.trim().to_owned());
    let own = || status(&fs::read_to_string("/proc/thread-self/status").unwrap());
    let before = own();
    let inside = perform(&sh("exec /bin/cat /proc/self/status"));
    assert_eq!(status(text(&inside.stdout)).as_deref(), Some("1"));
    assert_eq!(own(), before);
}

#[test]
fn a_signal_is_128_and_its_number() {
    assert_eq!(perform(&sh("kill -TERM $$")).code, 128 + 15);
}

#[test]
fn the_environment_is_what_grant_and_request_say_and_nothing_else() {
    let mut request = ShellRequest::command("/usr/bin/env", &[]);
    request.env = vec![("B".into(), "from request".into()), ("C".into(), "a=b c".into()), ("LOCKSTEP_IDEMPOTENCY_KEY".into(), "forged".into())];
    let terms = ShellTerms { env: Arc::new([("A".into(), "from grant".into()), ("B".into(), "from grant".into())]), ..terms() };
    let exit = perform_on(&request, &terms).unwrap();
    let mut lines: Vec<&str> = text(&exit.stdout).lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=from grant", "B=from request", "C=a=b c", &format!("LOCKSTEP_IDEMPOTENCY_KEY={KEY}")]);
}

#[test]
fn arguments_reach_the_program_untouched() {
    let exit = perform(&ShellRequest::command("/usr/bin/printf", &["%s|", "$HOME", "a b", "", "*", "`x`", "ü"]));
    assert_eq!(text(&exit.stdout), "$HOME|a b||*|`x`|ü|");
}

#[test]
fn it_stands_in_the_directory_of_the_grant_or_in_the_root() {
    let dir = tempfile::tempdir().unwrap();
    let there = fs::canonicalize(dir.path()).unwrap();
    let exit = perform_on(&ShellRequest::command("/bin/pwd", &[]), &ShellTerms { directory: Some(there.clone()), ..terms() }).unwrap();
    assert_eq!(text(&exit.stdout).trim_end(), there.to_str().unwrap());
    assert_eq!(text(&perform(&ShellRequest::command("/bin/pwd", &[])).stdout), "/\n");
}

#[test]
fn standard_input_is_what_was_given_or_empty() {
    let mut request = ShellRequest::command("/bin/cat", &[]);
    assert_eq!(text(&perform(&request).stdout), "");
    request.stdin = Content(vec![b'x'; 3_000_000]);
    let exit = perform_on(&request, &ShellTerms { output_limit: 4_000_000, ..terms() }).unwrap();
    assert!(exit.stdout == request.stdin && !exit.truncated);
}

#[test]
fn a_program_need_not_read_its_standard_input() {
    let mut request = ShellRequest::command("/bin/true", &[]);
    request.stdin = Content(vec![b'x'; 1_000_000]);
    assert_eq!(perform(&request).code, 0);
}

#[test]
fn a_huge_output_is_cut_in_the_middle_and_blocks_nobody() {
    let exit = perform_on(
        &sh("echo first; /usr/bin/yes | /usr/bin/head -c 100000000; echo last; /usr/bin/yes | /usr/bin/head -c 1000000 >&2"),
        &ShellTerms { output_limit: 1000, ..terms() },
    )
    .unwrap();
    assert!(exit.truncated);
    let out = text(&exit.stdout);
    assert!(out.starts_with("first\ny\n") && out.ends_with("y\nlast\n"), "{out}");
    assert!(out.contains("…[99999011 bytes cut]…"), "{out}");
    assert!(text(&exit.stderr).contains("…[999000 bytes cut]…"));
}

#[test]
fn bytes_that_are_not_text_come_back_as_they_are() {
    assert_eq!(perform(&sh(r"printf '\377\000\376'")).stdout.0, [0xff, 0, 0xfe]);
}

#[test]
fn output_is_shown_while_it_comes() {
    #[derive(Default)]
    struct Screen(Mutex<Vec<(Stream, Vec<u8>)>>);
    impl LiveOutput for Screen {
        fn output(&self, stream: Stream, bytes: &[u8]) {
            self.0.lock().unwrap().push((stream, bytes.to_vec()));
        }
    }
    let screen = Screen::default();
    // The program goes on only once somebody has seen what it said: a driver that showed output at the end would not come back.
    let dir = tempfile::tempdir().unwrap();
    struct Answering<'a>(&'a Screen, &'a Path);
    impl LiveOutput for Answering<'_> {
        fn output(&self, stream: Stream, bytes: &[u8]) {
            self.0.output(stream, bytes);
            fs::write(self.1, "seen").unwrap();
        }
    }
    let seen = dir.path().join("seen");
    let script = format!("echo one; while ! test -e {}; do /bin/sleep 0.01; done; echo two >&2", seen.display());
    let live = Answering(&screen, &seen);
    run(&sh(&script), &terms(), &CallContext { idempotency_key: KEY, time_left: Duration::from_secs(30), interrupt: &Interrupt::default(), live: &live })
        .unwrap();
    assert_eq!(*screen.0.lock().unwrap(), [(Stream::Stdout, b"one\n".to_vec()), (Stream::Stderr, b"two\n".to_vec())]);
}

#[test]
fn the_deadline_kills_the_program_and_what_it_started() {
    let mut request = sh("/bin/sleep 1000 & echo child $!; echo worried >&2; wait");
    request.timeout_milliseconds = Some(300);
    let started = Instant::now();
    let Failure::TimedOut(message) = failure(&request) else { panic!("not a time-out") };
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(message.contains("`/bin/sh` had not ended after 300ms (its own timeout)") && message.contains("worried"), "{message}");
    let grandchild = message.lines().find_map(|line| line.strip_prefix("child ")).and_then(|rest| rest.split(';').next()).unwrap();
    await_death(grandchild.parse().unwrap());
}

#[test]
fn the_time_left_of_the_step_is_a_deadline_too() {
    let mut request = sh("while :; do echo talking; done");
    request.timeout_milliseconds = Some(60_000);
    let context = CallContext { idempotency_key: KEY, time_left: Duration::from_millis(200), interrupt: &Interrupt::default(), live: &NoLiveOutput };
    let failure = run(&request, &terms(), &context).unwrap_err();
    assert!(matches!(&failure, Failure::TimedOut(message) if message.contains("what was left of the step's time")), "{failure}");
}

#[test]
fn a_daemon_that_closes_its_output_has_ended_and_lives_on() {
    let started = Instant::now();
    let exit = perform(&sh("/bin/sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"));
    assert!(started.elapsed() < Duration::from_millis(1900), "waited for the daemon");
    let daemon: i32 = text(&exit.stdout).trim().parse().unwrap();
    assert!(is_alive(daemon));
    end(daemon);
}

#[test]
fn a_daemon_that_keeps_its_output_open_is_not_waited_for_and_not_killed() {
    // It goes on talking after the call is over, and must not die of a closed pipe: its second line comes once the call has returned.
    let dir = tempfile::tempdir().unwrap();
    let (go, done) = (dir.path().join("go"), dir.path().join("done"));
    let script = format!(
        "(while ! test -e {go}; do /bin/sleep 0.01; done; for i in 1 2 3; do /usr/bin/printf 'more\\n' || exit; done; echo ok > {done}) & echo started $!",
        go = go.display(),
        done = done.display()
    );
    let started = Instant::now();
    let exit = perform(&sh(&script));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(exit.code, 0);
    let daemon: i32 = text(&exit.stdout).strip_prefix("started ").unwrap().trim().parse().unwrap();
    assert!(is_alive(daemon));
    fs::write(go, "").unwrap();
    await_death(daemon);
    assert_eq!(fs::read_to_string(done).unwrap(), "ok\n");
}

#[test]
fn a_missing_program_a_plain_file_and_a_directory_each_have_their_words() {
    let missing = failure(&ShellRequest::command("/no/such/program", &[]));
    assert_eq!(missing.code(), "shell.program-missing");
    assert!(missing.message().contains("/no/such/program"));
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let refused = failure(&ShellRequest::command(plain.to_str().unwrap(), &[]));
    assert_eq!(refused.code(), "shell.start");
    assert!(refused.message().contains("chmod +x"), "{refused}");
    assert_eq!(failure(&ShellRequest::command("/tmp", &[])).code(), "shell.start");
    assert_eq!(failure(&ShellRequest::command("true", &[])).code(), "shell.argument");
    let nowhere = perform_on(&ShellRequest::command("/bin/true", &[]), &ShellTerms { directory: Some("/no/such/place".into()), ..terms() }).unwrap_err();
    assert!(nowhere.code() == "shell.start" && nowhere.message().contains("/no/such/place"));
}

#[test]
fn a_missing_interpreter_is_not_a_missing_program() {
    let dir = tempfile::tempdir().unwrap();
    let failure = failure(&ShellRequest::command(&script(dir.path(), "#!/no/such/interpreter\n"), &[]));
    assert!(failure.code() == "shell.start" && failure.message().contains("interpreter"), "{failure}");
}

#[test]
fn a_nul_is_refused_wherever_it_stands_and_no_value_is_shown() {
    let with_env = |key: &str, value: &str| ShellRequest { env: vec![(key.into(), value.into())], ..sh("true") };
    for request in [
        ShellRequest::command("/bin/true\0", &[]),
        ShellRequest::command("/bin/true", &["a", "b\0c"]),
        with_env("K", "hunter2\0"),
        with_env("K\0", "hunter2"),
        with_env("", "hunter2"),
        with_env("a=b", "hunter2"),
    ] {
        let failure = failure(&request);
        assert_eq!(failure.code(), "shell.argument", "{failure}");
        assert!(!failure.message().contains("hunter2"));
    }
}

#[test]
fn arguments_beyond_what_the_kernel_takes_are_a_limit() {
    assert_eq!(failure(&ShellRequest::command("/bin/true", &[&"x".repeat(3_000_000)])).code(), "shell.limit");
}

#[test]
fn a_program_other_than_the_pinned_one_is_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let proof = dir.path().join("proof");
    let content = format!("#!/bin/sh\necho ran > {}\n", proof.display());
    let request = ShellRequest::command(&script(dir.path(), &content), &[]);
    let changed = perform_on(&request, &ShellTerms { digest: Some(Digest::of(b"another")), ..terms() }).unwrap_err();
    assert!(matches!(&changed, Failure::Denied(message) if message.contains(&Digest::of(content.as_bytes()).to_string())), "{changed}");
    assert!(!proof.exists());
    perform_on(&request, &ShellTerms { digest: Some(Digest::of(content.as_bytes())), ..terms() }).unwrap();
    assert!(proof.exists());
}

#[test]
fn many_programs_at_once_each_get_their_own_output() {
    std::thread::scope(|scope| {
        for number in 0..16 {
            scope.spawn(move || assert_eq!(text(&perform(&sh(&format!("echo {number}"))).stdout), format!("{number}\n")));
        }
    });
}

#[test]
fn a_granted_command_runs_on_the_terms_of_its_rule() {
    let dir = tempfile::tempdir().unwrap();
    let there = fs::canonicalize(dir.path()).unwrap();
    let grant = format!(
        "[[shell.allow]]\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"*\"]\nenv = {{ A = \"1\" }}\nallow-env = [\"B\"]\ndirectories = [{there:?}]\noutput-limit = \"1KiB\"\n"
    );
    let grant = Grant::parse(&grant, "test.toml", Path::new("/")).unwrap();
    let request = ShellRequest { env: vec![("B".into(), "2".into())], ..sh("echo $A $B; pwd; /usr/bin/yes | /usr/bin/head -c 5000") };
    let Decision::Allowed(granted) = request.decide(&grant) else { panic!("denied") };
    let context = CallContext { idempotency_key: KEY, time_left: Duration::from_secs(60), interrupt: &Interrupt::default(), live: &NoLiveOutput };
    let exit = ShellDriver::new().perform(&granted, &context).unwrap();
    assert!(text(&exit.stdout).starts_with(&format!("1 2\n{}\ny\n", there.display())) && exit.truncated, "{}", text(&exit.stdout));
}
