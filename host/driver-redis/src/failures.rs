//! What the documented codes are given for.

use lockstep_model::{EffectClass, Failure};
use redis::ServerError;

/// As much of a server's words as is shown.
const LONGEST: usize = 300;

/// An error that the server answered with.
pub(crate) fn of_server(error: &ServerError) -> Failure {
    let details = error.details().unwrap_or_default();
    let said = shown(&format!("{} {details}", error.code()));
    match error.code() {
        "NOAUTH" | "WRONGPASS" | "DENIED" => Failure::problem("redis.auth", format!("the server does not let this login in: {said}")),
        "ERR" if details.contains("AUTH") || details.contains("invalid password") => {
            Failure::problem("redis.auth", format!("the server does not take this login: {said}"))
        }
        "NOPERM" => Failure::problem("redis.denied-by-server", format!("the server's user may not do this: {said}")),
        "READONLY" => Failure::problem("redis.readonly", format!("the server is a replica: {said}")),
        "WRONGTYPE" => Failure::problem("redis.wrong-type", format!("the key holds something else: {said}")),
        "LOADING" | "BUSY" | "TRYAGAIN" | "MASTERDOWN" | "CLUSTERDOWN" | "NOREPLICAS" | "OOM" => {
            Failure::retryable("redis.busy", format!("the server cannot do this now: {said}"))
        }
        "ERR" if details.contains("max number of clients") => Failure::retryable("redis.busy", format!("the server cannot do this now: {said}")),
        "MOVED" | "ASK" | "CROSSSLOT" => Failure::problem("redis.server", format!("the server is one of a cluster, which this driver does not follow: {said}")),
        _ => Failure::problem("redis.server", format!("the server refused: {said}")),
    }
}

/// How far a call had come when something cut it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// Nothing that has an effect was sent.
    Before,
    /// It was sent, and may have happened.
    Sent(EffectClass),
}

/// The connection broke.
pub(crate) fn lost(at: &str, came: Came, why: &str) -> Failure {
    match came {
        Came::Before => Failure::retryable("redis.connect", format!("`{at}`: {why}")),
        Came::Sent(EffectClass::AtMostOnce) => Failure::InDoubt(format!("the connection to `{at}` was lost after the command was sent: {why}")),
        Came::Sent(EffectClass::Read | EffectClass::Idempotent) => {
            Failure::retryable("redis.connection-lost", format!("the connection to `{at}` was lost: {why}"))
        }
    }
}

/// The deadline passed. What was not sent has not happened.
pub(crate) fn late(at: &str, came: Came) -> Failure {
    match came {
        Came::Before => Failure::retryable("redis.connect", format!("`{at}` did not answer in time; nothing was sent")),
        Came::Sent(_) => Failure::TimedOut(format!("`{at}` did not answer in time")),
    }
}

/// What the server sent is no reply.
pub(crate) fn protocol(at: &str, why: &str) -> Failure {
    Failure::problem("redis.protocol", format!("`{at}` does not answer as Redis 6 or later does: {}", shown(why)))
}

/// On one line, and not too much of it.
pub(crate) fn shown(text: &str) -> String {
    text.trim().chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
