//! The smallest procedure: one parameter, one step, no grant.

use lockstep::prelude::*;

lockstep::procedure!(hello);

fn hello(p: &mut Procedure) {
    p.describe("hello", "0.1.0").title("Say hello");
    p.parameter("who").title("Whom to greet").fallback("world");
    p.step("greet", "Greet them", greet);
}

fn greet(ctx: &Ctx) -> Result<String> {
    let greeting = format!("hello, {}", ctx.parameter::<String>("who")?);
    info!("{greeting}");
    Ok(greeting)
}
