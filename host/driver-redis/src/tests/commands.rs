//! Commands and replies, logins, and what a server says that the grant did not expect.

use std::time::Duration;

use lockstep_gate::Interrupt;
use lockstep_model::Content;
use lockstep_model::request::{RedisAsk, RedisReply as R, RedisRequest, RedisResponse};

use super::server::Server;
use super::{ask, ask_within, code, grant, run};

fn text(text: &str) -> R {
    R::Text(Content::from(text))
}

#[test]
fn replies_come_back_as_what_they_are() {
    let Some(server) = Server::start(&[]) else { return };
    let grant = grant(&server.url(), "");
    assert_eq!(run(&grant, "SET a 1").unwrap(), text("OK"));
    assert_eq!(run(&grant, "GET a").unwrap(), text("1"));
    assert_eq!(run(&grant, "INCRBY a 9007199254740992").unwrap(), R::Integer("9007199254740993".into()));
    assert_eq!(run(&grant, "GET none").unwrap(), R::Nil);
    run(&grant, "HSET h f v g w").unwrap();
    assert_eq!(run(&grant, "HGETALL h").unwrap(), R::Map(vec![(text("f"), text("v")), (text("g"), text("w"))]));
    assert_eq!(run(&grant, "SADD s x").unwrap(), R::Integer("1".into()));
    assert_eq!(run(&grant, "SMEMBERS s").unwrap(), R::List(vec![text("x")]));
    run(&grant, "ZADD z 1.5 m").unwrap();
    assert_eq!(run(&grant, "ZSCORE z m").unwrap(), R::Number("1.5".into()));
    let bytes = vec![Content::from("SET"), Content::from("b"), Content(vec![0xff, 0, 13, 10])];
    ask(&grant, RedisAsk::Run { words: bytes.clone() }).unwrap();
    assert_eq!(run(&grant, "GET b").unwrap(), R::Text(bytes[2].clone()), "bytes survive");
    assert!(matches!(ask(&grant, RedisAsk::Ping).unwrap(), RedisResponse::Latency(1..)));
    let RedisResponse::Info(info) = ask(&grant, RedisAsk::Info { section: "server".into() }).unwrap() else { panic!() };
    assert!(info.as_text().unwrap().contains("redis_version"));
    assert_eq!(run(&grant, "CONFIG GET maxmemory").unwrap(), R::Map(vec![(text("maxmemory"), text("0"))]));
}

#[test]
fn what_the_server_refuses_has_a_code_of_its_own() {
    let Some(server) = Server::start(&["requirepass HUNTER2"]) else { return };
    let open = grant(&server.url(), "");
    assert_eq!(code(run(&open, "PING")), ("redis.auth".into(), false));
    let login = |more: &str| {
        grant(&server.url(), &format!("password = {{ secret = \"HUNTER2\" }}\n{more}\n[secrets]\nHUNTER2 = {{ env = \"HUNTER2\", to = [\"redis.s\"] }}"))
    };
    let default = login("");
    run(&default, "SET a x").unwrap();
    assert_eq!(code(run(&default, "LPUSH a y")), ("redis.wrong-type".into(), false));
    assert_eq!(code(run(&default, "INCR a")), ("redis.server".into(), false));
    assert_eq!(code(run(&login("user = \"nobody\""), "PING")), ("redis.auth".into(), false));
    let said = run(&login("user = \"nobody\""), "PING").unwrap_err().to_string();
    assert!(!said.contains("HUNTER2"), "a password is in no message: {said}");
}

#[test]
fn a_url_with_its_password_can_be_a_secret_as_a_whole() {
    let Some(server) = Server::start(&["requirepass p@ss"]) else { return };
    // The secret's value is its id in these tests.
    let url = format!("redis://:p%40ss@127.0.0.1:{}/3", server.port);
    let text = "[redis.s]\nurl = { secret = \"URL\" }\nallow = [\"read\"]\n[secrets]\nURL = { env = \"URL\", to = [\"redis.s\"] }";
    let grant = lockstep_grant::Grant::parse(text, "g", std::path::Path::new("/")).unwrap();
    let lockstep_grant::Decision::Allowed(granted) = lockstep_grant::Grantable::decide(&RedisRequest::run("s", &["CLIENT", "INFO"]), &grant) else { panic!() };
    let granted = granted.with_placed(|_| Some(lockstep_model::Secret::new(url.clone().into_bytes())));
    let interrupt = Interrupt::default();
    let context = lockstep_gate::CallContext {
        idempotency_key: "",
        time_left: Duration::from_secs(20),
        interrupt: &interrupt,
        notes: &lockstep_gate::NoNotes,
        live: &lockstep_gate::NoLiveOutput,
        artifacts: &lockstep_gate::LooseArtifacts::default(),
    };
    let answer = lockstep_gate::Driver::perform(&crate::RedisDriver::new(), &granted, &context).unwrap();
    let RedisResponse::Reply(R::Text(info)) = answer else { panic!() };
    assert!(info.as_text().unwrap().contains(" db=3 "), "in the database of the URL");
}

#[test]
fn a_user_who_may_not_is_denied_by_the_server() {
    let Some(server) = Server::start(&["user default on nopass ~* &* +@all -set -flushdb"]) else { return };
    let grant = grant(&server.url(), "");
    assert_eq!(code(run(&grant, "SET a 1")), ("redis.denied-by-server".into(), false));
    assert_eq!(code(run(&grant, "FLUSHDB")), ("redis.denied-by-server".into(), false));
    run(&grant, "GET a").unwrap();
}

#[test]
fn a_replica_is_not_written_to() {
    let Some(server) = Server::start(&["replicaof 127.0.0.1 1"]) else { return };
    assert_eq!(code(run(&grant(&server.url(), ""), "SET a 1")), ("redis.readonly".into(), false));
}

#[test]
fn a_command_that_the_server_has_under_another_name_is_never_sent() {
    let Some(server) = Server::start(&["rename-command GET \"\"", "rename-command FLUSHALL GET", "rename-command DEL ERASE"]) else {
        return;
    };
    let grant = grant(&server.url(), "");
    run(&grant, "SET a 1").unwrap();
    assert_eq!(code(run(&grant, "GET a")), ("redis.unknown-command".into(), false));
    assert_eq!(code(run(&grant, "DEL a")), ("redis.unknown-command".into(), false));
    assert_eq!(run(&grant, "EXISTS a").unwrap(), R::Integer("1".into()), "it was FLUSHALL, and was not sent");
}

#[test]
fn the_table_agrees_with_a_real_server_about_every_command_that_is_ever_sent() {
    let Some(server) = Server::start(&[]) else { return };
    let grant = grant(&server.url(), "");
    let R::List(entries) = run(&grant, "COMMAND").unwrap() else { panic!() };
    let mut compared = 0;
    for entry in &entries {
        let subcommands = entry.items().last().map(|last| last.items()).unwrap_or_default();
        let each = if subcommands.is_empty() { vec![entry] } else { subcommands };
        for entry in each {
            let R::Text(name) = entry.items()[0] else { panic!() };
            let words: Vec<Content> = name.as_text().unwrap().split('|').map(Content::from).collect();
            let command = lockstep_model::request::RedisCommand::of(&words).unwrap_or_else(|| panic!("{name:?} is not in the table"));
            if !matches!(command.kind, lockstep_model::request::RedisKind::Refused(_)) {
                crate::asked::judge(&command, R::List(vec![entry.clone()])).unwrap_or_else(|failure| panic!("{failure}"));
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn a_reply_that_is_too_long_is_not_taken_into_memory() {
    let Some(server) = Server::start(&[]) else { return };
    let grant = grant(&server.url(), "reply-limit = \"1KiB\"");
    run(&grant, &format!("SET a {}", "x".repeat(2_000))).unwrap();
    assert_eq!(code(run(&grant, "GET a")), ("redis.limit".into(), false));
    let cancelled = Interrupt::default();
    cancelled.cancel();
    assert_eq!(code(ask_within(&grant, &RedisRequest::run("s", &["PING"]), Duration::from_secs(20), &cancelled)).0, "timed-out");
}
