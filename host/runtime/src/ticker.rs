//! One thread that ends an epoch now and then while guests run, so that a guest in an endless loop looks at the clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// A deadline is met with this precision. Shorter would wake an idle machine more often for nothing.
const TICK: Duration = Duration::from_millis(10);

/// Ticks for one engine.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    engine: EngineWeak,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Guests that run now.
    running: usize,
    /// Whether there is a thread.
    started: bool,
    /// Whether the thread sleeps until it is woken: short steps one after the other need not wake it each time.
    idle: bool,
    closed: bool,
}

/// A guest that runs: ticks come while one of these is there.
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self { shared: Arc::default(), engine: engine.weak() }
    }

    /// Says that a guest runs. The first one starts the thread.
    ///
    /// # Errors
    /// When no thread can be started: then no guest may run, nothing would end it.
    pub(crate) fn run(&self) -> std::io::Result<Running<'_>> {
        let mut state = lock(&self.shared);
        if !state.started {
            let (shared, engine) = (Arc::clone(&self.shared), self.engine.clone());
            std::thread::Builder::new().name("epochs".to_owned()).spawn(move || tick(&shared, &engine))?;
            state.started = true;
        }
        state.running += 1;
        if state.idle {
            self.shared.wake.notify_one();
        }
        drop(state);
        Ok(Running(&self.shared))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(self.0).running -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        lock(&self.shared).closed = true;
        self.shared.wake.notify_one();
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    let mut state = lock(shared);
    while !state.closed {
        if state.running == 0 {
            state.idle = true;
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
            continue;
        }
        state = shared.wake.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}
