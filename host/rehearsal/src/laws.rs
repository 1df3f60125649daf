//! The laws that every scenario is held against: as expected; the same after a crash anywhere; nothing left behind after a failure anywhere.

mod crash;
mod fail;

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::rehearsal::{Play, Rehearsal};
use crate::world::Unanswered;

/// Records that all plays of a law may write together, half a minute's worth of a processor: a scenario of thousands of samples is tried at places spread evenly.
const MOST_RECORDS: usize = 400_000;
/// Places that are tried in any case.
const FEWEST_PLACES: usize = 20;

/// What a scenario must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// It goes as expected.
    Plain,
    /// The host crashes after an append and goes on: the same end, and nothing twice that must not be.
    Crash,
    /// A call fails: the run ends, and when it is undone the world is as before.
    Fail,
}

/// Says how far a law has come: places tried, and places in all.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// What became of a law.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Which.
    pub law: Law,
    /// Places tried.
    pub tried: usize,
    /// Places that there are.
    pub places: usize,
    /// What is worth knowing although nothing is wrong.
    pub notes: Vec<String>,
    /// Where it does not hold.
    pub problems: Vec<Problem>,
}

/// A place where a law does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// As `--at` takes it: the number of appends kept, or the call. None for the plain law.
    pub at: Option<String>,
    /// What is wrong, a line.
    pub what: String,
    /// The difference, or what to add to the scenario, a line each.
    pub details: Vec<String>,
}

impl Law {
    /// All of them, in the order in which they are held against a scenario.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Crash, Self::Fail];
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Crash => "crash",
            Self::Fail => "fail",
        })
    }
}

impl FromStr for Law {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|law| law.to_string() == text).ok_or_else(|| format!("`{text}` is no law: expected plain, crash or fail"))
    }
}

impl Rehearsal {
    /// Whether the play is as expected.
    pub fn plain(&self, play: &Play) -> Verdict {
        let mut problems: Vec<Problem> = play.unanswered.iter().map(|call| unanswered(None, call)).collect();
        if problems.is_empty() {
            problems.extend(self.unmet(play).into_iter().map(|what| Problem { at: None, what, details: Vec::new() }));
        }
        Verdict { law: Law::Plain, tried: 1, places: 1, notes: Vec::new(), problems }
    }

    /// Holds one of the other laws against the scenario, at one place or at all of them. `plain` is how it goes without anything happening.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn hold(&self, law: Law, at: Option<&str>, plain: &Play, progress: Progress<'_>) -> Result<Verdict, String> {
        match law {
            Law::Plain => Ok(self.plain(plain)),
            Law::Crash => crash::hold(self, at, plain, progress),
            Law::Fail => fail::hold(self, at, plain, progress),
        }
    }
}

/// A call that the scenario says nothing about.
fn unanswered(at: Option<String>, call: &Unanswered) -> Problem {
    let mut details = vec![format!("call {}", call.call)];
    details.extend(call.near.iter().cloned());
    details.push("add to the scenario, with the answer that is right:".to_owned());
    details.extend(call.lines.iter().map(|line| format!("  {line}")));
    Problem { at, what: format!("the scenario has no answer to `{}`", call.what), details }
}

/// So many of the places, spread evenly, first and last among them, that the plays stay affordable.
fn affordable<T: Clone>(places: &[T], records_each: usize) -> Vec<T> {
    let most = (MOST_RECORDS / records_each.max(1)).max(FEWEST_PLACES);
    if places.len() <= most {
        return places.to_vec();
    }
    (0..most).filter_map(|index| places.get(index * (places.len() - 1) / (most - 1)).cloned()).collect()
}

/// Does `work` at every place, on every processor: plays share nothing. Results are in the order of the places.
fn each<T: Sync, R: Send>(places: &[T], progress: Progress<'_>, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let worker = || {
        let done = done.clone();
        // Whoever listens goes last.
        while let Some((index, place)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, places.get(index)?))) {
            if done.send((index, work(place))).is_err() {
                return;
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(places.len());
    let mut all: Vec<(usize, R)> = thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
        let received = results.iter().take(places.len()).enumerate();
        received.inspect(|(count, _)| progress(count + 1, places.len())).map(|(_, result)| result).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::{affordable, each};

    #[test]
    fn results_are_in_the_order_of_the_places_and_each_is_counted() {
        let mut seen = Vec::new();
        let places: Vec<usize> = (0..50).collect();
        assert_eq!(each(&places, &mut |done, all| seen.push((done, all)), |place| place * 2), (0..50).map(|place| place * 2).collect::<Vec<_>>());
        assert_eq!((seen.len(), seen.last()), (50, Some(&(50, 50))));
        assert!(each(&places[..0], &mut |_, _| {}, |place| *place).is_empty());
    }

    #[test]
    fn what_is_too_much_is_spread_evenly_from_first_to_last() {
        let places: Vec<usize> = (0..10_000).collect();
        assert_eq!(affordable(&places, 10).len(), 10_000);
        let few = affordable(&places, 100_000);
        assert_eq!((few.len(), few.first(), few.last()), (20, Some(&0), Some(&9_999)));
        assert!(few.is_sorted());
    }
}
