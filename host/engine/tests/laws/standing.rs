//! The laws of runs that stand still and go on: an operator's act, a wait and the loss of a lease may come after any append.

use std::collections::BTreeMap;

use lockstep_engine::EngineError;
use lockstep_journal::{Act, JournalError, StoreError};
use lockstep_model::StepId;
use lockstep_testkit::Script;

use crate::disk::{Fate, Wish};
use crate::draft::{COLOUR, Draft};
use crate::far_side::FarSide;
use crate::laws::Whole;
use crate::trial::{ASKED, Trial, assert_same_effects};

/// So many appends a host lives that dies again and again: with two, it goes one record further than that it has resumed.
const LIVES: [usize; 16] = [2, 2, 3, 2, 2, 3, 4, 2, 2, 3, 2, 2, 5, 2, 3, 2];

/// What an operator may ask of a run that dies after some append, one or two acts each. Those that change nothing come first.
pub(crate) fn asks(draft: &Draft) -> Vec<Vec<Act>> {
    let reason = || ASKED.to_owned();
    let pause = || Act::Pause { reason: reason() };
    let retry = |parameters: &[(&str, &str)]| Act::Retry {
        parameters: parameters.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
        reason: reason(),
    };
    let mut asks = vec![
        vec![pause()],
        vec![Act::Cancel { reason: reason() }],
        vec![retry(&[])],
        vec![pause(), retry(&[(COLOUR, "green")])],
        vec![Act::Undo { to: None, reason: reason() }],
    ];
    for number in 0..draft.0.len() {
        let step = || StepId::parse(&format!("s{number}")).unwrap();
        asks.push(vec![Act::Skip { step: step(), reason: reason() }]);
        asks.push(vec![Act::MarkDone { step: step(), evidence: reason(), output: None }]);
        asks.push(vec![Act::Undo { to: Some(step()), reason: reason() }]);
    }
    asks
}

/// Whether the run is to come to the same end as without the act.
fn changes_nothing(acts: &[Act]) -> bool {
    acts.iter().all(|act| match act {
        Act::Pause { .. } | Act::Cancel { .. } => true,
        Act::Retry { parameters, .. } => parameters.is_empty(),
        Act::Skip { .. } | Act::MarkDone { .. } | Act::Undo { .. } => false,
    })
}

/// Stopped by its operator after any append, a run goes on to the same end. Nothing is repeated, but for a call that was cut off.
pub(crate) fn goes_on_after_its_operator_stopped_it(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..=whole.appends {
        for wish in [Wish::Pause, Wish::Cancel] {
            let fate = Fate::Interrupts(append, wish);
            let trial = Trial::new(make(), fate.clone());
            trial.start().expect("the disk is well");
            let stopped_at = match wish {
                Wish::Pause => vec![],
                Wish::Cancel => vec![trial.far_side.effects().len()],
            };
            trial.disk.mend(Fate::Well);
            whole.is_what_became_of(&trial, &stopped_at, &format!("{fate:?}"));
        }
    }
}

/// An operator acts after the host has died at that append. If it dies again and again over that, the run comes to the same end as if it did not.
pub(crate) fn heeds_an_act(make: impl Fn() -> Script, whole: &Whole, acts: &[Act], append: usize) {
    let asked = || {
        let trial = Trial::new(make(), Fate::DiesAfter(append));
        trial.start().expect_err("it is stopped");
        let died_at = trial.far_side.effects().len();
        trial.disk.mend(Fate::Well);
        (trial, died_at)
    };
    let (once, died_at) = asked();
    let another_chance = once.may_be_tried_again();
    acts.iter().for_each(|act| once.ask(act).expect("the disk is well"));
    let how = format!("{acts:?} after append {append}");
    if changes_nothing(acts) && !another_chance {
        whole.is_what_became_of(&once, &[died_at], &how);
    }
    let rest = once.go_on();

    let (again, died_at) = asked();
    let mut stopped_at = vec![died_at];
    let mut left = acts;
    for life in LIVES {
        again.disk.mend(Fate::DiesAfter(life));
        while let Some((act, others)) = left.split_first() {
            left = others;
            // It died over that, after it had recorded it: nobody asks again.
            if again.ask(act).is_err() {
                break;
            }
        }
        while let Ok(true) = again.go_on_once() {}
        stopped_at.push(again.far_side.effects().len());
    }
    again.disk.mend(Fate::Well);
    left.iter().for_each(|act| again.ask(act).expect("the disk is well"));
    assert_eq!(again.go_on(), rest, "{how}: {:#?}\nwith one crash: {:#?}", again.kinds(), once.kinds());
    assert_same_effects(&once.far_side.effects(), &again.far_side.effects(), &stopped_at);
}

/// As `heeds_an_act`, for every act after every append.
pub(crate) fn heeds_every_act_after_every_append(draft: &Draft) {
    let whole = Whole::of(&|| draft.script());
    for acts in asks(draft) {
        for append in 1..=whole.appends {
            heeds_an_act(|| draft.script(), &whole, &acts, append);
        }
    }
}

/// Taken back by an operator after any append, everything is as it was before the run. For procedures that can be undone.
pub(crate) fn is_taken_back_after_every_append(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    // With the first append alone there is no plan yet, and nothing to take back.
    for append in 2..=whole.appends {
        let trial = Trial::new(make(), Fate::DiesAfter(append));
        let before = FarSide::new(&trial.disk).view();
        trial.start().expect_err("it is stopped");
        trial.disk.mend(Fate::Well);
        assert_eq!(trial.take_back().world, before, "after append {append}: {:#?}", trial.kinds());
    }
}

/// A run whose every wait lets go of it, and that is woken by one process after the other, comes to the same end, wherever one of them dies.
pub(crate) fn is_woken_to_the_same_end(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    let woken = |fate: Fate| Trial::new(make(), fate).letting_go();
    let waiting = woken(Fate::Well);
    whole.is_what_became_of(&waiting, &[], "woken after every wait");
    for append in 1..=waiting.disk.appends() {
        for fate in [Fate::DiesAfter(append), Fate::Refuses(append, StoreError::Full)] {
            let trial = woken(fate.clone());
            while let Ok(true) = trial.go_on_once() {}
            let stopped_at = trial.far_side.effects().len();
            trial.disk.mend(Fate::Well);
            whole.is_what_became_of(&trial, &[stopped_at], &format!("woken, {fate:?}"));
        }
    }
}

/// A process whose lease was taken away after any append performs nothing further, and says so; whoever has the lease goes on to the same end.
pub(crate) fn performs_nothing_after_its_lease_was_lost(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..whole.appends {
        let trial = Trial::new(make(), Fate::LosesLease(append));
        let error = trial.start().expect_err("it is shut out");
        assert!(matches!(&error, EngineError::Journal(JournalError::Store(StoreError::LeaseLost { .. }))), "append {append}: {error:?}");
        let stopped_at = trial.far_side.effects().len();
        trial.disk.mend(Fate::Well);
        whole.is_what_became_of(&trial, &[stopped_at], &format!("lease lost after append {append}"));
    }
}
