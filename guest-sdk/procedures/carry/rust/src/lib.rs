//! A dump of any size is kept once, goes through a program, and is placed again; whoever needs it later, an undo too, asks for it by its id.

use lockstep::prelude::*;

lockstep::procedure!(carry);

fn carry(p: &mut Procedure) {
    p.describe("carry", "0.1.0").title("Keep a dump, pass it through a program, and place the result");
    p.parameter("filter").title("The program that the dump goes through");
    p.parameter("serve").title("A program that says whether the result serves");
    p.parameter("mirror").title("Where the result is sent and taken back from; without it, nowhere").fallback("");
    let mirrored = p.value::<String>("mirror").is_some_and(|mirror| !mirror.is_empty());
    p.step("keep", "The dump is kept", keep);
    p.step("pass", "The dump has gone through the filter", pass);
    if mirrored {
        p.step("send", "The mirror has the result", send);
        p.step("fetch", "The mirror gives the result back as it is", fetch);
    }
    p.step("place", "The result is in its place", place).undo(put_back);
    p.step("check", "The result serves", check);
}

fn keep(_: &Ctx) -> Result<String> {
    Ok(files::keep("/in/dump", "dump")?.digest())
}

fn pass(ctx: &Ctx) -> Result<String> {
    let dump = artifact::by_id("dump")?;
    let exit = shell::command(ctx.parameter::<String>("filter")?).stdin_artifact(&dump).stdout_artifact("result").idempotent().run()?;
    Ok(exit.expect_success()?.stdout_artifact()?.digest())
}

fn send(ctx: &Ctx) -> Result<()> {
    let result = artifact::by_id("result")?;
    http::put(ctx.parameter::<String>("mirror")?).artifact(&result).timeout(minutes(5)).send()?.expect_success()?;
    Ok(())
}

fn fetch(ctx: &Ctx) -> Result<()> {
    let mirror = ctx.parameter::<String>("mirror")?;
    let copy = http::get(mirror).into_artifact("copy").timeout(minutes(5)).send()?.expect_success()?.artifact()?;
    copy.expect_digest(&artifact::by_id("result")?.digest())?;
    Ok(())
}

fn place(_: &Ctx) -> Result<()> {
    let result = artifact::by_id("result")?;
    files::place("/out/dump", &result)?;
    files::expect_digest("/out/dump", &result.digest())
}

/// What stood in the dump before is in the run, under the id that it was given then: no name is made up twice.
fn put_back(_: &Ctx) -> Result<()> {
    files::place("/out/dump", &artifact::by_id("dump")?)
}

fn check(ctx: &Ctx) -> Result<()> {
    shell::command(ctx.parameter::<String>("serve")?).idempotent().run()?.expect_success()?;
    Ok(())
}
