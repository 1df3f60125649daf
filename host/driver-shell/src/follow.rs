//! Follows a program to its end or its deadline.
//!
//! It has ended when the process has exited and both outputs are closed. A program that leaves something in the background with its outputs still open has
//! ended as well: after a short grace nobody waits for it, and nobody kills it, for a service manager's start command does just that.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ChildStdin, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_gate::{ArtifactSink, CallContext, Interrupt, LiveOutput, Stream};
use lockstep_model::request::{ShellRequest, ShellResponse};
use lockstep_model::{Content, Failure, Secret};

use crate::capture::Capture;
use crate::launch::{COMPLAINT, NOT_LAUNCHED};
use crate::pipes::{self, Event, Food};
use crate::start::Running;

/// How long outputs may stay open after the process has exited: what is still in the pipes comes at once, the rest is a daemon's.
const GRACE: Duration = Duration::from_secs(2);

/// Even at the deadline: time to read what a program that has ended had said.
const LAST_READ: Duration = Duration::from_millis(200);

/// How long a killed group may take to be gone. Only a process stuck in the kernel takes longer.
const BURIAL: Duration = Duration::from_millis(500);

/// How often the operator's wish to cancel is looked for.
const GLANCE: Duration = Duration::from_millis(100);

/// Bytes of each output in the message of a program that was killed.
const LAST_WORDS: usize = 2048;

/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// When it must have ended, and who says so.
pub(crate) struct Deadline<'a> {
    at: Instant,
    allowed: Duration,
    own: bool,
    interrupt: &'a Interrupt,
}

impl<'a> Deadline<'a> {
    /// The nearer of the command's own timeout and what is left of the step's time; or now, once the operator cancels.
    pub(crate) fn of(timeout: Option<Duration>, context: &CallContext<'a>) -> Self {
        let time_left = context.time_left;
        let own = timeout.is_some_and(|timeout| timeout <= time_left);
        let allowed = timeout.unwrap_or(time_left).min(time_left).min(LONGEST);
        Self { at: Instant::now() + allowed, allowed, own, interrupt: context.interrupt }
    }

    fn at(&self) -> Instant {
        if self.interrupt.is_cancelled() { Instant::now() } else { self.at }
    }

    /// Why the program was killed.
    fn why(&self) -> String {
        if self.interrupt.is_cancelled() {
            return "was cancelled by the operator".to_owned();
        }
        let whose = if self.own { "its own timeout" } else { "what was left of the step's time" };
        let allowed = Duration::from_millis(u64::try_from(self.allowed.as_millis()).unwrap_or(u64::MAX));
        format!("had not ended after {allowed:?} ({whose})")
    }
}

/// Takes what a program says.
pub(crate) type Keep<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Failure>;

/// Where standard input comes from and the outputs go.
pub(crate) struct Ends<'a> {
    pub(crate) food: Food,
    pub(crate) live: &'a dyn LiveOutput,
    /// Takes standard output, in the place of whoever looks on.
    pub(crate) keep: Option<Keep<'a>>,
}

/// What a request feeds its program with.
pub(crate) fn food(request: &ShellRequest, context: &CallContext<'_>) -> Result<Food, Failure> {
    Ok(match request.stdin_artifact {
        Some(digest) => Food::Reader(Box::new(context.artifacts.open(digest)?)),
        None => Food::Bytes(Secret::new(request.stdin.0.clone())),
    })
}

/// How it ended.
pub(crate) struct Ended {
    status: ExitStatus,
    stdout: Capture,
    stderr: Capture,
}

impl Ended {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub(crate) fn code(&self) -> i32 {
        // Neither exited nor killed does not happen to a process that has ended.
        self.status.code().or_else(|| self.status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }

    /// The end of what it said on standard error.
    pub(crate) fn complaint(&self) -> String {
        self.stderr.last_words(LAST_WORDS)
    }

    /// What the guest gets. The output of a program that failed becomes no artifact: it would be taken for all of it.
    pub(crate) fn response(self, sink: Option<ArtifactSink>, took: Duration, request: &ShellRequest, granted: &[i32]) -> Result<ShellResponse, Failure> {
        let code = self.code();
        let success = request.success(code, granted);
        let unkept = |failure: Failure| Failure::InDoubt(format!("the program ended with {code}, and its output could not be kept: {failure}"));
        let stdout_artifact = sink.filter(|_| success.unwrap_or(code == 0)).map(ArtifactSink::finish).transpose().map_err(unkept)?;
        let whole = stdout_artifact.is_some();
        Ok(ShellResponse {
            code,
            success,
            truncated: (!whole && self.stdout.is_cut()) || self.stderr.is_cut(),
            stdout: Content(if whole { Vec::new() } else { self.stdout.into_bytes() }),
            stderr: Content(self.stderr.into_bytes()),
            stdout_artifact,
            duration: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        })
    }
}

/// Feeds, hears and waits.
pub(crate) fn follow(mut running: Running, program: &str, ends: Ends<'_>, output_limit: usize, deadline: &Deadline<'_>) -> Result<Ended, Failure> {
    let Ends { food, live, keep } = ends;
    let events = match pipes::watch(&mut running, food) {
        Ok(events) => events,
        Err(error) => {
            bury(running, false);
            return Err(Failure::retryable(
                "shell.start",
                format!("`{program}` was started and killed at once: the host could not make a thread to watch it: {error}"),
            ));
        }
    };
    let mut heard = Heard { stdout: Capture::new(output_limit), stderr: Capture::new(output_limit), keep, broken: None, open: 2, exited: None, live };
    heard.until(&events, |exited| match exited {
        None => deadline.at(),
        Some(at) => (at + GRACE).min(deadline.at()).max(at + LAST_READ),
    });
    if let Some((failure, _pipe)) = heard.broken.take() {
        running.kill_group();
        bury(running, heard.exited.is_some());
        // Not a failure that a policy may retry: it has begun, and what it has done by now nobody knows.
        return Err(Failure::InDoubt(format!("`{program}` was killed in the middle, with what it had started in its process group: {failure}")));
    }
    if heard.exited.is_none() {
        running.kill_group();
        let gone_by = Instant::now() + BURIAL;
        heard.until(&events, |_| gone_by);
        bury(running, heard.exited.is_some());
        return Err(Failure::TimedOut(heard.epitaph(program, deadline)));
    }
    let status =
        running.child.wait().map_err(|error| Failure::problem("shell.start", format!("`{program}` has ended, but the kernel does not say how: {error}")))?;
    if running.launched && status.code() == Some(NOT_LAUNCHED.into()) {
        let words = heard.stderr.last_words(LAST_WORDS);
        if let Some(why) = words.strip_prefix(COMPLAINT) {
            return Err(Failure::problem("shell.start", format!("`{program}` was not started: {}", why.trim_end())));
        }
    }
    Ok(Ended { status, stdout: heard.stdout, stderr: heard.stderr })
}

/// Kills once more and reaps. What does not die at once is left to a thread, so that no zombie stays.
fn bury(mut running: Running, exited: bool) {
    running.kill_group();
    let mut reap = move || {
        if let Err(error) = running.child.wait() {
            tracing::warn!(%error, "reaping a killed program");
        }
    };
    if exited {
        reap();
    } else if let Err(error) = thread::Builder::new().name("shell-reap".to_owned()).spawn(reap) {
        tracing::warn!(%error, "a killed program is not reaped");
    }
}

/// What was heard of it so far.
struct Heard<'a> {
    stdout: Capture,
    stderr: Capture,
    keep: Option<Keep<'a>>,
    /// Why it cannot go on: what it is fed with cannot be read, or what it says not be kept. With the pipe that it is fed through, which stays open until it
    /// is killed.
    broken: Option<(Failure, Option<ChildStdin>)>,
    open: u8,
    exited: Option<Instant>,
    live: &'a dyn LiveOutput,
}

impl Heard<'_> {
    /// Listens until it has ended and said all, or until the instant that `limit` gives for when it exited.
    fn until(&mut self, events: &Receiver<Event>, limit: impl Fn(Option<Instant>) -> Instant) {
        while self.broken.is_none() && (self.exited.is_none() || self.open > 0) {
            // A program that never stops talking must not keep the deadline from being looked at.
            let left = limit(self.exited).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match events.recv_timeout(left.min(GLANCE)) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Output(Stream::Stdout, bytes) => {
                self.stdout.take(&bytes);
                match &mut self.keep {
                    None => self.live.output(Stream::Stdout, &bytes),
                    // A dump is nothing to be looked at.
                    Some(keep) => self.broken = keep(&bytes).err().map(|failure| (failure, None)),
                }
            }
            Event::Output(Stream::Stderr, bytes) => {
                self.live.output(Stream::Stderr, &bytes);
                self.stderr.take(&bytes);
            }
            Event::Unfed(failure, pipe) => self.broken = Some((failure, Some(pipe))),
            Event::Closed => self.open = self.open.saturating_sub(1),
            Event::Exited => self.exited = Some(Instant::now()),
        }
    }

    /// What the operator reads of a program that was killed.
    fn epitaph(&self, program: &str, deadline: &Deadline<'_>) -> String {
        let why = deadline.why();
        let mut text = format!("`{program}` {why}; it and what it had started in its process group were killed");
        for (stream, capture) in [("standard output", &self.stdout), ("standard error", &self.stderr)] {
            let words = capture.last_words(LAST_WORDS);
            if !words.is_empty() {
                text.push_str(&format!("; the end of its {stream}:\n{words}"));
            }
        }
        text
    }
}
