//! Leases: one environment belongs to one run, and one process at a time drives it.
//!
//! A run keeps its environment from its first record until its last, also while it waits or is paused: half a deployment is no place to begin another.
//! The process that drives it holds the lease and shows that it lives. Every take-over raises the fencing token, and a batch is kept only when its token
//! is the newest: a process that was thought dead and wakes up late can write no intent any more, and so performs no effect.

use std::time::Duration;

use lockstep_model::{RunId, Timestamp};

/// So long a lease holds without a heartbeat.
pub const LASTS: Duration = Duration::from_secs(15);

/// The right to write a run's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which environment.
    pub environment: String,
    /// Which run owns it.
    pub run: RunId,
    /// The fencing token: raised by every take-over, never the same twice in an environment.
    pub token: u64,
}

/// Who asks for a lease, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseAsk {
    /// Which environment.
    pub environment: String,
    /// For which run.
    pub run: RunId,
    /// Who drives it, for a person: `mia on build-7 (process 4711)`.
    pub holder: String,
    /// What for, for a person.
    pub reason: String,
    /// The time.
    pub now: Timestamp,
    /// Whether a living holder of the same run is put aside: an operator's act, recorded in the run that loses it.
    pub force: bool,
}

/// A lease as a store keeps it, and as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseKept {
    /// Which environment.
    pub environment: String,
    /// Which run owns it; none: it is free.
    pub run: Option<RunId>,
    /// The newest fencing token.
    pub token: u64,
    /// The process that drives the run, in the store's own words; none: the run waits or is paused.
    pub process: Option<String>,
    /// Who took it, for a person.
    pub holder: String,
    /// What for, for a person.
    pub reason: String,
    /// Since when the run has the environment.
    pub since: Timestamp,
    /// When the process last showed that it lives.
    pub beat: Timestamp,
}

/// What becomes of a lease together with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseEnd {
    /// The process goes on.
    Kept,
    /// The process lets go of the run, which keeps its environment.
    LetGo,
    /// The run has ended: the environment is free.
    GivenBack,
}

/// The lease that a batch is written under: checked in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseUse {
    /// Which.
    pub lease: Lease,
    /// What becomes of it.
    pub end: LeaseEnd,
}

/// What a store knows when it decides.
pub struct Known<'a> {
    /// The process that asks.
    pub process: &'a str,
    /// Whether another process of that name lives.
    pub lives: &'a dyn Fn(&str) -> bool,
    /// Whether a run has records: one that died before its first has left nothing half done.
    pub begun: &'a dyn Fn(RunId) -> bool,
}

impl LeaseKept {
    /// Until when it holds without another heartbeat.
    pub fn expires(&self) -> Timestamp {
        self.beat.after(LASTS)
    }

    /// Whether a living process other than the asking one drives the run.
    fn is_driven(&self, now: Timestamp, known: &Known<'_>) -> bool {
        self.process.as_deref().is_some_and(|process| process != known.process && now < self.expires() && (known.lives)(process))
    }
}

/// The one rule of every store: who gets a lease. The error is the lease as it stands.
///
/// # Errors
/// When another run owns the environment, or another living process drives the same run.
pub fn decide(kept: Option<LeaseKept>, ask: &LeaseAsk, known: &Known<'_>) -> Result<LeaseKept, Box<LeaseKept>> {
    let taken = |token: u64, since: Timestamp| LeaseKept {
        environment: ask.environment.clone(),
        run: Some(ask.run),
        token: token + 1,
        process: Some(known.process.to_owned()),
        holder: ask.holder.clone(),
        reason: ask.reason.clone(),
        since,
        beat: ask.now,
    };
    let Some(kept) = kept else { return Ok(taken(0, ask.now)) };
    let driven = kept.is_driven(ask.now, known);
    match kept.run {
        None => Ok(taken(kept.token, ask.now)),
        Some(owner) if owner == ask.run && (ask.force || !driven) => Ok(taken(kept.token, kept.since)),
        Some(owner) if owner != ask.run && !driven && !(known.begun)(owner) => Ok(taken(kept.token, ask.now)),
        Some(_) => Err(Box::new(kept)),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::{RunId, Timestamp};

    use super::{Known, LASTS, LeaseAsk, LeaseKept, decide};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_microseconds(seconds * 1_000_000)
    }

    fn ask(run: u64, second: i64) -> LeaseAsk {
        let run = RunId::from_parts(run, 0);
        LeaseAsk { environment: "production".into(), run, holder: "mia".into(), reason: "deploy".into(), now: at(second), force: false }
    }

    fn as_process<'a>(process: &'a str, lives: &'a dyn Fn(&str) -> bool, begun: &'a dyn Fn(RunId) -> bool) -> Known<'a> {
        Known { process, lives, begun }
    }

    fn taken(run: u64) -> LeaseKept {
        decide(None, &ask(run, 0), &as_process("a", &|_| true, &|_| true)).unwrap()
    }

    #[test]
    fn an_environment_belongs_to_one_run_until_it_is_given_back() {
        let (lives, begun) = (|_: &str| false, |_| true);
        let other = as_process("b", &lives, &begun);
        assert_eq!(decide(Some(taken(1)), &ask(2, 1_000), &other).unwrap_err().run, Some(RunId::from_parts(1, 0)));
        let free = LeaseKept { run: None, process: None, ..taken(1) };
        assert_eq!(decide(Some(free), &ask(2, 1), &other).unwrap().token, 2);
    }

    #[test]
    fn a_run_that_died_before_its_first_record_leaves_nothing_behind() {
        let begun = |_| false;
        assert!(decide(Some(taken(1)), &ask(2, 1), &as_process("b", &|_| true, &begun)).is_err());
        assert!(decide(Some(taken(1)), &ask(2, 1), &as_process("b", &|_| false, &begun)).is_ok());
    }

    #[test]
    fn another_process_takes_over_when_the_first_is_dead_or_silent_and_the_token_rises() {
        let last = i64::try_from(LASTS.as_secs()).unwrap();
        let begun = |_| true;
        assert!(decide(Some(taken(1)), &ask(1, last - 1), &as_process("b", &|_| true, &begun)).is_err());
        let dead = decide(Some(taken(1)), &ask(1, 1), &as_process("b", &|_| false, &begun)).unwrap();
        let silent = decide(Some(taken(1)), &ask(1, last), &as_process("b", &|_| true, &begun)).unwrap();
        assert_eq!((dead.token, silent.token, silent.since), (2, 2, at(0)));
        let forced = LeaseAsk { force: true, ..ask(1, 1) };
        assert_eq!(decide(Some(taken(1)), &forced, &as_process("b", &|_| true, &begun)).unwrap().token, 2);
    }
}
