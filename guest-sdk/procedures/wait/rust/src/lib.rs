//! Waits between two marks: how a run lets go of everything for minutes or weeks, and how one in the middle of a long call is stopped.

use std::time::Duration;

use lockstep::prelude::*;
use lockstep::{clock, files, shell};

lockstep::procedure!(wait);

fn wait(p: &mut Procedure) {
    p.describe("wait", "0.1.0").title("Wait between two marks");
    p.parameter("sleep").title("Seconds to wait without holding anything").fallback(0);
    p.parameter("hold").title("Seconds that a program runs").fallback(0);
    p.step("begin", "Leave the first mark", |_: &Ctx| files::write_text("/marks/begun", "begun")).undo(|_: &Ctx| files::remove("/marks/begun"));
    p.step("hold", "Run a program for a while", hold);
    p.step("rest", "Wait", rest);
    p.step("end", "Leave the last mark", |_: &Ctx| files::write_text("/marks/ended", "ended")).undo(|_: &Ctx| files::remove("/marks/ended"));
}

fn hold(ctx: &Ctx) -> Result<()> {
    let seconds: u64 = ctx.parameter("hold")?;
    if seconds > 0 {
        shell::command("/usr/bin/sleep").arg(seconds).run()?.expect_success()?;
    }
    Ok(())
}

fn rest(ctx: &Ctx) -> Result<()> {
    let seconds: u64 = ctx.parameter("sleep")?;
    if seconds > 0 {
        clock::sleep(Duration::from_secs(seconds))?;
    }
    Ok(())
}
