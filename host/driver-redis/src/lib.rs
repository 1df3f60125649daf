//! Performs `redis` calls: one call, one connection, and nothing sent that the server's own word makes more than what was granted.
//!
//! The only crate that links redis. It takes that library's parser and has the socket itself: so that one deadline bounds all of a call, a reply of any size
//! meets a limit, and nothing is ever sent twice by a library's own retry.
//!
//! # Guarantees
//! A certificate is always verified against the host's name. Before a command is sent the server is asked what it takes it for; one that it does not know, that
//! it has under another name, or that does more than the grant was asked about, is not sent. No message holds what was sent.
//! # Caveats
//! Redis 6 or later, and no cluster: a reply that sends elsewhere is a failure. A user needs the right to `COMMAND`.

mod asked;
mod connect;
mod failures;
mod replies;
mod scan;
mod session;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_model::request::{RedisAsk, RedisRequest, RedisResponse};
use lockstep_model::{Content, Failure};
use lockstep_tls::Trust;

use crate::session::Session;

/// What no deadline exceeds: it only keeps the arithmetic on instants sound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Asks stores. Calls may come from many threads at once.
pub struct RedisDriver {
    trust: Trust,
}

impl Default for RedisDriver {
    fn default() -> Self {
        Self { trust: tls::trust() }
    }
}

impl RedisDriver {
    /// Connects to nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Driver<RedisRequest> for RedisDriver {
    fn perform(&self, call: &Granted<RedisRequest>, context: &CallContext<'_>) -> Result<RedisResponse, Failure> {
        let mut session = Session::begin(&self.trust, call, context)?;
        match &call.request().ask {
            // Answered by the grant, and never handed to a driver.
            RedisAsk::Open => Ok(RedisResponse::Opened),
            RedisAsk::Run { words } => {
                let words: Vec<&[u8]> = words.iter().map(|word| word.0.as_slice()).collect();
                session.command(&words).map(RedisResponse::Reply)
            }
            RedisAsk::Ping => {
                let began = Instant::now();
                session.command(&[b"PING"])?;
                Ok(RedisResponse::Latency(microseconds(began.elapsed())))
            }
            RedisAsk::Info { section } => {
                let words: &[&[u8]] = if section.is_empty() { &[b"INFO"] } else { &[b"INFO", section.as_bytes()] };
                replies::text(session.command(words)?).map(|text| RedisResponse::Info(Content(text)))
            }
            RedisAsk::Scan { prefix, most } => scan::keys(&mut session, &prefix.0, *most, call.terms().reply_limit).map(RedisResponse::Keys),
            RedisAsk::DeleteByPrefix { prefix, most } => scan::delete(&mut session, &prefix.0, *most).map(RedisResponse::Deleted),
        }
    }
}

fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
