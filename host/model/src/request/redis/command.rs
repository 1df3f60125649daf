//! What one command of Redis does: its kind, its class, and which of its arguments are keys.

use crate::{Content, EffectClass};

use super::commands::COMMANDS;

/// What a command does to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// Changes something, and the same when it is done again.
    Idempotent,
    /// Changes something, and something else when it is done again.
    Write,
    /// Takes away more than the keys that it names, or changes the server itself.
    Destructive,
    /// No grant allows it.
    Refused(Reason),
}

/// Why no grant allows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It waits at the server.
    #[error("it waits at the server until something happens")]
    Blocks,
    /// It turns the connection into a stream.
    #[error("it turns the connection into a stream that does not end")]
    Listens,
    /// It changes what the connection is: user, database, transaction.
    #[error("it changes what the connection is, which is the grant's to say")]
    Connection,
    /// It makes the server talk to other hosts, or another server of it.
    #[error("it makes the server talk to other hosts or changes its place in a cluster")]
    Elsewhere,
    /// It brings code of its own.
    #[error("it runs or loads code, of which nobody can say what it does")]
    Code,
    /// It stops, blocks or rearms the server.
    #[error("it stops the server, blocks it, or shows or changes who may use it")]
    Server,
    /// It goes through every key at once.
    #[error("it holds the server up while it goes through every key: `scan` does not")]
    Keyspace,
    /// A setting that is a password, or a pattern that may find one.
    #[error("it may show a password: name the settings, without a pattern")]
    Password,
}

/// Where the keys of a command stand. Positions count from the command, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It touches none.
    Nothing,
    /// First, last (from the end when it is negative) and step.
    Span(i8, i8, i8),
    /// Argument 1 says how many follow it.
    Counted,
    /// Argument 1 is one, and argument 2 says how many follow it.
    StoredCounted,
    /// The first half of what follows `STREAMS`.
    Streams,
    /// It cannot be told, or it is about all of them.
    Unknown,
}

/// A command, looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// In upper case; with its subcommand, when it has one: `CONFIG SET`.
    pub name: &'static str,
    /// What it does with these arguments.
    pub kind: Kind,
    /// Where its keys are.
    pub keys: Keys,
}

/// Settings of a server that are passwords.
const PASSWORDS: [&[u8]; 4] = [b"requirepass", b"masterauth", b"tls-key-file-pass", b"tls-client-key-file-pass"];

impl Command {
    /// What the words of a command are; none when it is not one of Redis 7.0.
    pub fn of(words: &[Content]) -> Option<Self> {
        let first = words.first()?.as_text()?.to_ascii_uppercase();
        let with_second = || Some(format!("{first} {}", words.get(1)?.as_text()?.to_ascii_uppercase()));
        let found = with_second().and_then(|name| look_up(&name)).or_else(|| look_up(&first))?;
        Some(found.with(words))
    }

    /// Whether there is a command of that name, in upper case.
    pub fn is_known(name: &str) -> bool {
        look_up(name).is_some() || COMMANDS.iter().any(|(known, ..)| known.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))
    }

    /// The class of a call that sends it.
    pub fn class(&self) -> EffectClass {
        match self.kind {
            Kind::Read => EffectClass::Read,
            Kind::Idempotent => EffectClass::Idempotent,
            Kind::Write | Kind::Destructive | Kind::Refused(_) => EffectClass::AtMostOnce,
        }
    }

    /// Its keys among the words; none when they cannot be told.
    pub fn keys_of<'w>(&self, words: &'w [Content]) -> Option<Vec<&'w [u8]>> {
        let range = |from: usize, count: usize| words.get(from..from.checked_add(count)?);
        let found: Vec<&Content> = match self.keys {
            Keys::Nothing => Vec::new(),
            Keys::Span(first, last, step) => span(words, first, last, step)?,
            Keys::Counted => range(2, number(words.get(1)?)?)?.iter().collect(),
            Keys::StoredCounted => words.get(1).into_iter().chain(range(3, number(words.get(2)?)?)?).collect(),
            Keys::Streams => {
                let at = words.iter().position(|word| is(word, "STREAMS"))? + 1;
                let rest = words.len() - at;
                if rest == 0 || !rest.is_multiple_of(2) {
                    return None;
                }
                words[at..at + rest / 2].iter().collect()
            }
            Keys::Unknown => return None,
        };
        Some(found.into_iter().map(|key| key.0.as_slice()).collect())
    }

    /// The same, as strict as its arguments make it.
    fn with(mut self, words: &[Content]) -> Self {
        let has = |options: &[&str], from: usize| words.iter().skip(from).any(|word| options.iter().any(|option| is(word, option)));
        match self.name {
            // A time that counts from now, a condition and the old value are others the second time.
            "SET" if has(&["NX", "XX", "GET", "EX", "PX"], 3) => self.kind = Kind::Write,
            "ZADD" if has(&["INCR"], 2) => self.kind = Kind::Write,
            "XREAD" | "XREADGROUP" if has(&["BLOCK"], 1) => self.kind = Kind::Refused(Reason::Blocks),
            "CONFIG GET" if words.iter().skip(2).any(|setting| may_be_password(&setting.0)) => self.kind = Kind::Refused(Reason::Password),
            _ => {}
        }
        self
    }
}

fn look_up(name: &str) -> Option<Command> {
    let at = COMMANDS.binary_search_by(|(known, ..)| (*known).cmp(name)).ok()?;
    let (name, kind, keys) = COMMANDS[at];
    Some(Command { name, kind, keys })
}

fn span(words: &[Content], first: i8, last: i8, step: i8) -> Option<Vec<&Content>> {
    let count = isize::try_from(words.len()).ok()?;
    let last = if last < 0 { count + isize::from(last) } else { isize::from(last) };
    let (first, last, step) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?, usize::try_from(step).ok()?);
    // A command with too few words is the server's to refuse; here its keys are those that it has.
    words.get(first..=last).map(|keys| keys.iter().step_by(step).collect())
}

fn number(word: &Content) -> Option<usize> {
    word.as_text()?.parse().ok().filter(|count| *count > 0)
}

fn is(word: &Content, option: &str) -> bool {
    word.0.eq_ignore_ascii_case(option.as_bytes())
}

fn may_be_password(setting: &[u8]) -> bool {
    setting.iter().any(|byte| b"*?[\\".contains(byte)) || PASSWORDS.iter().any(|password| setting.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command, Kind, Reason};
    use crate::{Content, EffectClass};

    fn words(line: &str) -> Vec<Content> {
        line.split(' ').map(Content::from).collect()
    }

    fn of(line: &str) -> Command {
        Command::of(&words(line)).unwrap_or_else(|| panic!("{line}"))
    }

    #[test]
    fn the_table_is_sorted_so_that_every_command_is_found() {
        assert!(COMMANDS.windows(2).all(|two| two[0].0 < two[1].0));
        for (name, ..) in COMMANDS {
            assert_eq!(of(name).name, *name);
        }
    }

    #[test]
    fn what_takes_away_everything_is_destructive_and_what_nobody_can_follow_is_refused() {
        for line in ["FLUSHALL", "flushdb async", "SWAPDB 0 1", "Config Set maxmemory 1", "RESTORE k 0 x", "SCRIPT FLUSH"] {
            assert_eq!(of(line).kind, Kind::Destructive, "{line}");
        }
        for line in [
            "EVAL x 0",
            "EVALSHA_RO x 0",
            "DEBUG SLEEP 1",
            "SHUTDOWN",
            "REPLICAOF h 1",
            "MIGRATE h 1 k 0 1",
            "KEYS *",
            "SUBSCRIBE a",
            "MONITOR",
            "BLPOP a 0",
            "SELECT 1",
        ] {
            assert!(matches!(of(line).kind, Kind::Refused(_)), "{line}");
        }
        for line in ["CONFIG GET *", "CONFIG GET requirepass", "config get maxmemory MASTERAUTH", "CONFIG GET [r]equirepass"] {
            assert_eq!(of(line).kind, Kind::Refused(Reason::Password), "{line}");
        }
        assert_eq!(of("CONFIG GET maxmemory").kind, Kind::Read);
        for line in ["NOSUCH a", "", "CONFIG", "CONFIG NOSUCH", "JSON.SET a b"] {
            assert_eq!(Command::of(&words(line)), None, "{line}");
        }
        assert_eq!(Command::of(&[Content(vec![0xff])]), None);
    }

    #[test]
    fn only_what_is_the_same_when_it_is_done_again_is_idempotent() {
        for (line, class) in [
            ("GET a", EffectClass::Read),
            ("SET a b", EffectClass::Idempotent),
            ("SET a b PXAT 1", EffectClass::Idempotent),
            ("SET a b ex 10", EffectClass::AtMostOnce),
            ("SET a b NX", EffectClass::AtMostOnce),
            ("SET NX EX", EffectClass::Idempotent),
            ("DEL a b", EffectClass::Idempotent),
            ("INCR a", EffectClass::AtMostOnce),
            ("EXPIRE a 10", EffectClass::AtMostOnce),
            ("EXPIREAT a 10", EffectClass::Idempotent),
            ("ZADD z 1 a", EffectClass::Idempotent),
            ("ZADD z incr 1 a", EffectClass::AtMostOnce),
        ] {
            assert_eq!(of(line).class(), class, "{line}");
        }
        assert_eq!(of("XREAD block 0 STREAMS s 0").kind, Kind::Refused(Reason::Blocks));
    }

    #[test]
    fn keys_are_told_or_it_is_said_that_they_cannot_be() {
        let keys = |line: &str| {
            let words = words(line);
            Command::of(&words)
                .unwrap()
                .keys_of(&words)
                .map(|keys| keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect::<Vec<_>>().join(" "))
        };
        for (line, expect) in [
            ("GET a", Some("a")),
            ("DEL a b c", Some("a b c")),
            ("MSET a 1 b 2", Some("a b")),
            ("RENAME a b", Some("a b")),
            ("BITOP AND d a b", Some("d a b")),
            ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", Some("d a b")),
            ("ZUNIONSTORE d 3 a b", None),
            ("ZUNIONSTORE d -1 a", None),
            ("ZDIFF 2 a b", Some("a b")),
            ("XREAD COUNT 2 STREAMS a b 0 0", Some("a b")),
            ("XREAD STREAMS a b 0", None),
            ("OBJECT ENCODING a", Some("a")),
            ("GET", None),
            ("PING", Some("")),
            ("FLUSHALL", None),
            ("SCAN 0", None),
            ("SORT a BY w_*", None),
        ] {
            assert_eq!(keys(line).as_deref(), expect, "{line}");
        }
    }
}
