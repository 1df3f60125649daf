//! What must hold: before anything is touched, of the new version by itself, and of what clients see.

use lockstep::prelude::*;

use crate::site::{self, Slots};

/// The release, both slots and the artifacts fit into this several times.
const ROOM: u32 = 256;

/// A git command in the work tree.
pub fn git(ctx: &Ctx, args: &[&str]) -> Result<shell::Command> {
    Ok(shell::command("/usr/bin/git").args(["-C", &ctx.parameter::<String>("work-tree")?]).args(args))
}

/// The output is the commit: later steps tag that one, whatever happens to the branch meanwhile.
pub fn clean(ctx: &Ctx) -> Result<String> {
    git(ctx, &["status", "--porcelain"])?.run()?.expect_success()?.expect_no_output()?;
    let head = git(ctx, &["rev-parse", "HEAD"])?.run()?.expect_success()?;
    Ok(head.text()?.trim().to_owned())
}

pub fn untagged(ctx: &Ctx) -> Result<()> {
    let tag = format!("v{}", ctx.parameter::<String>("version")?);
    git(ctx, &["tag", "--list", &tag])?.run()?.expect_success()?.expect_no_output().context(format!("{tag} exists: this version was released before"))?;
    Ok(())
}

pub fn space(_: &Ctx) -> Result<()> {
    files::expect_disk_free("/site", mib(ROOM))
}

pub fn current(ctx: &Ctx) -> Result<Slots> {
    let live = site::live_slot()?;
    let idle = if live == "blue" { "green" } else { "blue" }.to_owned();
    let front: String = ctx.parameter("front")?;
    let health = http::get(format!("{front}/health")).send()?.expect_status(200)?.expect_json("/status", "ok")?;
    let live_version: String = health.json_path("/version")?;
    info!("{live} serves version {live_version}; {idle} is idle");
    Ok(Slots { live, live_version, idle })
}

pub fn healthy(ctx: &Ctx) -> Result<()> {
    let address = site::address(&Slots::of(ctx)?.idle)?;
    let version: String = ctx.parameter("version")?;
    within(secs(30)).every(millis(200)).until(|| {
        http::get(format!("{address}/health")).send()?.expect_status(200)?.expect_json("/status", "ok")?.expect_json("/version", &version)?;
        Ok(())
    })
}

/// The token never comes here: the host keeps it and puts it in where it is used.
pub fn login(ctx: &Ctx) -> Result<()> {
    let address = site::address(&Slots::of(ctx)?.idle)?;
    http::post(format!("{address}/login"))
        .json(json!({ "user": "smoke", "password": secret::by_id("APP_PASSWORD")? }))
        .capture("/token", "SESSION")
        .idempotent()
        .send()?
        .expect_status(200)?;
    http::get(format!("{address}/account")).bearer(&secret::by_id("SESSION")?).send()?.expect_status(200)?;
    http::get(format!("{address}/account")).send()?.expect_status(401)?;
    Ok(())
}

/// One look through the front: the new version, answering, and fast enough.
fn good(ctx: &Ctx) -> Result<()> {
    let (front, version): (String, String) = (ctx.parameter("front")?, ctx.parameter("version")?);
    let slowest = millis(ctx.parameter("slowest-milliseconds")?);
    http::get(format!("{front}/version")).send()?.expect_status(200)?.expect_json("/version", &version)?.expect_faster_than(slowest)?;
    Ok(())
}

pub fn verify(ctx: &Ctx) -> Result<()> {
    during(secs(2)).every(millis(200)).always(|| good(ctx))
}

/// Sleeps through the soak, and looks again at its end.
pub fn soak(ctx: &Ctx) -> Result<()> {
    clock::sleep(secs(ctx.parameter("soak-seconds")?))?;
    during(secs(1)).every(millis(200)).always(|| good(ctx))
}
