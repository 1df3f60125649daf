//! What the server takes a command for, compared with what the grant was asked about: ours must not be the laxer.

use lockstep_model::Failure;
use lockstep_model::request::{RedisCommand, RedisKeys, RedisKind, RedisReply};

use crate::replies::list;

/// Where the parts of an entry of `COMMAND INFO` stand.
const NAME: usize = 0;
const FLAGS: usize = 2;
const FIRST: usize = 3;
const LAST: usize = 4;
const STEP: usize = 5;

/// The question: about a command with its subcommand, and about the command alone for servers that do not list those.
pub(crate) fn question(command: &RedisCommand) -> Vec<Vec<u8>> {
    let name = command.name.to_ascii_lowercase();
    let mut words = vec![b"COMMAND".to_vec(), b"INFO".to_vec(), name.replace(' ', "|").into_bytes()];
    if let Some((container, _)) = name.split_once(' ') {
        words.push(container.as_bytes().to_vec());
    }
    words
}

/// Whether the server's answer lets the command be sent.
pub(crate) fn judge(command: &RedisCommand, answer: RedisReply) -> Result<(), Failure> {
    let entries = list(answer)?;
    let Some((entry, contained)) = entries.iter().zip([true, false]).find(|(entry, _)| !matches!(entry, RedisReply::Nil)) else {
        return Err(unknown(command, "the server does not know it"));
    };
    let parts = entry.items();
    let word = |part: &RedisReply| match part {
        RedisReply::Text(text) => text.as_text().map(str::to_ascii_lowercase),
        _ => None,
    };
    let ours = command.name.to_ascii_lowercase();
    let expected = if contained { ours.replace(' ', "|") } else { ours.split(' ').next().unwrap_or_default().to_owned() };
    if parts.get(NAME).and_then(|name| word(name)).as_deref() != Some(expected.as_str()) {
        return Err(unknown(command, "the server has another command under this name"));
    }
    let flags: Vec<String> = parts.get(FLAGS).map(|flags| flags.items().into_iter().filter_map(word).collect()).unwrap_or_default();
    let has = |flag: &str| flags.iter().any(|known| known == flag);
    if command.kind == RedisKind::Read && has("write") {
        return Err(unknown(command, "the server says that it writes, and it was taken for a read"));
    }
    // `XREAD` is one that may block, and was refused if it would.
    if has("blocking") && command.keys != RedisKeys::Streams {
        return Err(unknown(command, "the server says that it blocks"));
    }
    if has("pubsub") && !matches!(command.name, "PUBLISH" | "SPUBLISH") && !command.name.starts_with("PUBSUB ") {
        return Err(unknown(command, "the server says that it listens"));
    }
    if contained && let RedisKeys::Span(first, last, step) = command.keys {
        let places = [FIRST, LAST, STEP].map(|at| parts.get(at).and_then(|part| digits(part)));
        if places != [first, last, step].map(|place| Some(i64::from(place))) {
            return Err(unknown(command, "the server has its keys elsewhere"));
        }
    }
    Ok(())
}

fn digits(part: &RedisReply) -> Option<i64> {
    match part {
        RedisReply::Integer(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn unknown(command: &RedisCommand, why: &str) -> Failure {
    Failure::problem("redis.unknown-command", format!("`{}` was not sent: {why}", command.name))
}
