//! Where a test runs the binary: a temporary directory, free ports, and the promise that nothing is left running.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place of its own for one test.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    started: RefCell<Vec<PathBuf>>,
}

/// What a run of the binary came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(ran: Output) -> Ran {
        Ran { code: ran.status.code(), out: String::from_utf8(ran.stdout).unwrap(), err: String::from_utf8(ran.stderr).unwrap() }
    }
}

/// A run of the binary beside the test. It is killed if the test fails meanwhile: a poller would go on for minutes.
pub(crate) struct Beside(Option<Child>);

impl Beside {
    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Ran {
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap(), started: RefCell::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the binary to its end. Its pipes are read to theirs, so this returns only if nothing in the background holds them.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        command(words).current_dir(self.dir.path()).output().unwrap().into()
    }

    /// Runs the binary beside the test.
    pub(crate) fn spawn(&self, words: &[&str]) -> Beside {
        Beside(Some(command(words).current_dir(self.dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// Starts something with its state in `name`, and stops it when the test is over.
    pub(crate) fn try_start(&self, name: &str, words: &[&str]) -> Ran {
        self.started.borrow_mut().push(self.path(name));
        self.run(&[words, &["--state", name]].concat())
    }

    /// Starts a service that must start; its port.
    pub(crate) fn start(&self, name: &str, version: &str, more: &[&str]) -> u16 {
        let port = free_port();
        self.start_at(port, name, version, more);
        port
    }

    /// As `start`, on that port.
    pub(crate) fn start_at(&self, port: u16, name: &str, version: &str, more: &[&str]) {
        let ran = self.try_start(name, &[&["start", "--port", &port.to_string(), "--version", version], more].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    pub(crate) fn stop(&self, name: &str) -> Ran {
        self.run(&["stop", "--state", name])
    }

    pub(crate) fn pid(&self, name: &str) -> i32 {
        std::fs::read_to_string(self.path(name).join("pid")).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for state in self.started.borrow().iter() {
            let _ = command(&["stop", "--state"]).arg(state).output();
        }
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep-service"));
    command.args(words);
    command
}

/// A port below those that the kernel gives to outgoing connections: the pollers of other tests use hundreds of them.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Waits for what another process is about to do.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not after {PATIENCE:?}");
        std::thread::yield_now();
    }
}

pub(crate) fn get(port: u16, path: &str) -> Answer {
    ask(port, "GET", path, &[], "")
}

pub(crate) fn post(port: u16, path: &str, body: &str) -> Answer {
    ask(port, "POST", path, &[], body)
}

pub(crate) fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let said = say(port, text.as_bytes());
    Answer::read(&said).unwrap_or_else(|| panic!("{method} {path}: no answer but {said:?}"))
}

/// Sends bytes as they are; what came back until the other side closed. A reset after the answer is no failure: hostile bytes get one.
pub(crate) fn say(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

impl Answer {
    pub(crate) fn read(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|cause| panic!("{cause}: {self:?}"))
    }

    /// The value of an unlabelled sample of `/metrics`.
    pub(crate) fn sample(&self, name: &str) -> f64 {
        let line = self.body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.body)).parse().unwrap()
    }
}

/// Points a switch at a slot, as a procedure does: a new link renamed over the old one.
pub(crate) fn flip(switch: &Path, slot: &str) {
    let beside = switch.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    std::os::unix::fs::symlink(Path::new("slots").join(slot), &beside).unwrap();
    std::fs::rename(&beside, switch).unwrap();
}
