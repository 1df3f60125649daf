//! Keys by what they begin with.

use lockstep_model::Content;
use lockstep_model::request::{RedisAsk, RedisReply, RedisResponse};

use super::server::Server;
use super::{ask, code, grant, run};

fn delete(prefix: &str, most: u32) -> RedisAsk {
    RedisAsk::DeleteByPrefix { prefix: prefix.into(), most }
}

#[test]
fn only_keys_that_begin_with_exactly_the_prefix_are_found_and_deleted() {
    let Some(server) = Server::start(&[]) else { return };
    let grant = grant(&server.url(), "");
    for key in ["app:[a]*:1", "app:[a]*:2", "app:a:1", "app:", "sessions:1"] {
        run(&grant, &format!("SET {key} x")).unwrap();
    }
    let scan = |prefix: &str, most| ask(&grant, RedisAsk::Scan { prefix: prefix.into(), most });
    let RedisResponse::Keys(found) = scan("app:[a]*", 10).unwrap() else { panic!() };
    assert_eq!(found.keys, [Content::from("app:[a]*:1"), Content::from("app:[a]*:2")], "no wildcard of the prefix's own");
    assert!(found.slowest > 0 && found.total >= found.slowest);
    let RedisResponse::Keys(all) = scan("", 10).unwrap() else { panic!() };
    assert_eq!(all.keys.len(), 5);
    assert_eq!(code(scan("app:", 3)), ("redis.too-many".into(), false));
    assert_eq!(ask(&grant, delete("app:[a]*", 2)).unwrap(), RedisResponse::Deleted(2));
    assert_eq!(ask(&grant, delete("app:[a]*", 2)).unwrap(), RedisResponse::Deleted(0), "again does no harm");
    assert_eq!(run(&grant, "DBSIZE").unwrap(), RedisReply::Integer("3".into()));
}

#[test]
fn more_keys_than_was_said_are_all_left_there() {
    let Some(server) = Server::start(&[]) else { return };
    let grant = grant(&server.url(), "");
    for at in 0..30 {
        let pairs: String = (0..100).map(|n| format!(" cache:{at}:{n} x")).collect();
        run(&grant, &format!("MSET{pairs}")).unwrap();
    }
    assert_eq!(code(ask(&grant, delete("cache:", 2_999))), ("redis.too-many".into(), false));
    assert_eq!(run(&grant, "DBSIZE").unwrap(), RedisReply::Integer("3000".into()), "counted before anything is deleted");
    assert_eq!(ask(&grant, delete("cache:", 3_000)).unwrap(), RedisResponse::Deleted(3_000));
}
