//! Tells statements of SQLite to stop when their time is over or the operator cancels. Whoever runs one is not asked meanwhile, least of all while the rows of a
//! table are counted, so that another thread has to: one for all calls, which is started when there is none and ends once there are no more.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_gate::Interrupt;
use rusqlite::{Connection, InterruptHandle};

use crate::GLANCE;

/// The calls that are under way.
#[derive(Default)]
pub(crate) struct Watch(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    under_way: Vec<Weak<Watched>>,
    /// Whether a thread looks after them.
    looked_after: bool,
}

/// A call that is told to stop, as long as this lives.
pub(super) struct Watched {
    handle: InterruptHandle,
    began: Instant,
    deadline: Duration,
    interrupt: Interrupt,
}

impl Watched {
    pub(super) fn is_over(&self) -> bool {
        self.began.elapsed() >= self.deadline || self.interrupt.is_cancelled()
    }
}

impl Watch {
    /// # Errors
    /// When the host has no thread left.
    pub(super) fn over(&self, connection: &Connection, deadline: Duration, interrupt: &Interrupt) -> io::Result<Arc<Watched>> {
        let watched = Watched { handle: connection.get_interrupt_handle(), began: Instant::now(), deadline, interrupt: interrupt.clone() };
        let watched = Arc::new(watched);
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !calls.looked_after {
            let all = Arc::clone(&self.0);
            thread::Builder::new().name("db".to_owned()).spawn(move || while look_after(&all) {})?;
            calls.looked_after = true;
        }
        calls.under_way.push(Arc::downgrade(&watched));
        Ok(watched)
    }

    #[cfg(test)]
    pub(crate) fn is_looking(&self) -> bool {
        self.0.lock().unwrap().looked_after
    }
}

/// Waits, and looks at every call once; false when there were none.
fn look_after(calls: &Mutex<Calls>) -> bool {
    thread::park_timeout(GLANCE);
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    calls.under_way.retain(|call| {
        let call = call.upgrade();
        // A statement that begins forgets what was said before: it is said again and again.
        call.as_ref().filter(|call| call.is_over()).inspect(|call| call.handle.interrupt());
        call.is_some()
    });
    calls.looked_after = !calls.under_way.is_empty();
    calls.looked_after
}
