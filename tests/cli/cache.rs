//! The procedure `cache-flush` with the real binary against a real Redis: by prefix, counted, and killed in the middle.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::place::{Place, Ran, example, missing, root};

const PASSWORD: &str = "a-pass/word+of-redis";

/// A server of the test's own.
pub(super) struct Redis {
    pub(super) port: u16,
    process: Child,
    _dir: TempDir,
}

impl Redis {
    pub(super) fn start() -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", PASSWORD, "--dir"]);
        let Ok(process) = command.arg(dir.path()).stdout(Stdio::null()).spawn() else {
            missing("redis-server");
            return None;
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "redis-server does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Some(Self { port, process, _dir: dir })
    }

    /// One command without blanks in its words; the whole answer.
    pub(super) fn ask(&self, lines: &[String]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let all: String =
            std::iter::once(format!("AUTH {PASSWORD}")).chain(lines.iter().cloned()).chain(["QUIT".to_owned()]).map(|line| line + "\r\n").collect();
        stream.write_all(all.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn fill(&self, keys: u32) {
        let cache = (0..keys).map(|key| format!("SET app:cache:{key} x"));
        let lines: Vec<String> = cache.chain((0..10).map(|key| format!("SET session:{key} x"))).collect();
        for part in lines.chunks(1_000) {
            self.ask(part);
        }
    }

    fn size(&self) -> u32 {
        let answer = self.ask(&["DBSIZE".to_owned()]);
        answer.lines().find_map(|line| line.strip_prefix(':')).unwrap().parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example's own grant.
pub(super) fn grant() -> String {
    std::fs::read_to_string(root().join("guest-sdk/procedures/cache-flush/grant.toml")).unwrap()
}

/// Where the server is, with its password.
pub(super) fn url(port: u16) -> String {
    let encoded = PASSWORD.replace('/', "%2F").replace('+', "%2B");
    format!("redis://:{encoded}@127.0.0.1:{port}/0")
}

fn command(place: &Place, port: u16, args: &[&str]) -> Command {
    place.write("grant.toml", grant());
    let mut command = place.command();
    command.env("REDIS_URL", url(port)).args(args);
    command
}

fn lockstep(place: &Place, port: u16, args: &[&str]) -> Ran {
    command(place, port, args).output().unwrap().into()
}

fn flush(place: &Place, port: u16, more: &[&str]) -> Ran {
    let component = example("cache-flush").display().to_string();
    let args: Vec<&str> = ["run", &component, "--env", "grant.toml", "--yes"].iter().chain(more).copied().collect();
    lockstep(place, port, &args)
}

#[test]
fn t20_a_cache_is_flushed_by_prefix_and_counted_and_flushdb_is_denied_and_recorded() {
    let (place, Some(redis)) = (Place::new(), Redis::start()) else { return };
    redis.fill(2_500);
    let denied = flush(&place, redis.port, &["-p", "how=everything"]).expect(3);
    assert!(denied.stderr.contains("FLUSHDB") && denied.stderr.contains("destructive"), "{}", denied.stderr);
    assert_eq!(redis.size(), 2_510, "nothing is gone");
    let shown = lockstep(&place, redis.port, &["show", "latest", "--all"]).expect(0).stdout;
    assert!(shown.contains("redis.run") && shown.contains("FLUSHDB"), "{shown}");
    flush(&place, redis.port, &["-p", "most=2499"]);
    assert_eq!(redis.size(), 2_510, "more than was said: none is deleted");
    flush(&place, redis.port, &["-p", "prefix=session:"]);
    assert_eq!(redis.size(), 2_510, "outside the grant");
    let flushed = flush(&place, redis.port, &["--json"]).expect(0);
    assert_eq!(redis.size(), 10, "the sessions are there");
    let exported = lockstep(&place, redis.port, &["audit", "export", "latest", "--format", "ndjson"]).expect(0).stdout;
    assert!(exported.contains(r#"{"is":"deleted","of":2500}"#), "{exported}");
    for text in [&flushed.stdout, &flushed.stderr, &shown, &exported] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

/// Passes everything on, and says when a command with `word` has gone through.
fn watched(port: u16, word: &'static [u8], tell: Sender<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming() {
            let (mut near, mut far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
            let (mut back, mut to) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut to));
            let tell = tell.clone();
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = near.read(&mut buffer) {
                    if far.write_all(&buffer[..read]).is_err() {
                        return;
                    }
                    if buffer[..read].windows(word.len()).any(|window| window == word) {
                        let _ = tell.send(());
                    }
                }
            });
        }
    });
    at
}

#[test]
fn t20_killed_in_the_middle_of_a_flush_a_run_is_resumed_and_deletes_the_rest_and_nothing_else() {
    let (place, Some(redis)) = (Place::new(), Redis::start()) else { return };
    redis.fill(20_000);
    let (tell, told) = channel();
    let port = watched(redis.port, b"UNLINK", tell);
    let component = example("cache-flush").display().to_string();
    let mut running = command(&place, port, &["run", &component, "--env", "grant.toml", "--yes"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    told.recv().unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let left = redis.size();
    assert!(left > 10 && left < 20_010, "{left}: killed in the middle");
    lockstep(&place, port, &["resume", "latest"]).expect(0);
    assert_eq!(redis.size(), 10, "the sessions are there, and the cache is gone");
    lockstep(&place, port, &["audit", "verify"]).expect(0);
}
