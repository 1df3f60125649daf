//! That a hostile guest does not hold up the others: counted, not timed.
//!
//! A thread is the operating system's to share. What is ours: a lock that two runs want, the store's one writer, and the memory. A commit waits for the one
//! that is under way and shares the next (`MOST_JOBS` in the store's writer), and no run puts more into one than `MOST_WAITING` records or
//! `MOST_WAITING_BYTES` and one call's bytes (`host/journal/src/scribe.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use lockstep_engine::{House, start};
use lockstep_gate::Interrupt;
use lockstep_journal::event::Event;
use lockstep_journal::record::Record;
use lockstep_journal::{Observer, RunState, SealedRecord, Store};
use lockstep_model::RunOutcome;

use crate::yard::Yard;

/// What a hostile guest does meanwhile. Under these limits none of them comes to an end by itself.
const BURNING: [&str; 6] = ["loop", "copy-for-ever", "log-flood", "call-forever", "effect-forever", "deny-forever"];
const WITHOUT_END: &str =
    "memory = \"64MiB\"\nfuel = 1_000_000_000_000_000\nstep = \"1d\"\ncalls = 1_000_000\nbytes = \"64GiB\"\noutput = \"64GiB\"\nlog = \"64GiB\"";
/// So many runs come and go beside it.
const NEIGHBOURS: usize = 3;

/// Says when a step has started.
struct Started(Sender<()>);

impl Observer for Started {
    fn recorded(&self, record: &SealedRecord, _: &RunState) {
        if let Event::StepStarted(_) = record.record.event {
            // The test may be over.
            let _ = self.0.send(());
        }
    }
}

#[test]
fn a_neighbour_is_done_while_a_hostile_guest_burns_and_an_interrupt_ends_that_one() {
    let yard = Yard::new();
    let grant = yard.grant(WITHOUT_END);
    for how in BURNING {
        let (tell, started) = channel();
        let interrupt = Interrupt::default();
        let house = House { interrupt: interrupt.clone(), observer: Arc::new(Started(tell)), ..yard.house.clone() };
        let procedure = Arc::new(yard.load(yard.misbehaving(), &grant).unwrap());
        let run = yard.start(procedure, grant.clone(), Some(how), true);
        let hostile = thread::spawn(move || start(&house, run).unwrap());
        started.recv().unwrap();
        for _ in 0..NEIGHBOURS {
            let report = start(&yard.house, yard.start(Arc::new(yard.hello()), grant.clone(), None, false)).unwrap();
            assert_eq!(report.outcome, RunOutcome::Succeeded, "beside {how}");
        }
        assert!(!hostile.is_finished(), "{how} has come to an end by itself: nothing was shown");
        interrupt.pause();
        let report = hostile.join().unwrap();
        assert_eq!(report.outcome, RunOutcome::Paused, "{how}");
        assert!(report.state.reason.as_ref().is_some_and(|reason| reason.contains("by the operator")), "{how}: {:?}", report.state.reason);
    }
    let found = yard.verify();
    assert!(found.is_sound(), "{:?}", found.findings);
}

/// `MOST_WAITING` of the scribe, and the records of the call that goes beyond it.
const MOST_BEHIND: u64 = 1_002;
/// Looking at each record would read the run as often as it has records.
const LOOKS: u64 = 250;

/// How far the store is behind what has been recorded, at its most.
struct Behind {
    store: Arc<dyn Store>,
    worst: AtomicU64,
}

impl Observer for Behind {
    fn recorded(&self, record: &SealedRecord, _: &RunState) {
        let Record { run, seq, .. } = &record.record;
        let (run, seq) = (*run, *seq);
        if seq % LOOKS == 0 {
            let kept = self.store.records(run).unwrap().len() as u64;
            self.worst.fetch_max(seq + 1 - kept, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_run_that_only_reads_hands_over_in_small_batches() {
    let yard = Yard::new();
    let grant = yard.grant("calls = 3_000");
    let behind = Arc::new(Behind { store: yard.store.clone(), worst: AtomicU64::new(0) });
    let house = House { observer: behind.clone(), ..yard.house.clone() };
    let procedure = Arc::new(yard.load(yard.misbehaving(), &grant).unwrap());
    let report = start(&house, yard.start(procedure, grant, Some("call-forever"), false)).unwrap();
    assert!(report.state.next_seq > 3_000, "{} records", report.state.next_seq);
    let worst = behind.worst.load(Ordering::SeqCst);
    assert!((LOOKS..=MOST_BEHIND).contains(&worst), "{worst} records were in memory only");
}
