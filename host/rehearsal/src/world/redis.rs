//! Answers `redis` by the scenario's `[[redis]]`.

use std::time::Duration;

use lockstep_gate::{CallContext, Driver};
use lockstep_grant::Granted;
use lockstep_model::request::{RedisAsk, RedisReply, RedisRequest, RedisResponse, Scanned};
use lockstep_model::{Content, Failure};

use super::{Capability, World};
use crate::scenario::RedisMatch;

impl Driver<RedisRequest> for World {
    fn perform(&self, call: &Granted<RedisRequest>, context: &CallContext<'_>) -> Result<RedisResponse, Failure> {
        let request = call.request();
        self.perform(call, context, |state, id| {
            self.pick(state, (Capability::Redis, &self.scenario.redis), |rule| is_about(rule, request), |reply, delay| response(request, reply, delay))
                .unwrap_or_else(|near| self.unanswered_redis(state, id, request, near))
        })
    }
}

fn is_about(rule: &RedisMatch, request: &RedisRequest) -> bool {
    let words = request.words();
    let fits = if rule.rest { words.len() >= rule.words.len() } else { words.len() == rule.words.len() };
    let same = |(index, (pattern, word)): (usize, (&lockstep_grant::Glob, &Content))| {
        // A command is one in any spelling.
        pattern.matches(&word.0) || (index == 0 && (pattern.matches(&word.0.to_ascii_uppercase()) || pattern.matches(&word.0.to_ascii_lowercase())))
    };
    rule.store == request.store && fits && rule.words.iter().zip(&words).enumerate().all(same)
}

/// The reply as what was asked gives it; another kind of reply gives nothing of it.
fn response(request: &RedisRequest, reply: RedisReply, delay: Duration) -> RedisResponse {
    let microseconds = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
    match &request.ask {
        RedisAsk::Open => RedisResponse::Opened,
        RedisAsk::Run { .. } => RedisResponse::Reply(reply),
        RedisAsk::Ping => RedisResponse::Latency(microseconds),
        RedisAsk::Info { .. } => RedisResponse::Info(text(reply).unwrap_or_default()),
        RedisAsk::Scan { .. } => {
            let keys = match reply {
                RedisReply::List(items) => items.into_iter().filter_map(text).collect(),
                _ => Vec::new(),
            };
            RedisResponse::Keys(Scanned { keys, total: microseconds, slowest: microseconds })
        }
        RedisAsk::DeleteByPrefix { .. } => RedisResponse::Deleted(match reply {
            RedisReply::Integer(digits) => digits.parse().unwrap_or(0),
            _ => 0,
        }),
    }
}

fn text(reply: RedisReply) -> Option<Content> {
    match reply {
        RedisReply::Text(text) => Some(text),
        _ => None,
    }
}
