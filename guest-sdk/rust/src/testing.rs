//! Looking at a procedure's plan in an ordinary unit test, without a host.
//!
//! ```
//! use lockstep::prelude::*;
//!
//! fn hello(p: &mut Procedure) {
//!     p.describe("hello", "0.1.0");
//!     p.step("greet", "Greet", |_| Ok(())).undo(|_| Ok(()));
//! }
//!
//! let plan = lockstep::testing::plan(hello, [])?;
//! assert_eq!(plan[0].id, "greet");
//! assert_eq!(plan[0].undo, lockstep::testing::Undo::Declared);
//! # Ok::<(), Failure>(())
//! ```

use crate::procedure::Inputs;
use crate::step::Reversal;
use crate::{Procedure, Result};

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// The line for the operator.
    pub title: String,
    /// The heading it stands under.
    pub phase: Option<String>,
    /// The steps it needs; none when it needs the one before it.
    pub needs: Option<Vec<String>>,
    /// Whether it can be undone.
    pub undo: Undo,
}

/// Whether a step can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// By its undo.
    Declared,
    /// It has nothing to undo.
    Nothing,
    /// Not at all: the point of no return.
    Irreversible,
}

/// The steps that the procedure declares for these parameters.
pub fn plan<'a>(procedure: fn(&mut Procedure), parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<Planned>> {
    let given = parameters.into_iter().map(|(id, value)| (id.to_owned(), value.to_owned())).collect();
    let steps = Procedure::declare(procedure, Inputs::Given(given)).into_steps()?;
    let planned = steps.into_iter().map(|step| Planned {
        id: step.id,
        title: step.title,
        phase: step.phase,
        needs: step.needs,
        undo: match step.reversal {
            Reversal::Undo(_) => Undo::Declared,
            Reversal::Nothing => Undo::Nothing,
            Reversal::Irreversible => Undo::Irreversible,
        },
    });
    Ok(planned.collect())
}
