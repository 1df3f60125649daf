//! The laws: each takes a way to make a procedure, and tries it in every way that the law is about.

use std::collections::BTreeMap;

use lockstep_engine::{EngineError, StepEnd};
use lockstep_journal::{JournalError, StoreError};
use lockstep_model::{EffectClass, Failure};
use lockstep_testkit::Script;

use crate::disk::{Disk, Fate};
use crate::far_side::{Arrival, FarSide, Fault};
use crate::trial::{Rest, Trial, assert_same_effects};

/// What a try without any trouble comes to.
pub(crate) struct Whole {
    pub(crate) rest: Rest,
    pub(crate) arrived: Vec<Arrival>,
    effects: Vec<Arrival>,
    pub(crate) appends: usize,
    kinds: Vec<&'static str>,
}

impl Whole {
    pub(crate) fn of(make: &impl Fn() -> Script) -> Self {
        let trial = Trial::new(make(), Fate::Well);
        trial.start().expect("a run");
        let (arrived, effects) = (trial.far_side.arrived(), trial.far_side.effects());
        Self { rest: trial.rest(), arrived, effects, appends: trial.disk.appends(), kinds: trial.kinds() }
    }

    /// That a try which was stopped came to the same in the end, and did the same on its way.
    pub(crate) fn is_what_became_of(&self, trial: &Trial, stopped_at: &[usize], how: &str) {
        let rest = trial.go_on();
        assert_eq!(rest, self.rest, "{how}: {:#?}\nwithout trouble: {:#?}", trial.kinds(), self.kinds);
        assert_same_effects(&self.effects, &trial.far_side.effects(), stopped_at);
    }
}

/// Stopped at any append, whether its caller learns of it or not, a run goes on to the same end, and does nothing again but what may be done again.
pub(crate) fn survives_a_crash_at_every_append(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..=whole.appends {
        for fate in [Fate::Refuses(append, StoreError::Medium("gone".to_owned())), Fate::DiesAfter(append)] {
            let trial = Trial::new(make(), fate.clone());
            trial.start().expect_err("it is stopped");
            let stopped_at = trial.far_side.effects().len();
            trial.disk.mend(Fate::Well);
            whole.is_what_became_of(&trial, &[stopped_at], &format!("{fate:?}"));
        }
    }
}

/// Stopped again and again, each time after so many appends, it still goes on to the same end.
pub(crate) fn survives_many_crashes(make: impl Fn() -> Script, lives: &[usize]) {
    let whole = Whole::of(&make);
    let trial = Trial::new(make(), Fate::Well);
    let mut stopped_at = Vec::new();
    for (number, appends) in lives.iter().enumerate() {
        trial.disk.mend(if number % 2 == 0 { Fate::DiesAfter(*appends) } else { Fate::Refuses(*appends, StoreError::Full) });
        while let Ok(true) = trial.go_on_once() {}
        stopped_at.push(trial.far_side.effects().len());
    }
    trial.disk.mend(Fate::Well);
    whole.is_what_became_of(&trial, &stopped_at, &format!("lives of {lives:?} appends"));
}

/// With everything lost that was not synced, a run goes on to the same end: no effect is forgotten.
pub(crate) fn survives_a_loss_of_power(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..=whole.appends {
        let trial = Trial::new(make(), Fate::DiesAfter(append));
        trial.start().expect_err("it is stopped");
        let stopped_at = trial.far_side.effects().len();
        whole.is_what_became_of(&trial.after_power_loss(), &[stopped_at], &format!("power lost at append {append}"));
    }
}

/// A host that dies during a call makes it again when it may be repeated, with the same key and the same request; else it asks what became of it.
pub(crate) fn repeats_what_may_be_repeated(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for (number, arrival) in whole.arrived.iter().enumerate() {
        let trial = Trial::new(make(), Fate::Well).with_fault(Fault::KillsItsCaller(number));
        trial.start().expect_err("it is stopped");
        let stopped_at = trial.far_side.effects().len();
        trial.disk.mend(Fate::Well);
        whole.is_what_became_of(&trial, &[stopped_at], &format!("killed in call {number}"));
        let again = trial.far_side.effects();
        match arrival.class {
            EffectClass::Idempotent => assert_eq!((again.len(), &again[stopped_at]), (whole.effects.len() + 1, arrival), "repeated once, unchanged"),
            EffectClass::Read | EffectClass::AtMostOnce => assert_eq!(again.len(), whole.effects.len(), "no effect is repeated"),
        }
    }
}

/// Whichever call fails, done or not, after the undo everything is as it was before the run. For procedures that can be undone.
pub(crate) fn leaves_things_as_they_were(make: impl Fn() -> Script) {
    let before = FarSide::new(&Disk::new(Fate::Well)).view();
    let refused = || Failure::problem("http.status", "no");
    let calls = Whole::of(&make).arrived.len();
    for number in 0..calls {
        let late = Failure::TimedOut("no answer".to_owned());
        for fault in [Fault::Refuses(number, refused()), Fault::FailsAfterwards(number, refused()), Fault::FailsAfterwards(number, late)] {
            let trial = Trial::new(make(), Fate::Well).with_fault(fault.clone());
            trial.start().expect("a run");
            let rest = trial.take_back();
            assert_eq!(rest.world, before, "{fault:?}, {}: {:#?}", rest.status, trial.kinds());
            // A run that has succeeded without an effect has nothing to undo.
            assert!(["undone", "failed", "denied", "succeeded"].contains(&rest.status.as_str()), "{fault:?}: {}", rest.status);
        }
    }
}

/// A store that cannot be written, from any append on and for any reason, lets no effect follow and says so; when it is well the run goes on.
pub(crate) fn does_nothing_that_it_cannot_record(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..=whole.appends {
        let reasons = [StoreError::Full, StoreError::ReadOnly, StoreError::Locked, StoreError::Medium("the disk is on fire".to_owned())];
        let reason = &reasons[append % reasons.len()];
        for fate in [Fate::Refuses(append, reason.clone()), Fate::FailsLate(append, reason.clone())] {
            let trial = Trial::new(make(), fate.clone());
            let error = trial.start().expect_err("it is stopped");
            assert!(matches!(&error, EngineError::Journal(JournalError::Store(_))), "{fate:?}: {error:?}");
            assert_eq!(error.to_string(), reason.to_string(), "{fate:?}");
            let stopped_at = trial.far_side.effects().len();
            trial.disk.mend(Fate::Well);
            whole.is_what_became_of(&trial, &[stopped_at], &format!("{fate:?}"));
        }
    }
}

/// A store that takes long over any append changes nothing: what follows waits for it.
pub(crate) fn waits_for_a_store_that_hangs(make: impl Fn() -> Script) {
    let whole = Whole::of(&make);
    for append in 1..=whole.appends {
        let trial = Trial::new(make(), Fate::Hangs(append));
        trial.start().expect("the disk is well, and slow");
        whole.is_what_became_of(&trial, &[], &format!("append {append} hangs"));
    }
}

/// A dry run asks the world and changes nothing of it, whatever a procedure does; every step is accounted for, and none that needs one that was not gone through
/// is reached.
pub(crate) fn changes_nothing_when_it_is_dry(make: impl Fn() -> Script) {
    let trial = Trial::new(make(), Fate::Well);
    let before = trial.far_side.view();
    let report = trial.dry_run();
    assert_eq!((trial.far_side.view(), trial.far_side.effects()), (before, Vec::new()), "{report:#?}");
    assert!(!report.interrupted, "{report:#?}");
    let ends: BTreeMap<_, _> = report.steps.iter().map(|step| (&step.step, &step.end)).collect();
    for step in &trial.plan().steps {
        let lost = step.needs.iter().any(|need| *ends[need] != StepEnd::Through);
        assert_eq!(*ends[&step.id] == StepEnd::NotReached, lost, "`{}`: {report:#?}", step.id);
    }
}
