//! Takes the lease of an environment, waits for it when told to, and shows that this process lives while it drives a run.
//!
//! The same thread hears what operators ask at other terminals: both are small looks into the store that must not wait for a long call to end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lockstep_gate::Interrupt;
use lockstep_journal::{Act, Lease, LeaseAsk, LeaseKept, PostedAct, Store};
use lockstep_model::{Clock, RunId};

use crate::error::EngineError;
use crate::house::House;

/// How often acts of other terminals are looked for.
const LISTEN: Duration = Duration::from_millis(250);
/// Every so many looks the holder shows that it lives: three times before the lease would expire.
const LOOKS_A_BEAT: u32 = 20;
/// How often a lease that another run has is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Asks for the lease until it is given, the patience is at its end or the operator interrupts.
///
/// # Errors
/// `EnvironmentTaken` when another run has the environment, `RunTaken` when another process drives this one.
pub(crate) fn take(house: &House, environment: &str, run: RunId, reason: &str, patience: Duration) -> Result<Lease, EngineError> {
    let until = house.clock.now().after(patience);
    let mut told = false;
    loop {
        let now = house.clock.now();
        let kept = match ask(house, environment, run, reason, false)? {
            Ok(lease) => return Ok(lease),
            Err(kept) => kept,
        };
        if now >= until || house.interrupt.is_set() {
            return Err(if kept.run == Some(run) { EngineError::RunTaken(kept) } else { EngineError::EnvironmentTaken(kept) });
        }
        if !told {
            house.live.environment_taken(&kept, until);
            told = true;
        }
        house.clock.wait_until(until.min(now.after(ASK_AGAIN)));
    }
}

/// Asks once. The inner error is the lease as it stands.
///
/// # Errors
/// When the store does not answer.
pub(crate) fn ask(house: &House, environment: &str, run: RunId, reason: &str, force: bool) -> Result<Result<Lease, Box<LeaseKept>>, EngineError> {
    let ask = LeaseAsk { environment: environment.to_owned(), run, holder: house.holder.clone(), reason: reason.to_owned(), now: house.clock.now(), force };
    Ok(house.store.take_lease(&ask).map_err(lockstep_journal::JournalError::from)?)
}

/// Acts that were heard and not carried out yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<VecDeque<PostedAct>>>);

impl Inbox {
    /// The oldest one.
    pub(crate) fn take(&self) -> Option<PostedAct> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn put(&self, act: PostedAct) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(act);
    }
}

/// The thread that beats and listens, for as long as a run is driven.
pub(crate) struct Watch {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts it, where other processes can reach the store.
    pub(crate) fn start(house: &House, lease: &Lease, interrupt: &Interrupt, inbox: &Inbox) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        if !house.shared {
            return Self { over, thread: None };
        }
        let watcher = Watcher {
            store: Arc::clone(&house.store),
            clock: Arc::clone(&house.clock),
            lease: lease.clone(),
            interrupt: interrupt.clone(),
            inbox: inbox.clone(),
            heard: None,
        };
        let ended = Arc::clone(&over);
        let thread = thread::Builder::new().name("lease".to_owned()).spawn(move || watcher.watch(&ended));
        if let Err(error) = &thread {
            // The run goes on; once the lease has expired another process may take over, and this one is shut out.
            tracing::warn!(%error, "no thread to show that this process lives");
        }
        Self { over, thread: thread.ok() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has no result, and its panic has been told by the panic hook.
            let _ = thread.join();
        }
    }
}

struct Watcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    interrupt: Interrupt,
    inbox: Inbox,
    /// The newest act heard.
    heard: Option<u64>,
}

impl Watcher {
    fn watch(mut self, over: &AtomicBool) {
        for look in 1_u32.. {
            thread::park_timeout(LISTEN);
            if over.load(Ordering::SeqCst) {
                return;
            }
            self.listen();
            if look % LOOKS_A_BEAT == 0 && !self.beat() {
                // What is under way cannot be recorded any more: nothing further is begun.
                self.interrupt.pause();
                return;
            }
        }
    }

    fn listen(&mut self) {
        let acts = self.store.acts(self.lease.run).unwrap_or_else(|error| {
            tracing::warn!(%error, "acts of other terminals cannot be read");
            Vec::new()
        });
        for act in acts {
            if self.heard.is_some_and(|heard| act.id <= heard) {
                continue;
            }
            self.heard = Some(act.id);
            let what = act.act.clone();
            self.inbox.put(act);
            match what {
                Act::Cancel { .. } => self.interrupt.cancel(),
                Act::Pause { .. } | Act::Undo { .. } | Act::Retry { .. } => self.interrupt.pause(),
                // Only a record: it need not stop the step that is under way.
                Act::Skip { .. } | Act::MarkDone { .. } => {}
            }
        }
    }

    /// False: the lease is another's.
    fn beat(&self) -> bool {
        self.store.renew_lease(&self.lease, self.clock.now()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the lease cannot be renewed");
            true
        })
    }
}
