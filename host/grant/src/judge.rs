//! Deny wins, then the first allow, then no: the one order in which every list of rules is read.

use lockstep_model::EffectClass;

use crate::explain::Watch;
use crate::place::Place;

/// One line of a list.
pub(crate) trait Rule {
    /// Where it stands.
    fn place(&self) -> &Place;

    /// What it says, in a line.
    fn text(&self) -> String;

    /// What calls that it allows count as, whatever they say.
    fn class(&self) -> Option<EffectClass> {
        None
    }
}

/// Which list a rule is of. What is unclear must match a deny and must not match an allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It lets through what matches.
    Allow,
    /// It stops what matches.
    Deny,
}

/// What the lists say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement<'r, R> {
    /// This allow, and no deny.
    Allowed(&'r R),
    /// This deny.
    Denied(&'r R),
    /// No rule is about it.
    Default,
}

/// Why a rule is not about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    #[error("another method")]
    Method,
    #[error("another scheme")]
    Scheme,
    #[error("another host")]
    Host,
    #[error("another port")]
    Port,
    #[error("another path")]
    Path,
    #[error("another query: a rule without `?` allows none")]
    Query,
    #[error("another program")]
    Program,
    #[error("{found} arguments where it has {expected}")]
    ArgumentCount { expected: usize, found: usize },
    #[error("argument {0} is another")]
    Argument(usize),
    #[error("argument {0} is an option that it does not let through")]
    Option(usize),
    #[error("none of what it is about is among the arguments")]
    Nowhere,
    #[error("variable {0} of the command is not in its `allow-env`")]
    Variable(usize),
    #[error("a directory that is not in its `directories`")]
    Directory,
    #[error("another mount")]
    Mount,
    #[error("a mount nearer to the path decides")]
    NearerMount,
    #[error("the mount does not allow this")]
    Right,
    #[error("another store")]
    Store,
    #[error("the store does not allow this")]
    StoreRight,
    #[error("a command in its `deny`")]
    Command,
    #[error("a key that is not in its `prefixes`, or keys that cannot be told")]
    Key,
    #[error("no rule allows this")]
    Never,
    #[error("another verb")]
    Verb,
    #[error("another kind")]
    Kind,
    #[error("another namespace, or one of all that it is not for")]
    Namespace,
    #[error("another name, or a list of all names that it is not for")]
    ObjectName,
    #[error("it destroys, and the rule does not say `destructive = true`")]
    Destructive,
    #[error("another database")]
    Database,
    #[error("it does not allow statements of that class, or not by this call")]
    Statement,
    #[error("its `backup` does not allow this")]
    BackupRight,
}

/// Asks every rule, tells `watch` what each said, and gives what holds.
pub(crate) fn judge<'r, R: Rule>(deny: &'r [R], allow: &'r [R], matches: impl Fn(&R, Side) -> Result<(), Mismatch>, watch: &mut dyn Watch) -> Judgement<'r, R> {
    let mut ask = |rules: &'r [R], side: Side| {
        let mut first = None;
        for rule in rules {
            let answer = matches(rule, side);
            if answer.is_ok() && first.is_none() {
                first = Some(rule);
            }
            watch.considered(rule, side, answer);
        }
        first
    };
    match (ask(deny, Side::Deny), ask(allow, Side::Allow)) {
        (Some(rule), _) => Judgement::Denied(rule),
        (None, Some(rule)) => Judgement::Allowed(rule),
        (None, None) => Judgement::Default,
    }
}
