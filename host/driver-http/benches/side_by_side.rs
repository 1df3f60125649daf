//! What a hundred reads side by side cost beside one, of a server that takes a while for each.
//!
//! The ratio counts. As a test it only shows that it works, with few.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program of its own that prints a table, and a server that is slow on purpose"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use lockstep_driver_http::HttpDriver;
use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::{Decision, Grant, Grantable as _, Granted};
use lockstep_model::request::HttpRequest;

/// What a service on another host takes that has to look something up.
const TAKES: Duration = Duration::from_millis(100);

fn main() {
    let many = if std::env::args().any(|argument| argument == "--bench") { 100 } else { 5 };
    let address = slow_server();
    let grant = format!("[http]\nallow = [\"GET http://{address}/\"]\nprivate-addresses = [\"127.0.0.1\"]\n");
    let grant = Grant::parse(&grant, "bench.toml", Path::new("/")).unwrap();
    let Decision::Allowed(read) = HttpRequest::to("GET", &format!("http://{address}/")).decide(&grant) else { unreachable!("it is allowed") };
    let driver = HttpDriver::new().unwrap();
    side_by_side(&driver, &read, 1);
    let (one, all) = (side_by_side(&driver, &read, 1), side_by_side(&driver, &read, many));
    println!("one read             {one:>10.1?}");
    println!("{many} reads side by side {all:>8.1?}   {:.2} x one", all.as_secs_f64() / one.as_secs_f64());
}

/// As the gate does it: a thread for each.
fn side_by_side(driver: &HttpDriver, read: &Granted<HttpRequest>, many: usize) -> Duration {
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..many {
            scope.spawn(|| {
                let context = CallContext {
                    idempotency_key: "",
                    time_left: Duration::from_secs(60),
                    interrupt: &Interrupt::default(),
                    notes: &NoNotes,
                    live: &NoLiveOutput,
                    artifacts: &LooseArtifacts::default(),
                };
                assert_eq!(driver.perform(read, &context).unwrap().status, 200);
            });
        }
    });
    started.elapsed()
}

fn slow_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let (mut stream, mut asked) = (stream, [0; 4096]);
                let _ = stream.read(&mut asked);
                thread::sleep(TAKES);
                // The client may have gone.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            });
        }
    });
    address
}
