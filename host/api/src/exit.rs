//! Exit codes: what a script learns from `$?`.

use lockstep_model::RunOutcome;

/// How the program ends. The numbers are published and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It failed, and nothing is left behind.
    Failed = 1,
    /// The command line, a file or a component is not what it should be. Nothing was begun.
    Usage = 2,
    /// The grant does not allow it, and nothing is left behind.
    Denied = 3,
    /// A run is paused or stuck: it needs an operator.
    Stuck = 4,
    /// A run waits for a time or a person.
    Waiting = 5,
    /// It failed or was denied, and everything it had done was undone.
    Undone = 6,
    /// A procedure asked for something else than its journal says.
    Diverged = 7,
    /// Lockstep itself is wrong.
    Internal = 70,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [Self::Done, Self::Failed, Self::Usage, Self::Denied, Self::Stuck, Self::Waiting, Self::Undone, Self::Diverged, Self::Internal];

    /// The number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What it means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed, nothing left behind",
            Self::Usage => "usage",
            Self::Denied => "denied by the grant, nothing left behind",
            Self::Stuck => "paused or stuck, needs an operator",
            Self::Waiting => "waiting",
            Self::Undone => "undone after a failure or a denial",
            Self::Diverged => "diverged from the journal",
            Self::Internal => "internal error",
        }
    }
}

impl From<RunOutcome> for Exit {
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Succeeded => Self::Done,
            RunOutcome::Failed => Self::Failed,
            RunOutcome::Undone => Self::Undone,
            RunOutcome::Paused | RunOutcome::Stuck => Self::Stuck,
            RunOutcome::Waiting => Self::Waiting,
            RunOutcome::Denied => Self::Denied,
            RunOutcome::Diverged => Self::Diverged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_published_numbers_do_not_change() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 70]);
    }
}
