//! Probes: how the host finds out whether a call happened when a crash, a deadline or a broken connection has lost its outcome.

use std::fmt::Debug;
use std::rc::Rc;

use crate::bindings::lockstep::contract::{files, types};
use crate::{Result, http, shell};

/// A read, and what its answer says about the call that it is attached to: it happened, it did not, or neither.
///
/// After a crash the host asks by itself. A call that happened gives what the probe saw, one that did not is made again with the same idempotency key, and
/// only one of which nobody knows is put to an operator. The grant must allow the probe, as a read, or the call is denied before it begins.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn pay(ctx: &Ctx) -> Result<()> {
///     let url = "https://bank.example.com/payments";
///     http::post(url)
///         .json(json!({ "invoice": 4711 }))
///         .probe(Probe::http(format!("{url}/{}", ctx.idempotency_key())).status(200).json("/state", "booked").did_not(404))
///         .send()?
///         .expect_success()?;
///     Ok(())
/// }
/// ```
///
/// A probe may be of another kind than its call:
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn migrate(_: &Ctx) -> Result<()> {
///     let done = Probe::command("/usr/local/bin/schema", ["at-least", "42"]).happened(0).did_not(3);
///     shell::command("/usr/local/bin/schema").args(["migrate", "42"]).probe(done).run()?.expect_success()?;
///     Ok(())
/// }
///
/// fn build(_: &Ctx, digest: &str) -> Result<()> {
///     shell::command("/usr/bin/make").arg("release").probe(Probe::file("/build/release.tar", digest)).run()?.expect_success()?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is asked unless it is attached to a call"]
pub struct Probe {
    /// Behind a pointer, so that a component imports the interfaces of the probes that it makes and no others: the imports are its manifest.
    read: Rc<dyn Read>,
    says: Vec<Says>,
}

/// What one kind of answer means.
#[derive(Debug, Clone)]
enum Says {
    Happened(i32),
    DidNot(i32),
    Json(String, String),
    Text(String),
    OtherwiseDidNot,
}

/// What a probe asks.
pub(crate) trait Read: Debug {
    /// The probe that asks it.
    fn asked(&self) -> Result<types::Probe>;
}

#[derive(Debug)]
struct File {
    path: String,
    digest: String,
}

impl Read for File {
    fn asked(&self) -> Result<types::Probe> {
        Ok(files::digest_probe(&self.path, &self.digest))
    }
}

impl Probe {
    /// A `GET`: a status of 200 to 299 says that it happened, unless more is said. For headers, a token or another method see
    /// [`Request::as_probe`](http::Request::as_probe).
    pub fn http(url: impl Into<String>) -> Self {
        http::get(url).as_probe()
    }

    /// A command that the grant calls a read: exit code 0 says that it happened, unless more is said. For variables or a directory see
    /// [`Command::as_probe`](shell::Command::as_probe).
    pub fn command<S: ToString>(program: impl Into<String>, args: impl IntoIterator<Item = S>) -> Self {
        shell::command(program).args(args).as_probe()
    }

    /// A file: it happened when it has the digest (`sha256:…`), it did not when nothing is there. Any other digest says nothing, unless
    /// [`Probe::otherwise_did_not`].
    pub fn file(path: impl Into<String>, digest: impl Into<String>) -> Self {
        Self::of(File { path: path.into(), digest: digest.into() })
    }

    pub(crate) fn of(read: impl Read + 'static) -> Self {
        Self { read: Rc::new(read), says: Vec::new() }
    }

    fn says(mut self, says: Says) -> Self {
        self.says.push(says);
        self
    }

    /// A status with which it may have happened.
    pub fn status(self, status: u16) -> Self {
        self.happened(status.into())
    }

    /// A status or an exit code with which it may have happened.
    pub fn happened(self, code: i32) -> Self {
        self.says(Says::Happened(code))
    }

    /// A status or an exit code that says that it did not happen. Not one of a far side that may still be at work on it.
    pub fn did_not(self, code: i32) -> Self {
        self.says(Says::DidNot(code))
    }

    /// What the body or the output must have as well: at this JSON pointer this string, number or flag.
    pub fn json(self, pointer: impl Into<String>, value: impl ToString) -> Self {
        self.says(Says::Json(pointer.into(), value.to_string()))
    }

    /// A text that the body or the output must contain as well.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.says(Says::Text(text.into()))
    }

    /// Says that an answer that has the right code and lacks the rest means that it did not happen; of a file, any other digest.
    pub fn otherwise_did_not(self) -> Self {
        self.says(Says::OtherwiseDidNot)
    }

    /// In the host's words.
    pub(crate) fn ready(&self) -> Result<types::Probe> {
        let probe = self.read.asked()?;
        for says in &self.says {
            match says {
                Says::Happened(code) => probe.happened(*code),
                Says::DidNot(code) => probe.did_not(*code),
                Says::Json(pointer, value) => probe.json(pointer, value),
                Says::Text(text) => probe.text(text),
                Says::OtherwiseDidNot => probe.otherwise_did_not(),
            }
        }
        Ok(probe)
    }
}
