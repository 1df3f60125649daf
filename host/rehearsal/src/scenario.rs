//! A scenario: what a procedure is told, what the world around it answers, and what is expected of it. Read from a file, checked whole.

mod answers;
mod db;
mod expect;
mod json;
mod read;
mod redis;
mod things;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lockstep_grant::{CommandPattern, Glob, HttpPattern, Place};
use lockstep_model::request::{DbDone, Header, RedisReply};
use lockstep_model::{Content, Failure, RunOutcome, Secret, Timestamp};

use crate::tree::Tree;

pub(crate) use db::one_line;

/// A scenario file, read.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is there for, a line.
    pub describe: Option<String>,
    /// Its own grant file, absolute; none: the one that the caller uses otherwise.
    pub grant: Option<PathBuf>,
    /// The environment's name; none: the grant's.
    pub environment: Option<String>,
    /// Where the clock begins.
    pub start: Timestamp,
    /// What the procedure is told.
    pub parameters: BTreeMap<String, String>,
    /// Values of secrets that the grant declares.
    pub secrets: BTreeMap<String, Secret<Vec<u8>>>,
    /// What is expected.
    pub expect: Expect,
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) files: Tree,
    pub(crate) disk_free: u64,
    pub(crate) http: Vec<Rule<HttpMatch, HttpAnswer>>,
    pub(crate) shell: Vec<Rule<CommandPattern, ShellAnswer>>,
    pub(crate) redis: Vec<Rule<RedisMatch, RedisReply>>,
    /// By the line that says what a call is about.
    pub(crate) kube: Vec<Rule<Glob, KubeAnswer>>,
    pub(crate) db: Vec<Rule<DbMatch, DbDone>>,
}

/// Which calls are answered, and how.
#[derive(Debug, Clone)]
pub(crate) struct Rule<M, A> {
    /// Where it stands.
    pub(crate) place: Place,
    /// The calls.
    pub(crate) matches: M,
    /// What must hold besides.
    pub(crate) when: Vec<Fact>,
    /// In the order given. The last one without `times` is given for ever.
    pub(crate) answers: Vec<Answer<A>>,
}

/// Requests.
#[derive(Debug, Clone)]
pub(crate) struct HttpMatch {
    pub(crate) request: HttpPattern,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Glob)>,
    pub(crate) body: Option<Glob>,
}

/// Asks of a store: its words, one pattern each.
#[derive(Debug, Clone)]
pub(crate) struct RedisMatch {
    pub(crate) store: String,
    pub(crate) words: Vec<Glob>,
    /// Whether more words may follow.
    pub(crate) rest: bool,
}

/// Statements of a database, each on one line.
#[derive(Debug, Clone)]
pub(crate) struct DbMatch {
    pub(crate) database: String,
    pub(crate) sql: Glob,
}

/// One answer and what comes with it.
#[derive(Debug, Clone)]
pub(crate) struct Answer<A> {
    pub(crate) gives: Result<A, Failure>,
    /// How long it takes.
    pub(crate) delay: Duration,
    /// What it changes in the world.
    pub(crate) set: Vec<Fact>,
    /// How often it is given before the next one's turn.
    pub(crate) times: Option<u32>,
}

/// A response.
#[derive(Debug, Clone)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Content,
}

/// How a program ends.
#[derive(Debug, Clone)]
pub(crate) struct ShellAnswer {
    pub(crate) code: i32,
    pub(crate) stdout: Content,
    pub(crate) stderr: Content,
}

/// What a cluster gives: whichever of it the call is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct KubeAnswer {
    pub(crate) object: Option<serde_json::Value>,
    pub(crate) text: Content,
    pub(crate) entries: Vec<serde_json::Value>,
}

/// That a thing of the world is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) thing: Thing,
    pub(crate) is: Is,
}

/// What can be looked at and changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// A name of `[world]`.
    Value(String),
    /// A path as the procedure sees it.
    Path(String),
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Is {
    /// A value, a file's text, or where a link points.
    Text(String),
    /// Something is at the path.
    There,
    /// Nothing is at the path.
    Gone,
}

/// What is expected of the plain run.
#[derive(Debug, Clone)]
pub struct Expect {
    pub(crate) outcome: RunOutcome,
    /// Steps and the words of their status.
    pub(crate) steps: BTreeMap<String, String>,
    /// Calls that are made, in this order; others may come between.
    pub(crate) calls: Vec<CallPattern>,
    /// Calls that are not made.
    pub(crate) never: Vec<CallPattern>,
    /// What holds at the end.
    pub(crate) world: Vec<Fact>,
    pub(crate) at_least: Option<Duration>,
    pub(crate) at_most: Option<Duration>,
}

/// A pattern of the line that says what a call is about.
#[derive(Debug, Clone)]
pub(crate) struct CallPattern {
    pub(crate) text: String,
    pub(crate) glob: Glob,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(name) | Self::Path(name) => f.write_str(name),
        }
    }
}
