//! Many calls in one step: what a call costs, in every language.

use lockstep::prelude::*;

lockstep::procedure!(often);

fn often(p: &mut Procedure) {
    p.describe("often", "0.1.0").title("Ask the host many times");
    p.parameter("times").title("How often").fallback(100);
    p.step("count", "Ask what the run knows, of which nothing is recorded", count);
    p.step("draw", "Ask for something that is recorded", draw);
}

fn count(ctx: &Ctx) -> Result<u32> {
    let times: u32 = ctx.parameter("times")?;
    Ok((0..times).map(|_| ctx.attempt()).sum())
}

fn draw(ctx: &Ctx) -> Result<String> {
    let mut last = String::new();
    for _ in 0..ctx.parameter("times")? {
        last = random::uuid();
    }
    Ok(last)
}
