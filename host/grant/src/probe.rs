//! Probes: what finds out whether a call happened must itself change nothing, so that it can be asked at any time and as often as it takes.

use lockstep_model::{EffectClass, Request};

use crate::explain::Explanation;
use crate::granted::{Denial, Grantable, Granted};
use crate::hint;

impl<R: Grantable> Granted<R> {
    /// The same, to be asked as a probe.
    ///
    /// # Errors
    /// When the grant does not call it a read.
    pub fn into_probe(self) -> Result<Self, Denial> {
        match not_a_read(self.rule(), self.class(), &self.request().summary()) {
            Some(denial) => Err(denial),
            None => Ok(self),
        }
    }
}

impl Explanation {
    /// The same, of a request that is to be asked as a probe.
    #[must_use]
    pub fn of_probe(mut self, request: &impl Request) -> Self {
        if let Ok(allowance) = &self.decision
            && let Some(denial) = not_a_read(&allowance.rule, allowance.class, &request.summary())
        {
            self.decision = Err(denial);
        }
        self
    }
}

fn not_a_read(rule: &str, class: EffectClass, summary: &str) -> Option<Denial> {
    if !class.is_effect() {
        return None;
    }
    let message = format!("{} is no read here but {class}, and a probe may change nothing", hint::shown(summary));
    let hint = format!("if it changes nothing, say so: add `class = \"read\"` to {rule}");
    Some(Denial { rule: rule.to_owned(), message, hint: Some(hint) })
}
