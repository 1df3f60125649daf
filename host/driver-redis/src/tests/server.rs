//! A server of a test's own, gone with it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(super) struct Server {
    pub(super) port: u16,
    _dir: TempDir,
    process: Child,
}

/// Says that this machine has no server. Under `CI=true` that is a failure.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests say what is missing")]
fn missing() {
    assert!(std::env::var_os("CI").is_none(), "missing under CI: redis-server");
    eprintln!("missing on this machine: redis-server");
}

impl Server {
    /// With these lines in its configuration besides its own; none where there is no server.
    #[expect(clippy::disallowed_methods, reason = "a test starts its server")]
    pub(super) fn start(more: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!("port {port}\nbind 127.0.0.1\nsave \"\"\nappendonly no\ndir {}\n{}\n", dir.path().display(), more.join("\n"));
        let file = dir.path().join("redis.conf");
        std::fs::write(&file, settings).unwrap();
        let Ok(process) = Command::new("redis-server").arg(file).stdout(Stdio::null()).spawn() else {
            missing();
            return None;
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { port, _dir: dir, process })
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
