//! What performs: the other side of the gate.

use std::time::Duration;

use lockstep_grant::{Grantable, Granted};
use lockstep_model::Failure;

use crate::artifacts::Artifacts;
use crate::dry_run::Trial;
use crate::interrupt::Interrupt;

/// Performs the calls of one capability.
///
/// # Guarantees
/// The gate calls it only with a granted request, after the intent is durable when the class is an effect, and never in a replay. Of a call that `notes_first`
/// the intent is handed over by then, and durable when its first note is.
/// # Assumptions
/// `perform` returns by the deadline, give or take a second, and as soon when the operator cancels; it blocks the calling thread until then.
/// # Errors
/// `Failure::TimedOut` when the deadline passed or the operator cancelled, `Failure::InDoubt` when what must not be done twice was under way as the
/// connection broke, `Failure::Failed` with a documented code for everything else. Never `Denied`, but for what only shows
/// while performing (a resolved address, a redirect). Messages never contain what was sent: secrets have been put in.
pub trait Driver<R: Grantable>: Send + Sync {
    /// Performs `call` and gives the whole result.
    ///
    /// # Errors
    /// See the trait.
    fn perform(&self, call: &Granted<R>, context: &CallContext<'_>) -> Result<R::Response, Failure>;

    /// Whether nothing of this effect has happened before the driver has noted something of it: then the intent need not be durable before, and shares a sync with
    /// the note. A driver that says so lets nothing happen without a note.
    fn notes_first(&self, call: &Granted<R>) -> bool {
        let _ = call;
        false
    }

    /// Has the far side try an effect without its happening, where it can; changes nothing, also when it fails in the middle.
    fn try_out(&self, call: &Granted<R>, context: &CallContext<'_>) -> Trial<R::Response> {
        let _ = (call, context);
        Trial::Untried("nobody can try it without its happening".to_owned())
    }

    /// Finds out what became of an at-most-once call whose outcome was lost, by what it noted on its way; changes nothing. `note` is none when it had not
    /// noted anything. Waits while the far side is still at it, until the deadline.
    fn settle(&self, call: &Granted<R>, note: Option<&serde_json::Value>, context: &CallContext<'_>) -> Settled<R::Response> {
        let _ = (call, note, context);
        Settled::NobodyToAsk
    }

    /// Whether reads that could be performed side by side come one after the other, on the gate's own thread: for a far side that answers in the order asked, as
    /// a rehearsal's does, which has to be the same every time.
    fn takes_turns(&self) -> bool {
        false
    }
}

/// What a driver found out about a call whose outcome was lost.
#[derive(Debug, Clone)]
pub enum Settled<T> {
    /// The driver has nobody to ask: only an operator can know.
    NobodyToAsk,
    /// It happened, with what the guest gets, and how that was seen.
    Happened(T, String),
    /// It did not, nor will it; and how that was seen.
    DidNot(String),
    /// The far side was asked and did not tell, and why.
    Unknown(String),
}

/// Keeps what a driver notes about the call it performs.
pub trait Notes: Send + Sync {
    /// Makes `note` durable before it returns, in the place of an earlier one. Only while an effect is performed.
    ///
    /// # Errors
    /// When it could not be kept: the driver must then not let the effect happen, and give this failure.
    fn note(&self, note: &serde_json::Value) -> Result<(), Failure>;
}

/// Keeps nothing: for reads, and for tests of drivers.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNotes;

impl Notes for NoNotes {
    fn note(&self, _: &serde_json::Value) -> Result<(), Failure> {
        Ok(())
    }
}

/// What a driver needs besides the request.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// The same in every replay and after every crash: 64 hexadecimal digits.
    pub idempotency_key: &'a str,
    /// How long it may take, from now.
    pub time_left: Duration,
    /// The operator's wish: when it says to cancel, the driver gives up at once, as at its deadline.
    pub interrupt: &'a Interrupt,
    /// Where the driver of an effect notes by what name the far side will know it.
    pub notes: &'a dyn Notes,
    /// Where output goes while it comes, for the operator's eyes only. Scrubbed behind this.
    pub live: &'a dyn LiveOutput,
    /// Bytes that are too large for a request or a response: what the request names is opened here, what the response names was created here.
    pub artifacts: &'a dyn Artifacts,
}

/// Takes output while a call is under way.
pub trait LiveOutput: Send + Sync {
    /// Some bytes of standard output or standard error.
    fn output(&self, stream: Stream, bytes: &[u8]);
}

/// Which output of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Drops what it is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLiveOutput;

impl LiveOutput for NoLiveOutput {
    fn output(&self, _: Stream, _: &[u8]) {}
}
