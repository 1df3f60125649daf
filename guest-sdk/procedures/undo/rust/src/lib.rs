//! Leaves three marks, fails where it is told, and takes back what was left: last in, first out.

use lockstep::prelude::*;

lockstep::procedure!(undo);

fn undo(p: &mut Procedure) {
    p.describe("undo", "0.1.0").title("Leave three marks, fail where it is told, and take back what was left");
    p.parameter("fail").title("The step that fails").fallback("none").choices(["none", "first", "second", "third"]);
    p.step("first", "Leave the first mark", leave).undo(take_back).on_failure_undo();
    p.step("second", "Leave the second mark", leave).undo(take_back).on_failure_undo();
    p.step("third", "Leave the third mark", leave).undo(take_back).on_failure_undo();
}

/// What is about to be made is remembered before it is made, so that the undo finds it whatever happens in between.
fn leave(ctx: &Ctx) -> Result<String> {
    let mark = format!("/marks/{}", ctx.step());
    ctx.remember("mark", &mark)?;
    files::write_text(&mark, ctx.step())?;
    if ctx.parameter::<String>("fail")? == ctx.step() {
        bail!("told to fail at {}", ctx.step());
    }
    Ok(mark)
}

fn take_back(ctx: &Ctx) -> Result<()> {
    if let Some(mark) = ctx.recall::<String>("mark")? {
        info!("taking back {mark}");
        files::remove(&mark)?;
    }
    Ok(())
}
