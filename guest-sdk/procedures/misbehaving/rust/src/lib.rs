//! Does what a host must contain: the parameter `how` picks one. For tests, not to learn from.
//!
//! What it knows is in tables. Asked for `every-mode` it plans a step for each, so that a test can see that none is without a case.

mod asking;
mod computing;
mod flooding;
mod lying;
mod planning;
mod waiting;

use lockstep::prelude::*;

lockstep::procedure!(misbehaving);

/// What a step or an undo does.
type Act = fn(&Ctx) -> Result<()>;

/// A way to misbehave in a step.
struct Mode {
    how: &'static str,
    act: Act,
    undo: Act,
}

/// A mode whose undo behaves.
const fn mode(how: &'static str, act: Act) -> Mode {
    Mode { how, act, undo: nothing }
}

fn modes() -> impl Iterator<Item = &'static Mode> {
    [asking::MODES, computing::MODES, flooding::MODES, lying::MODES, waiting::MODES].into_iter().flatten()
}

fn misbehaving(p: &mut Procedure) {
    p.describe("misbehaving", "0.1.0").title("Does what a host must contain");
    p.parameter("how").title("What to do").fallback("nothing");
    p.parameter("far").title("Whom to ask, of what asks anybody").fallback("http://127.0.0.1:1");
    let how = p.value::<String>("how").unwrap_or_default();
    if how == "every-mode" {
        let names = planning::PLANS.iter().map(|(how, _)| *how).chain(modes().map(|mode| mode.how));
        return names.for_each(|name| {
            p.step(name, "A way to misbehave", nothing);
        });
    }
    if let Some((_, plan)) = planning::PLANS.iter().find(|(name, _)| *name == how) {
        return plan(p);
    }
    let Some(mode) = modes().find(|mode| mode.how == how) else { panic!("`{how}` is nothing I know how to do") };
    // One failure alone is tried again, as often as a plan may ask for.
    p.step("act", "Does it", mode.act).undo(mode.undo).retry(100, millis(0)).retry_on(["act.again"]);
}

fn nothing(_: &Ctx) -> Result<()> {
    Ok(())
}
