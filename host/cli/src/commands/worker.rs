//! `lockstep worker`: stays, and wakes what is due.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lockstep_api::Exit;
use lockstep_engine::House;
use lockstep_gate::{Interrupt, NoLive, SystemClock};
use lockstep_journal::NoObserver;
use lockstep_model::{Clock as _, RunId};

use super::waking::wake_one;
use crate::context::Context;
use crate::error::CliError;
use crate::signals;
use crate::wiring::{self, Watchers};

/// How often it looks for what is due: the most that a run wakes late when there is a thread for it.
const LOOK: Duration = Duration::from_millis(500);

/// Stay, and wake runs when they are due
///
/// As `lockstep tick` again and again, with several runs at once. A run that waits takes neither a thread nor memory. After SIGTERM or Ctrl-C each run
/// under way ends its call and is handed on: another worker, or this one started again, goes on with it.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArgs {
    /// How many runs to drive at once
    #[arg(long, value_name = "COUNT", default_value = "8")]
    threads: NonZeroUsize,
}

/// Runs that this worker is at. One is taken once.
#[derive(Default)]
struct Active(Mutex<BTreeSet<RunId>>);

impl Active {
    fn add(&self, run: RunId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run)
    }

    fn remove(&self, run: RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
    }
}

/// Does it.
///
/// # Errors
/// When the store cannot be opened or read.
pub(super) fn run(args: &WorkerArgs, context: &Context) -> Result<Exit, CliError> {
    let store = wiring::open_store(&context.store()?)?;
    let interrupt = Interrupt::default();
    let ui = context.ui().clone();
    signals::listen(&interrupt, move |what| ui.say(what))?;
    let house = wiring::house(store, Watchers { observer: Arc::new(NoObserver), live: Arc::new(NoLive), interrupt: interrupt.clone() })?;
    context.ui().say(format!("waking what is due, {} at once; Ctrl-C ends", crate::ui::plural(args.threads.get(), "run")));
    let active = Active::default();
    let (give, take) = sync_channel::<RunId>(args.threads.get());
    let take = Mutex::new(take);
    thread::scope(|scope| {
        for _ in 0..args.threads.get() {
            scope.spawn(|| work(context, &house, &take, &active));
        }
        let ended = look(&house, &interrupt, &active, |run| give.send(run).is_ok());
        drop(give);
        ended
    })?;
    context.ui().say("every run is handed on");
    Ok(Exit::Done)
}

/// Looks for what is due until the worker is to end.
fn look(house: &House, interrupt: &Interrupt, active: &Active, give: impl Fn(RunId) -> bool) -> Result<(), CliError> {
    while !interrupt.is_set() {
        let now = SystemClock.now();
        for run in house.store.due(now)? {
            if interrupt.is_set() || (active.add(run) && !give(run)) {
                return Ok(());
            }
        }
        let next = now.after(LOOK);
        while SystemClock.now() < next && !interrupt.is_set() {
            SystemClock.wait_until(next);
        }
    }
    Ok(())
}

fn work(context: &Context, house: &House, take: &Mutex<Receiver<RunId>>, active: &Active) {
    loop {
        let Ok(run) = take.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        match wake_one(context, house, run, "a worker") {
            Ok(Some(report)) => {
                let until = match &report.state.status {
                    lockstep_journal::RunStatus::Waiting(until, _) => format!(" until {until}"),
                    _ => String::new(),
                };
                context.ui().say(format!("run {run}: {}{until}", report.outcome));
            }
            Ok(None) => {}
            Err(error) => context.ui().say_error(&error.detail(format!("run {run}"))),
        }
        active.remove(run);
    }
}
