//! Servers that are down, slow, or gone in the middle.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use lockstep_gate::Interrupt;
use lockstep_model::Failure;
use lockstep_model::request::{RedisAsk, RedisReply, RedisRequest, RedisResponse};

use super::server::Server;
use super::{ask, ask_within, code, grant, run};

/// A server that passes on to another until a command with `last` in it has gone through, and then hangs up.
fn cut_after(port: u16, last: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut near, _) = listener.accept().unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut buffer = [0; 65_536];
        loop {
            let read = near.read(&mut buffer).unwrap();
            far.write_all(&buffer[..read]).unwrap();
            let over = read == 0 || buffer[..read].windows(last.len()).any(|window| window == last);
            let answered = far.read(&mut buffer).unwrap();
            // The command has been done by then.
            if over {
                return;
            }
            near.write_all(&buffer[..answered]).unwrap();
        }
    });
    at
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(code(run(&grant(&format!("redis://127.0.0.1:{port}"), ""), "INCR a")), ("redis.connect".into(), true));
    assert_eq!(code(run(&grant("redis://no-such-host.invalid", ""), "INCR a")), ("redis.connect".into(), true));
}

#[test]
fn a_server_that_says_nothing_costs_no_more_than_the_deadline_and_nothing_has_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let grant = grant(&format!("redis://{}", listener.local_addr().unwrap()), "");
    let failed = ask_within(&grant, &RedisRequest::run("s", &["INCR", "a"]), Duration::from_millis(300), &Interrupt::default());
    assert_eq!(code(failed), ("redis.connect".into(), true));
}

#[test]
fn a_server_that_is_none_is_said_to_be_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let grant = grant(&format!("redis://{}", listener.local_addr().unwrap()), "");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read(&mut [0; 1024]);
    });
    assert_eq!(code(run(&grant, "PING")), ("redis.protocol".into(), false));
}

#[test]
fn a_connection_that_breaks_after_the_command_leaves_a_doubt_only_where_there_is_one() {
    let Some(server) = Server::start(&[]) else { return };
    let direct = grant(&server.url(), "");
    let through = |last| grant(&format!("redis://127.0.0.1:{}", cut_after(server.port, last)), "");
    let lost = run(&through(b"INCR"), "INCR a").unwrap_err();
    assert!(matches!(lost, Failure::InDoubt(_)), "{lost}");
    run(&direct, "GET a").unwrap();
    assert_eq!(code(run(&through(b"$3\r\nSET"), "SET b 1")), ("redis.connection-lost".into(), true));
    assert_eq!(code(run(&through(b"$3\r\nGET"), "GET b")), ("redis.connection-lost".into(), true));
    assert_eq!(code(run(&through(b"COMMAND"), "INCR c")), ("redis.connect".into(), true), "it was not sent");
}

#[test]
fn a_server_that_goes_away_in_the_middle_of_a_deletion_is_asked_again_and_the_rest_goes() {
    let Some(server) = Server::start(&[]) else { return };
    let direct = grant(&server.url(), "");
    for at in 0..12 {
        let pairs: String = (0..100).map(|n| format!(" cache:{at}:{n} x")).collect();
        run(&direct, &format!("MSET{pairs} session:{at} x")).unwrap();
    }
    let delete = |grant| ask(grant, RedisAsk::DeleteByPrefix { prefix: "cache:".into(), most: 2_000 });
    let through = grant(&format!("redis://127.0.0.1:{}", cut_after(server.port, b"UNLINK\r\n")), "");
    assert_eq!(code(delete(&through)), ("redis.connection-lost".into(), true));
    let RedisResponse::Deleted(rest) = delete(&direct).unwrap() else { panic!() };
    assert!((1..1_200).contains(&rest), "{rest}");
    assert_eq!(run(&direct, "DBSIZE").unwrap(), RedisReply::Integer("12".into()), "the sessions, and nothing else");
}

#[test]
fn a_script_that_keeps_the_server_busy_is_waited_for_by_trying_again() {
    let Some(server) = Server::start(&["busy-reply-threshold 50"]) else { return };
    let mut other = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    other.write_all(b"*3\r\n$4\r\nEVAL\r\n$18\r\nwhile true do end \r\n$1\r\n0\r\n").unwrap();
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(other.read(&mut [0; 64])));
    let grant = grant(&server.url(), "");
    let busy = loop {
        let found = code(run(&grant, "SET a 1"));
        if found.0 != "redis.connect" {
            break found;
        }
    };
    assert_eq!(busy, ("redis.busy".into(), true));
    run(&grant, "SCRIPT KILL").unwrap_err();
    drop(receive);
}
