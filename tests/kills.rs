//! The real binary against SIGKILL: while `blue-green` deploys a real service the host is killed at random instants, again and again, and goes on.
//!
//! Half of the lanes run under the grant that `blue-green` ships with, half under one that says of everything the service is asked that it must not be
//! asked twice. The far side's own logs decide what is true.

mod dice;
mod far_side;
mod journal;
mod lane;
pub(crate) mod site;
mod tally;

use std::time::{SystemTime, UNIX_EPOCH};

use lane::Lane;
use tally::Tally;

/// Kills in all when the environment does not say.
const KILLS: u64 = 200;
/// Sites side by side: each waits most of its time.
const LANES: u64 = 6;

#[test]
fn killed_at_any_instant_nothing_is_done_twice_or_unrecorded_and_the_run_goes_on() {
    let kills = asked("LOCKSTEP_KILLS").unwrap_or(KILLS);
    let seed = asked("LOCKSTEP_SEED").unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()));
    eprintln!("LOCKSTEP_SEED={seed} throws the same dice again");
    let tally = Tally::of(u32::try_from(kills).unwrap());
    std::thread::scope(|scope| {
        for number in 0..LANES.min(kills) {
            let tally = &tally;
            std::thread::Builder::new().name(format!("lane {number}")).spawn_scoped(scope, move || Lane::new(number, seed, tally).run()).unwrap();
        }
    });
    let counted = tally.counted();
    eprintln!("{counted}");
    assert_eq!(u64::from(counted.all_kills()), kills);
    // Otherwise it would have proven nothing: one kill in twenty at least met an effect under way. Every fourth is aimed at one.
    for phase in ["between intent and outcome", "and it arrived"] {
        assert!(u64::from(counted.kills_in(phase)) >= kills / 20, "too few kills {phase}:\n{counted}");
    }
}

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
