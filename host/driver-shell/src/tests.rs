//! The driver against real programs of the host.

mod directories;

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockstep_gate::{ArtifactReader, ArtifactSink, Artifacts, CallContext, Driver as _, Interrupt, LiveOutput, LooseArtifacts, NoLiveOutput, NoNotes, Stream};
use lockstep_grant::{Decision, Grant, Grantable as _, ShellTerms, WorkingDirectory};
use lockstep_model::request::{ShellRequest, ShellResponse};
use lockstep_model::{Content, Digest, Failure};
use rustix::process::{Pid, Signal, kill_process};

use super::{ShellDriver, run};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn terms() -> ShellTerms {
    ShellTerms { output_limit: 1024 * 1024, ..ShellTerms::default() }
}

fn sh(script: &str) -> ShellRequest {
    ShellRequest::command("/bin/sh", &["-c", script])
}

fn perform_on(request: &ShellRequest, terms: &ShellTerms) -> Result<ShellResponse, Failure> {
    run(
        request,
        terms,
        &CallContext {
            idempotency_key: KEY,
            time_left: Duration::from_secs(60),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &NoLiveOutput,
            artifacts: &LooseArtifacts::default(),
        },
    )
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
    let exit = perform_on(&ShellRequest::command("/bin/pwd", &[]), &ShellTerms { directory: Some(WorkingDirectory::Host(there.clone())), ..terms() }).unwrap();
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
    run(
        &sh(&script),
        &terms(),
        &CallContext {
            idempotency_key: KEY,
            time_left: Duration::from_secs(30),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &live,
            artifacts: &LooseArtifacts::default(),
        },
    )
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
    let context = CallContext {
        idempotency_key: KEY,
        time_left: Duration::from_millis(200),
        interrupt: &Interrupt::default(),
        notes: &NoNotes,
        live: &NoLiveOutput,
        artifacts: &LooseArtifacts::default(),
    };
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
    let context = CallContext {
        idempotency_key: KEY,
        time_left: Duration::from_secs(60),
        interrupt: &Interrupt::default(),
        notes: &NoNotes,
        live: &NoLiveOutput,
        artifacts: &LooseArtifacts::default(),
    };
    let exit = ShellDriver::new().perform(&granted, &context).unwrap();
    assert!(text(&exit.stdout).starts_with(&format!("1 2\n{}\ny\n", there.display())) && exit.truncated, "{}", text(&exit.stdout));
}

#[test]
fn what_was_hashed_is_what_runs_also_when_its_file_is_replaced_in_between() {
    let dir = tempfile::tempdir().unwrap();
    let content = "#!/bin/sh\necho pinned \"$1\"\n";
    let program = script(dir.path(), content);
    let mut request = ShellRequest::command(&program, &["argument"]);
    let pinned = super::check::program(&request, Some(Digest::of(content.as_bytes()))).unwrap().unwrap();
    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::rename(script(&other, "#!/bin/sh\necho replaced\n"), &program).unwrap();
    let artifacts = LooseArtifacts::default();
    let heard = |request: &ShellRequest, pinned: &super::pinned::Pinned| {
        let running =
            super::start::start(super::start::Starting { request, terms: &terms(), key: KEY, pinned: Some(pinned), directory: None, fed: false, options: &[] })
                .unwrap();
        let context = CallContext {
            idempotency_key: KEY,
            time_left: Duration::from_secs(60),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &NoLiveOutput,
            artifacts: &artifacts,
        };
        let deadline = super::follow::Deadline::of(None, &context);
        let ends = super::follow::Ends { food: super::follow::food(request, &context).unwrap(), live: context.live, keep: None };
        super::follow::follow(running, &request.program, ends, 1024, &deadline).unwrap().response(None, Duration::ZERO, request, &[]).unwrap()
    };
    assert_eq!(text(&heard(&request, &pinned).stdout), "pinned argument\n");
    request.program = "/bin/echo".to_owned();
    let bytes = fs::read("/bin/echo").unwrap();
    let pinned = super::check::program(&request, Some(Digest::of(&bytes))).unwrap().unwrap();
    assert!(!pinned.is_script);
    assert_eq!(text(&heard(&request, &pinned).stdout), "argument\n");
}

/// Descriptors that this test program was started with and that no library of ours has opened: whoever starts it decides about them.
fn handed_down() -> Vec<String> {
    let is_inherited = |name: &String| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{name}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        flags.is_some_and(|flags| flags & 0o2_000_000 == 0)
    };
    fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(is_inherited).collect()
}

#[test]
fn a_program_inherits_its_streams_and_nothing_that_lockstep_has_open() {
    let _open = fs::File::open("/etc/hostname").unwrap();
    let (handed_down, listed) = (handed_down(), perform(&ShellRequest::command("/bin/ls", &["/proc/self/fd"])));
    let more: Vec<&str> =
        text(&listed.stdout).lines().filter(|name| !["0", "1", "2"].contains(name) && !handed_down.iter().any(|known| known == name)).collect();
    // What lists the directory has it open meanwhile.
    assert_eq!(more.len(), 1, "{more:?}");
}

#[test]
fn a_secret_can_be_a_file_that_is_nowhere_on_a_disk_and_its_users_alone() {
    let mut request =
        sh("/bin/cat \"$PGPASSFILE\"; /usr/bin/stat -L -c %a \"$PGPASSFILE\"; /bin/sh -c '/bin/cat \"$PGPASSFILE\"'; /usr/bin/readlink \"$PGPASSFILE\"");
    request.env_files = vec![("PGPASSFILE".into(), "geheim\n".into())];
    let exit = perform(&request);
    let lines: Vec<&str> = text(&exit.stdout).lines().collect();
    assert_eq!(lines[..3], ["geheim", "400", "geheim"], "{}", text(&exit.stderr));
    assert!(lines[3].starts_with("/memfd:"), "{}", lines[3]);
    let without = perform(&sh("/bin/ls -l /proc/self/fd"));
    assert!(!text(&without.stdout).contains("memfd"), "another program has inherited it");
}

#[test]
fn t14_what_never_ends_is_ended_by_its_deadline_and_what_it_said_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("log");
    fs::write(&file, "line\n".repeat(10)).unwrap();
    let mut tail = ShellRequest::command("/usr/bin/tail", &["-n", "3", "-f", file.to_str().unwrap()]);
    tail.timeout_milliseconds = Some(300);
    let Failure::TimedOut(message) = failure(&tail) else { panic!("it has ended") };
    assert!(message.contains("its own timeout") && message.contains("line\nline\nline"), "{message}");
    let mut endless = ShellRequest::command("/usr/bin/yes", &[]);
    endless.timeout_milliseconds = Some(300);
    let Failure::TimedOut(message) = failure(&endless) else { panic!("it has ended") };
    assert!(message.len() < 8 * 1024, "{} bytes", message.len());
}

#[test]
fn t15_no_match_is_an_exit_code_of_its_own_and_no_failure() {
    let none = perform(&ShellRequest { stdin: "all is well\n".into(), ..ShellRequest::command("/bin/grep", &["error"]) });
    assert_eq!((none.code, none.stdout.len()), (1, 0));
    let broken = perform(&ShellRequest::command("/bin/grep", &["error", "/no/such/file"]));
    assert_eq!(broken.code, 2);
}

#[test]
fn t15_which_exit_codes_mean_success_is_what_the_command_says_else_the_grant_else_0() {
    let success = |own: &[i32], granted: &[i32], code: i32| {
        let request = ShellRequest { success_codes: own.to_vec(), stdout_artifact: Some("found".into()), ..sh(&format!("echo found; exit {code}")) };
        let terms = ShellTerms { success_codes: granted.into(), ..terms() };
        let interrupt = Interrupt::default();
        let artifacts = &LooseArtifacts::default();
        let context =
            CallContext { idempotency_key: KEY, time_left: Duration::from_secs(60), interrupt: &interrupt, notes: &NoNotes, live: &NoLiveOutput, artifacts };
        let exit = run(&request, &terms, &context).unwrap();
        assert_eq!((exit.code, exit.stdout_artifact.is_some()), (code, exit.is_success()), "what succeeded has its artifact");
        exit.is_success()
    };
    for (own, granted, code, expected) in
        [(&[][..], &[][..], 0, true), (&[], &[], 1, false), (&[], &[0, 1], 1, true), (&[], &[0, 1], 2, false), (&[1], &[], 0, false), (&[1], &[0], 1, true)]
    {
        assert_eq!(success(own, granted, code), expected, "{own:?} {granted:?} {code}");
    }
}

/// A command on artifacts that the test can look into.
fn perform_with(artifacts: &LooseArtifacts, request: &ShellRequest) -> Result<ShellResponse, Failure> {
    let interrupt = Interrupt::default();
    run(
        request,
        &terms(),
        &CallContext { idempotency_key: KEY, time_left: Duration::from_secs(60), interrupt: &interrupt, notes: &NoNotes, live: &NoLiveOutput, artifacts },
    )
}

#[test]
fn an_artifact_goes_through_a_program_into_another_one_whatever_its_length() {
    let artifacts = LooseArtifacts::default();
    let bytes: Vec<u8> = (0..1_000_000_u64).flat_map(u64::to_be_bytes).collect();
    let request = ShellRequest { stdin_artifact: Some(artifacts.keep(&bytes).unwrap()), stdout_artifact: Some("copy".into()), ..sh("cat; echo done >&2") };
    let exit = perform_with(&artifacts, &request).unwrap();
    assert_eq!((exit.code, exit.stdout.len(), exit.truncated, text(&exit.stderr)), (0, 0, false, "done\n"));
    let sealed = exit.stdout_artifact.unwrap();
    assert_eq!((sealed.id.as_str(), sealed.digest, sealed.size.as_str()), ("copy", Digest::of(&bytes), "8000000"));
    assert!(artifacts.bytes(sealed.digest).unwrap() == bytes);
}

#[test]
fn the_output_of_a_program_that_fails_becomes_no_artifact_and_is_seen() {
    let artifacts = LooseArtifacts::default();
    let exit = perform_with(&artifacts, &ShellRequest { stdout_artifact: Some("dump".into()), ..sh("echo half; exit 3") }).unwrap();
    assert_eq!((exit.code, text(&exit.stdout), exit.stdout_artifact), (3, "half\n", None));
    assert!(artifacts.bytes(Digest::of(b"half\n")).is_err(), "it was kept");
}

#[test]
fn a_program_does_not_begin_when_its_artifacts_are_not_what_they_should_be() {
    let (artifacts, dir) = (LooseArtifacts::default(), tempfile::tempdir().unwrap());
    let begun = dir.path().join("begun");
    let script = format!("touch {}", begun.display());
    let missing = ShellRequest { stdin_artifact: Some(Digest::of(b"never kept")), ..sh(&script) };
    assert_eq!(perform_with(&artifacts, &missing).unwrap_err().code(), "artifact.corrupt");
    let unnamed = ShellRequest { stdout_artifact: Some("No Id".into()), ..sh(&script) };
    assert_eq!(perform_with(&artifacts, &unnamed).unwrap_err().code(), "artifact.id");
    assert!(!begun.exists());
}

/// Artifacts whose bytes end in an error.
struct Broken(LooseArtifacts);

impl Artifacts for Broken {
    fn open(&self, _: Digest) -> Result<Box<dyn ArtifactReader>, Failure> {
        Ok(Box::new(Torn(100_000)))
    }

    fn create(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.0.create(id)
    }

    fn create_scrubbed(&self, id: &str) -> Result<ArtifactSink, Failure> {
        self.0.create_scrubbed(id)
    }
}

/// So many bytes, and then none that can be read.
struct Torn(usize);

impl Read for Torn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.min(buffer.len());
        self.0 -= count;
        if count == 0 { Err(io::Error::other("torn")) } else { Ok(count) }
    }
}

impl Seek for Torn {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

impl ArtifactReader for Torn {
    fn size(&self) -> u64 {
        1_000_000
    }
}

#[test]
fn a_program_whose_input_cannot_be_read_to_its_end_is_killed_and_does_not_take_the_part_for_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("taken");
    let script = format!("cat > /dev/null && touch {}", taken.display());
    let request = ShellRequest { stdin_artifact: Some(Digest::of(b"any")), ..sh(&script) };
    let (broken, interrupt) = (Broken(LooseArtifacts::default()), Interrupt::default());
    let context = CallContext {
        idempotency_key: KEY,
        time_left: Duration::from_secs(60),
        interrupt: &interrupt,
        notes: &NoNotes,
        live: &NoLiveOutput,
        artifacts: &broken,
    };
    let failure = run(&request, &terms(), &context).unwrap_err();
    assert!(matches!(&failure, Failure::InDoubt(text) if text.contains("torn") && text.contains("killed")), "{failure}");
    assert!(!taken.exists(), "the program took a part for the whole");
}
