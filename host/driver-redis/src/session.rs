//! One call's connection: logged in, in its database, and every command compared with the server's own word before it is sent.

use std::time::Instant;

use lockstep_gate::CallContext;
use lockstep_grant::Granted;
use lockstep_model::request::{RedisCommand, RedisReply, RedisRequest, Request as _};
use lockstep_model::{Content, EffectClass, Failure, Secret};
use lockstep_tls::Trust;
use redis::{Parser, Value};

use crate::connect::Goal;
use crate::failures::{Came, late, lost, protocol};
use crate::wire::{Bounds, Cut, Wire};
use crate::{LONGEST, asked, microseconds, replies};

/// Longer than what a server says of itself or of a command.
const GREETING: usize = 1 << 20;

/// A connection that is logged in.
pub(crate) struct Session<'a> {
    wire: Wire<'a>,
    parser: Parser,
    at: String,
    class: EffectClass,
    /// The longest reply taken, in bytes.
    limit: usize,
    came: Came,
    /// Commands that the server has been asked about.
    known: Vec<&'static str>,
    /// The slowest round trip so far.
    pub(crate) slowest: u32,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub(crate) fn begin(trust: &Trust, call: &Granted<RedisRequest>, context: &CallContext<'a>) -> Result<Self, Failure> {
        let allowed = call.request().timeout().unwrap_or(LONGEST).min(context.time_left).min(LONGEST);
        let bounds = Bounds { deadline: Instant::now() + allowed, interrupt: context.interrupt };
        let goal = Goal::of(call)?;
        let stream = goal.connect(trust, call, bounds)?;
        let (class, limit) = (call.class(), call.terms().reply_limit);
        let wire = Wire::new(stream, bounds);
        let mut session = Self { wire, parser: Parser::new(), at: goal.at.clone(), class, limit, came: Came::Before, known: Vec::new(), slowest: 0 };
        session.greet(&goal)?;
        Ok(session)
    }

    /// Sends a command that the grant allowed, or one of those that it stands for, and gives the reply.
    pub(crate) fn command(&mut self, words: &[&[u8]]) -> Result<RedisReply, Failure> {
        self.check(words)?;
        self.came = Came::Sent(self.class);
        let began = Instant::now();
        let value = self.exchange(words, self.limit)?;
        self.slowest = self.slowest.max(microseconds(began.elapsed()));
        replies::reply(&self.at, value)
    }

    /// Asks the server about a command, once.
    fn check(&mut self, words: &[&[u8]]) -> Result<(), Failure> {
        let words: Vec<Content> = words.iter().take(2).map(|word| Content(word.to_vec())).collect();
        let unknown = || Failure::problem("redis.unknown-command", "a command whose effect is not known was not sent");
        let command = RedisCommand::of(&words).ok_or_else(unknown)?;
        if self.known.contains(&command.name) {
            return Ok(());
        }
        let question = asked::question(&command);
        let question: Vec<&[u8]> = question.iter().map(Vec::as_slice).collect();
        let answer = self.exchange(&question, GREETING)?;
        asked::judge(&command, replies::reply(&self.at, answer)?)?;
        self.known.push(command.name);
        Ok(())
    }

    fn greet(&mut self, goal: &Goal) -> Result<(), Failure> {
        let user = goal.login.user.as_deref().unwrap_or("default");
        let hello = match &goal.login.password {
            Some(password) => self.exchange(&[b"HELLO", b"3", b"AUTH", user.as_bytes(), password.as_bytes()], GREETING)?,
            None => self.exchange(&[b"HELLO", b"3"], GREETING)?,
        };
        if let Value::ServerError(error) = &hello
            && (error.code() == "NOPROTO" || error.details().is_some_and(|details| details.contains("unknown command")))
        {
            return Err(protocol(&self.at, "it has no `HELLO 3`"));
        }
        replies::reply(&self.at, hello)?;
        if goal.address.database != 0 {
            let value = self.exchange(&[b"SELECT", goal.address.database.to_string().as_bytes()], GREETING)?;
            replies::reply(&self.at, value)?;
        }
        Ok(())
    }

    /// One command there, one reply back.
    fn exchange(&mut self, words: &[&[u8]], limit: usize) -> Result<Value, Failure> {
        // It may hold a secret's value: gone from memory as soon as it is sent.
        let packed = Secret::new(packed(words));
        self.wire.allow(limit);
        let sent = self.wire.send(packed.expose());
        drop(packed);
        sent.map_err(|error| self.broken(&error.to_string(), limit))?;
        self.parser.parse_value(&mut self.wire).map_err(|error| {
            let broke = error.is_io_error() || self.wire.cut().is_some();
            if broke { self.broken(&error.to_string(), limit) } else { protocol(&self.at, "what it sent is no reply") }
        })
    }

    fn broken(&self, why: &str, limit: usize) -> Failure {
        match self.wire.cut() {
            Some(Cut::Late) => late(&self.at, self.came),
            Some(Cut::Cancelled) => Failure::TimedOut("cancelled by the operator".to_owned()),
            Some(Cut::TooLong) => too_long(limit),
            None => lost(&self.at, self.came, why),
        }
    }
}

fn too_long(limit: usize) -> Failure {
    Failure::problem(
        "redis.limit",
        format!("the reply is longer than {limit} bytes: ask for less, or raise `reply-limit` of the store in the grant; what was asked for may be done"),
    )
}

/// As the protocol has it: how many words, and each with its length.
fn packed(words: &[&[u8]]) -> Vec<u8> {
    // Of the right size at once: a buffer that grows leaves copies behind.
    let mut packed = Vec::with_capacity(32 + words.iter().map(|word| word.len() + 32).sum::<usize>());
    packed.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        packed.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        packed.extend_from_slice(word);
        packed.extend_from_slice(b"\r\n");
    }
    packed
}
