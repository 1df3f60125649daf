//! What takes many commands: the keys that begin with a text, and their deletion. In small batches, so that nobody else waits for long.

use std::collections::BTreeSet;
use std::time::Instant;

use lockstep_model::request::{RedisReply, Scanned};
use lockstep_model::{Content, Failure};

use crate::microseconds;
use crate::replies::{list, number, text};
use crate::session::Session;

/// Keys that a server looks at in one go.
const BATCH: &[u8] = b"1000";
/// Keys that are unlinked in one go.
const UNLINKED: usize = 500;
/// The most bytes of keys that a deletion keeps in memory.
const LARGEST: usize = 256 << 20;

/// The keys that begin with `prefix`.
pub(crate) fn keys(session: &mut Session<'_>, prefix: &[u8], most: u32, limit: usize) -> Result<Scanned, Failure> {
    let began = Instant::now();
    let keys = found(session, prefix, most, limit, "raise `reply-limit` of the store in the grant")?;
    let keys = keys.into_iter().map(Content).collect();
    Ok(Scanned { keys, total: microseconds(began.elapsed()), slowest: session.slowest })
}

/// Counts first; deletes what it counted.
pub(crate) fn delete(session: &mut Session<'_>, prefix: &[u8], most: u32) -> Result<u32, Failure> {
    if prefix.is_empty() {
        return Err(Failure::problem("redis.argument", "an empty prefix is every key of the database"));
    }
    let keys: Vec<Vec<u8>> = found(session, prefix, most, LARGEST, "this limit is fixed")?.into_iter().collect();
    let mut deleted = 0_u32;
    for batch in keys.chunks(UNLINKED) {
        let words: Vec<&[u8]> = std::iter::once(&b"UNLINK"[..]).chain(batch.iter().map(Vec::as_slice)).collect();
        deleted = deleted.saturating_add(number(&session.command(&words)?)?);
    }
    Ok(deleted)
}

fn found(session: &mut Session<'_>, prefix: &[u8], most: u32, limit: usize, raise: &str) -> Result<BTreeSet<Vec<u8>>, Failure> {
    let pattern = pattern(prefix);
    let (mut keys, mut bytes, mut cursor) = (BTreeSet::new(), 0_usize, b"0".to_vec());
    loop {
        let batch = session.command(&[b"SCAN", &cursor, b"MATCH", &pattern, b"COUNT", BATCH])?;
        let mut parts = list(batch)?.into_iter();
        let (Some(next), Some(RedisReply::List(batch)), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Failure::problem("redis.protocol", "a batch of keys is not a cursor and a list"));
        };
        for key in batch {
            let key = text(key)?;
            // A server is told the pattern and not trusted with it.
            if key.starts_with(prefix) && !keys.contains(&key) {
                bytes = bytes.saturating_add(key.len());
                keys.insert(key);
            }
        }
        if keys.len() > most as usize {
            let shown = String::from_utf8_lossy(prefix).into_owned();
            return Err(Failure::problem("redis.too-many", format!("more than {most} keys begin with `{shown}`; nothing was deleted")));
        }
        if bytes > limit {
            return Err(Failure::problem("redis.limit", format!("the keys have more than {limit} bytes in all: {raise}; nothing was deleted")));
        }
        cursor = text(next)?;
        if cursor == b"0" {
            return Ok(keys);
        }
    }
}

/// What begins with exactly these bytes, as the server's patterns are written.
fn pattern(prefix: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 8);
    for &byte in prefix {
        if b"*?[]^-\\".contains(&byte) {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn nothing_in_a_prefix_is_a_wildcard() {
        assert_eq!(pattern(b"a*[b]?\\c"), b"a\\*\\[b\\]\\?\\\\c*");
    }
}
