//! Every rule that was considered and why it did or did not decide, for `lockstep grant explain`.
//!
//! Written down while deciding, by the same code: an explanation cannot say anything else than what the gate would do.

use lockstep_model::EffectClass;

use crate::granted::{BUILT_IN, DEFAULT, Decision, Denial, Grantable};
use crate::judge::{Mismatch, Rule, Side};

/// A decision and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// In the order asked: denies first.
    pub considered: Vec<Considered>,
    /// What holds.
    pub decision: Result<Allowance, Denial>,
}

/// What allowed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule, `http.allow[0], production.toml:3`; `always` for what needs no grant.
    pub rule: String,
    /// The class it counts as.
    pub class: EffectClass,
    /// The class that the procedure asked for: what the method says, or `idempotent`.
    pub asked: EffectClass,
}

impl Allowance {
    /// Whether the rule's class stands instead of the procedure's.
    pub fn overrules(&self) -> bool {
        self.class != self.asked
    }
}

/// One rule that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Where it stands, `shell.deny[2], production.toml:14`.
    pub rule: String,
    /// What it says: `/usr/bin/git status --porcelain`.
    pub text: String,
    /// Whether it would let through or stop what matches.
    pub side: Side,
    /// What calls that it allows count as, whatever they say.
    pub class: Option<EffectClass>,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, for a person.
    pub why: String,
}

/// What came of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It matches and decides.
    Decides,
    /// It matches, but another decides.
    Overruled,
    /// It is not about this request.
    NoMatch,
}

/// Is told of every rule that is asked.
pub(crate) trait Watch {
    fn considered(&mut self, rule: &dyn Rule, side: Side, answer: Result<(), Mismatch>);
}

/// For deciding: writes nothing down.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn considered(&mut self, _: &dyn Rule, _: Side, _: Result<(), Mismatch>) {}
}

/// For explaining.
#[derive(Default)]
pub(crate) struct Notes {
    considered: Vec<Considered>,
}

impl Watch for Notes {
    fn considered(&mut self, rule: &dyn Rule, side: Side, answer: Result<(), Mismatch>) {
        let (verdict, why) = match answer {
            Ok(()) => (Verdict::Overruled, "matches".to_owned()),
            Err(mismatch) => (Verdict::NoMatch, mismatch.to_string()),
        };
        self.considered.push(Considered { rule: rule.place().to_string(), text: rule.text(), side, class: rule.class(), verdict, why });
    }
}

impl Notes {
    /// The notes together with the decision they were taken from.
    pub(crate) fn explain<R: Grantable>(mut self, decision: Decision<R>) -> Explanation {
        let decision = match decision {
            Decision::Allowed(granted) => Ok(Allowance { rule: granted.rule().to_owned(), class: granted.class(), asked: granted.request().class() }),
            Decision::Denied(denial) => Err(denial),
        };
        let decider = match &decision {
            Ok(allowance) => &allowance.rule,
            Err(denial) => &denial.rule,
        };
        let instead = match &decision {
            // No rule can be named: what stands against it can.
            Err(denial) if denial.rule == DEFAULT || denial.rule == BUILT_IN => denial.message.clone(),
            Ok(_) | Err(_) => format!("{decider} decides"),
        };
        for note in self.considered.iter_mut().filter(|note| note.verdict == Verdict::Overruled) {
            if note.rule == *decider {
                note.verdict = Verdict::Decides;
                note.why = "matches and decides".to_owned();
            } else {
                note.why = format!("matches, but {instead}");
            }
        }
        Explanation { considered: self.considered, decision }
    }
}
