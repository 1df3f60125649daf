//! Restarts the shop and sees that it serves: the example of the guide.

use lockstep::prelude::*;

lockstep::procedure!(restart);

fn restart(p: &mut Procedure) {
    p.describe("restart", "0.1.0").title("Restart the shop and see that it serves");
    p.parameter("url").title("Where the shop answers").fallback("http://127.0.0.1:8080");

    p.phase("Pre-flight");
    p.step("look", "The shop is healthy before we touch it", healthy);
    p.phase("Restart");
    p.step("restart", "Restart the shop", restart_it).timeout(minutes(2));
    p.step("verify", "The shop is healthy again", verify);
}

fn healthy(ctx: &Ctx) -> Result<()> {
    let url: String = ctx.parameter("url")?;
    http::get(format!("{url}/health")).send()?.expect_status(200)?.expect_json("/status", "ok")?;
    Ok(())
}

fn restart_it(_: &Ctx) -> Result<()> {
    shell::command("/usr/bin/systemctl").args(["restart", "shop"]).idempotent().run()?.expect_success()?;
    Ok(())
}

fn verify(ctx: &Ctx) -> Result<()> {
    within(secs(30)).every(secs(1)).until(|| healthy(ctx))
}
