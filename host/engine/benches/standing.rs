//! What long runs and many runs cost: five hundred steps beside bare appends, a hundred thousand waiting runs, a long journal resumed, a store with a
//! million records.
//!
//! The ratios count, and the memory. As a test it only shows that it works, with small numbers.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program of its own that prints a table")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_engine::{House, LONGEST_HOLD, Resume, Start, Waits, start, wake};
use lockstep_gate::{CallContext, Driver, Drivers};
use lockstep_grant::{Grant, Granted};
use lockstep_journal::store_contract::Chain;
use lockstep_journal::{Batch, Durability, Store};
use lockstep_model::request::{ClockRequest, HttpRequest, HttpResponse, Timing};
use lockstep_model::{Content, Failure, RunId, RunOutcome};
use lockstep_store_sqlite::{Options, SqliteStore};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, resume_of, start_of};
use tempfile::TempDir;

/// So many runs are driven at once.
const THREADS: usize = 8;
/// About what the records of an effect take together.
const BYTES: usize = 1_200;

/// A wait that outlasts the longest hold ends the drive.
const LETTING_GO: Waits = Waits { environment: Duration::ZERO, detach: true, hand_on: false };

/// How much of each is measured.
struct Sizes {
    steps: usize,
    waiting: usize,
    due: usize,
    long: usize,
    records: usize,
}

fn main() {
    let sizes = if std::env::args().any(|argument| argument == "--bench") {
        Sizes { steps: 500, waiting: 100_000, due: 1_000, long: 10_000, records: 1_000_000 }
    } else {
        Sizes { steps: 5, waiting: 20, due: 5, long: 100, records: 1_000 }
    };
    // On the disk of the build, not in a directory that may lie in memory.
    let temporary = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    steps_beside_appends(&temporary.path().join("steps"), sizes.steps);
    a_long_journal(&temporary.path().join("long"), sizes.long);
    a_large_store(temporary.path(), sizes.records, sizes.steps);
    waiting_runs(&temporary.path().join("waiting"), sizes.waiting, sizes.due);
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("{what:<66} {value:>16}");
}

fn open(dir: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(dir, Options::default()).unwrap())
}

fn allowed() -> Arc<Grant> {
    grant("[http]\nallow = [\"* http://app.test/**\"]\n[limits]\ncalls = 1000000\nrun = \"365d\"\n")
}

fn letting_go(store: &Arc<dyn Store>) -> House {
    answering(store, || ())
}

/// As `letting_go`, with something to do in each effect.
fn answering(store: &Arc<dyn Store>, effect: impl Fn() + Send + Sync + 'static) -> House {
    let drivers = Drivers { http: Arc::new(Answering(Box::new(effect))), ..FakeDrivers::default().drivers() };
    House { drivers, longest_hold: LONGEST_HOLD, ..house(Arc::clone(store), &FakeDrivers::default()) }
}

/// A far side that costs nothing but what is done in it.
struct Answering(Box<dyn Fn() + Send + Sync>);

impl Driver<HttpRequest> for Answering {
    fn perform(&self, call: &Granted<HttpRequest>, _: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        (self.0)();
        Ok(HttpResponse {
            status: 200,
            headers: Vec::new(),
            body: Content::default(),
            truncated: false,
            body_artifact: None,
            url: call.request().url.clone(),
            timing: Timing::default(),
            tries: 0,
        })
    }
}

fn begin(script: &Arc<Script>, environment: String) -> Start {
    Start { environment, waits: LETTING_GO, ..start_of(Arc::clone(script) as _, allowed()) }
}

fn again(script: &Arc<Script>, run: RunId) -> Resume {
    Resume { waits: LETTING_GO, ..resume_of(run, Arc::clone(script) as _, allowed()) }
}

fn with_steps(count: usize) -> Arc<Script> {
    let put = |gate: &lockstep_gate::Gate| ask(gate, HttpRequest::to("PUT", "http://app.test/x")).map(|_| ());
    Arc::new((0..count).fold(Script::default().imports(&["http"]), |script, number| script.step(&format!("s{number}"), put, |_| Ok(()))))
}

/// A bare append is made in each effect, and its time taken off the run's: a disk is not the same for long, and so both have the same one.
fn steps_beside_appends(dir: &Path, steps: usize) {
    let store = open(dir);
    let bytes = bytes_of_steps(&open(&dir.join("bytes")), steps) / steps;
    let bare = Arc::new(Mutex::new((Chain::of_run(90_000), Duration::ZERO)));
    let house = {
        let (appended, bare) = (Arc::clone(&store), Arc::clone(&bare));
        answering(&store, move || {
            let (chain, taken) = &mut *bare.lock().unwrap();
            *taken += appends(&appended, chain, 1, bytes);
        })
    };
    let rounds: Vec<_> = (0..20)
        .map(|turn| {
            bare.lock().unwrap().1 = Duration::ZERO;
            let script = with_steps(steps);
            let began = Instant::now();
            let report = start(&house, begin(&script, format!("steps-{turn}"))).unwrap();
            assert_eq!(report.outcome, RunOutcome::Succeeded);
            let bare = bare.lock().unwrap().1;
            (began.elapsed().saturating_sub(bare), bare)
        })
        .collect();
    let median = |of: fn(&(Duration, Duration)) -> f64| {
        let mut figures: Vec<_> = rounds.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    row(&format!("{steps} steps with an effect each"), format!("{:.0} ms", median(|(run, _)| run.as_secs_f64() * 1e3)));
    row(&format!("{steps} bare durable appends of {bytes} bytes, as many as a step"), format!("{:.0} ms", median(|(_, bare)| bare.as_secs_f64() * 1e3)));
    row("ratio (target: under 1.3)", format!("{:.2}", median(|(run, bare)| run.as_secs_f64() / bare.as_secs_f64())));
}

fn appends(store: &Arc<dyn Store>, chain: &mut Chain, count: usize, bytes: usize) -> Duration {
    let began = Instant::now();
    for _ in 0..count {
        let batch = Batch { records: vec![chain.record(bytes)], ..Batch::default() };
        store.append(batch, Durability::Durable).unwrap();
    }
    began.elapsed()
}

/// What so many steps have in the journal, without their plan.
fn bytes_of_steps(store: &Arc<dyn Store>, steps: usize) -> usize {
    let report = start(&letting_go(store), begin(&with_steps(steps), "bytes".to_owned())).unwrap();
    store.records(report.run).unwrap().iter().filter(|record| record.record.event.kind() != "PlanDeclared").map(|record| record.bytes.len()).sum()
}

fn a_long_journal(dir: &Path, calls: usize) {
    let store = open(dir);
    let script = Arc::new(Script::default().imports(&["http"]).step(
        "long",
        move |gate| {
            for _ in 0..calls {
                ask(gate, ClockRequest::Now)?;
            }
            ask(gate, ClockRequest::Sleep { seconds: 3_600 }).map(|_| ())
        },
        |_| Ok(()),
    ));
    let house = letting_go(&store);
    let run = start(&house, begin(&script, "long".to_owned())).unwrap().run;
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(4_000)));
    let began = Instant::now();
    assert_eq!(wake(&house, again(&script, run)).unwrap().unwrap().outcome, RunOutcome::Succeeded);
    row(&format!("a run with {calls} records resumed (target: under 500 ms)"), format!("{:.0} ms", began.elapsed().as_secs_f64() * 1e3));
}

fn a_large_store(dir: &Path, records: usize, appended: usize) {
    let (large, empty) = (open(&dir.join("large")), open(&dir.join("empty")));
    let mut chain = Chain::of_run(1);
    for _ in 0..records / 1_000 {
        large.append(chain.batch(1_000), Durability::Written).unwrap();
    }
    large.head().unwrap();
    let (mut in_large, mut in_empty) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..10 {
        in_large += appends(&large, &mut Chain::of_run(10 + turn), appended, BYTES);
        in_empty += appends(&empty, &mut Chain::of_run(10 + turn), appended, BYTES);
    }
    row(&format!("durable appends with {records} records before, beside an empty store"), "");
    row("ratio (target: under 1.10)", format!("{:.2}", in_large.as_secs_f64() / in_empty.as_secs_f64()));
}

fn waiting_runs(dir: &Path, count: usize, due: usize) {
    let store = open(dir);
    let sleeper =
        |seconds| Arc::new(Script::default().imports(&["http"]).step("rest", move |gate| ask(gate, ClockRequest::Sleep { seconds }).map(|_| ()), |_| Ok(())));
    let (soon, late) = (sleeper(864_000), sleeper(8_640_000));
    let house = letting_go(&store);
    each(count, |number| {
        let script = if number < due { &soon } else { &late };
        assert_eq!(start(&house, begin(script, format!("env-{number}"))).unwrap().outcome, RunOutcome::Waiting);
    });
    row(&format!("{count} waiting runs in one process (target: under 512 MB)"), format!("{:.0} MB", resident()));
    house.clock.wait_until(house.clock.now().after(Duration::from_secs(2_000_000)));
    let began = Instant::now();
    let runs = store.due(house.clock.now()).unwrap();
    assert_eq!(runs.len(), due);
    each(due, |number| assert_eq!(wake(&house, again(&soon, runs[number])).unwrap().unwrap().outcome, RunOutcome::Succeeded));
    row(&format!("{due} of them woken and ended (target: under 5 s)"), format!("{:.1} s", began.elapsed().as_secs_f64()));
    row("resident memory at the end", format!("{:.0} MB", resident()));
}

/// Does `what` for every number, several at once.
fn each(count: usize, what: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    what(number);
                }
            });
        }
    });
}

/// Megabytes, as the kernel counts them.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
}
