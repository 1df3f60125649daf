//! Stores of Redis that the grant names: commands by their words, and the keys that begin with a text.

mod reply;

use std::time::Duration;

use crate::bindings::lockstep::contract::redis as host;
use crate::units::whole_millis;
use crate::{Failure, Result};

pub use reply::Reply;

/// The store that the grant has under that id. Each call connects anew.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn warm(_: &Ctx) -> Result<()> {
///     let cache = redis::open("cache")?;
///     ensure!(cache.ping()? < millis(50), "the cache is slow");
///     cache.run(["SET", "app:cache:version", "2.0.0"])?;
///     let version: String = cache.run(["GET", "app:cache:version"])?.text()?;
///     info!("the cache is at {version}");
///     Ok(())
/// }
/// ```
pub fn open(id: &str) -> Result<Store> {
    host::Store::open(id).map(|store| Store { id: id.into(), store }).map_err(Failure::from_host)
}

/// A store of the grant.
#[derive(Debug)]
pub struct Store {
    id: String,
    store: host::Store,
}

impl Store {
    /// Deadline of each call that follows. Without it the step's.
    pub fn timeout(self, longest: Duration) -> Self {
        self.store.timeout(whole_millis(longest));
        self
    }

    /// Sends one command: `cache.run(["GET", "app:1"])`. Whether it is done again after a crash is the command's nature: see the contract.
    pub fn run<W: ToString>(&self, words: impl IntoIterator<Item = W>) -> Result<Reply> {
        let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
        let reply = self.store.run_text(&words).map_err(Failure::from_host)?;
        Ok(Reply::of(self.line(words.first().map(String::as_str)), reply))
    }

    /// As `run`, with words of bytes.
    pub fn run_bytes<W: Into<Vec<u8>>>(&self, words: impl IntoIterator<Item = W>) -> Result<Reply> {
        let words: Vec<Vec<u8>> = words.into_iter().map(Into::into).collect();
        let reply = self.store.run(&words).map_err(Failure::from_host)?;
        Ok(Reply::of(self.line(words.first().and_then(|word| std::str::from_utf8(word).ok())), reply))
    }

    /// Whether it answers, and how soon.
    pub fn ping(&self) -> Result<Duration> {
        self.store.ping().map(micros).map_err(Failure::from_host)
    }

    /// What the server says of itself: one section (`memory`, `replication`), or what it says by itself with an empty one.
    pub fn info(&self, section: &str) -> Result<String> {
        self.store.info(section).map_err(Failure::from_host)
    }

    /// The keys that begin with `prefix`, at most `most` of them, up to 1,000,000. It holds nobody up.
    pub fn scan(&self, prefix: impl AsRef<[u8]>, most: u32) -> Result<Scanned> {
        self.store.scan(prefix.as_ref(), most).map(|scanned| Scanned { scanned }).map_err(Failure::from_host)
    }

    /// Deletes the keys that begin with `prefix`, which is not empty, and gives how many. Counts first, and deletes none when there are more than `most`.
    pub fn delete_by_prefix(&self, prefix: impl AsRef<[u8]>, most: u32) -> Result<u32> {
        self.store.delete_by_prefix(prefix.as_ref(), most).map_err(Failure::from_host)
    }

    /// What was asked, for messages.
    fn line(&self, command: Option<&str>) -> String {
        format!("{} {}", self.id, command.unwrap_or("…"))
    }
}

/// What a scan found.
#[derive(Debug)]
pub struct Scanned {
    scanned: host::Scanned,
}

impl Scanned {
    /// The keys, each once, in order.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.scanned.keys()
    }

    /// How long all of it took.
    pub fn total(&self) -> Duration {
        micros(self.scanned.total())
    }

    /// The slowest round trip: how long anybody else had to wait for it at most.
    pub fn slowest(&self) -> Duration {
        micros(self.scanned.slowest())
    }
}

fn micros(microseconds: u32) -> Duration {
    Duration::from_micros(u64::from(microseconds))
}
