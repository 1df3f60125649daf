//! What `{{name}}` does, step by step. Each step is a function beside its undo.

use lockstep::prelude::*;

/// Where the greeting goes. The grant file `env.toml` says which folder of this machine that is.
const GREETING: &str = "/out/greeting.txt";

lockstep::procedure!(procedure);

fn procedure(p: &mut Procedure) {
    p.describe("{{name}}", env!("CARGO_PKG_VERSION")).title("Leave a greeting and see that it is there");
    p.parameter("who").title("Whom to greet").fallback("world");

    p.phase("Pre-flight");
    p.step("look", "No greeting lies there yet, or one of ours", look);
    p.phase("Greet");
    p.step("greet", "Write the greeting", greet).undo(ungreet);
    p.step("verify", "The greeting can be read", verify).retry(3, secs(1));
}

fn look(_: &Ctx) -> Result<()> {
    if files::exists(GREETING)? {
        let found = files::read_text(GREETING)?;
        ensure!(found.starts_with("hello"), "{GREETING} holds something else: {found}");
    }
    Ok(())
}

fn greet(ctx: &Ctx) -> Result<String> {
    let greeting = format!("hello, {}", ctx.parameter::<String>("who")?);
    files::write_text(GREETING, &greeting)?;
    info!("wrote {GREETING}");
    Ok(greeting)
}

fn ungreet(_: &Ctx) -> Result<()> {
    files::remove(GREETING)
}

fn verify(ctx: &Ctx) -> Result<()> {
    let expected: String = ctx.output("greet")?;
    let found = files::read_text(GREETING)?;
    ensure!(found == expected, "expected `{expected}`, found `{found}`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use lockstep::testing::{Undo, plan};

    #[test]
    fn what_greets_can_be_undone() {
        let plan = plan(super::procedure, []).unwrap();
        let greet = plan.iter().find(|step| step.id == "greet").unwrap();
        assert_eq!(greet.undo, Undo::Declared);
    }
}
