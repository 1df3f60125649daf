//! Against real servers, each a test's own.

mod commands;
mod faults;
mod prefixes;
mod server;
mod tls;

use std::path::Path;
use std::time::Duration;

use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::{Decision, Grant, Grantable as _, Granted};
use lockstep_model::request::{RedisAsk, RedisReply, RedisRequest, RedisResponse};
use lockstep_model::{Failure, Secret};

use crate::RedisDriver;

/// What a test's store is granted: everything, at this URL.
fn grant(url: &str, more: &str) -> Grant {
    let text = format!("[redis.s]\nurl = \"{url}\"\nallow = [\"read\", \"write\", \"destructive\"]\n{more}");
    Grant::parse(&text, "grant.toml", Path::new("/")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn granted(grant: &Grant, request: &RedisRequest) -> Granted<RedisRequest> {
    match request.decide(grant) {
        Decision::Allowed(granted) => granted.with_placed(|id| Some(Secret::new(id.as_bytes().to_vec()))),
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}

fn ask_within(grant: &Grant, request: &RedisRequest, time_left: Duration, interrupt: &Interrupt) -> Result<RedisResponse, Failure> {
    let context = CallContext { idempotency_key: "", time_left, interrupt, notes: &NoNotes, live: &NoLiveOutput, artifacts: &LooseArtifacts::default() };
    RedisDriver::new().perform(&granted(grant, request), &context)
}

fn ask(grant: &Grant, ask: RedisAsk) -> Result<RedisResponse, Failure> {
    ask_within(grant, &RedisRequest::of("s", ask), Duration::from_secs(20), &Interrupt::default())
}

fn run(grant: &Grant, line: &str) -> Result<RedisReply, Failure> {
    let request = RedisRequest::run("s", &line.split(' ').collect::<Vec<_>>());
    match ask_within(grant, &request, Duration::from_secs(20), &Interrupt::default())? {
        RedisResponse::Reply(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}

/// The code of a failure, and whether it may be tried again.
fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> (String, bool) {
    let failure = result.unwrap_err();
    (failure.code().to_owned(), failure.is_retryable())
}
